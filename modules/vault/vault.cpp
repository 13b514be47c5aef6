#include "vault/vault.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/file.hpp"
#include "vault/state.hpp"

namespace joinedup::vault {
namespace {

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
-- One row an identity tuple of a staged table: whom it was decided to be, by which step, since which generation.
CREATE TABLE IF NOT EXISTS identity(identity_key INTEGER PRIMARY KEY, person_key INTEGER NOT NULL, step INTEGER NOT NULL, generation INTEGER NOT NULL);
-- One row an event in the life of a key: merge (from lives on as to), split (to was made out of from).
CREATE TABLE IF NOT EXISTS person_history(generation INTEGER NOT NULL, kind TEXT NOT NULL, from_key INTEGER NOT NULL, to_key INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS generation(generation INTEGER PRIMARY KEY, people INTEGER NOT NULL, made_at TEXT NOT NULL);
INSERT OR IGNORE INTO meta VALUES ('format', 1), ('generation', 0), ('next_person_key', 1);
)";

// Format 2: identities for care, clerks' decisions, what a record was before, and who looked at identifiable pairs.
constexpr const char* to_format_2 = R"(
BEGIN IMMEDIATE;
ALTER TABLE identity ADD COLUMN care_key INTEGER NOT NULL DEFAULT 0;
ALTER TABLE identity ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE person_history ADD COLUMN of TEXT NOT NULL DEFAULT 'person';
CREATE INDEX identity_by_care ON identity(care_key);
-- One row an identity whose person changed, a generation.
CREATE TABLE identity_change(generation INTEGER NOT NULL, identity_key INTEGER NOT NULL, from_person_key INTEGER NOT NULL, to_person_key INTEGER NOT NULL, step INTEGER NOT NULL);
-- One row a decision of a clerk; the latest of a pair holds, none is ever changed or removed.
CREATE TABLE decision(decision_id INTEGER PRIMARY KEY AUTOINCREMENT, pair_id TEXT NOT NULL, identity_a INTEGER NOT NULL, identity_b INTEGER NOT NULL,
  fingerprint_a INTEGER NOT NULL, fingerprint_b INTEGER NOT NULL, verdict TEXT NOT NULL, who TEXT NOT NULL, decided_at TEXT NOT NULL, recorded_at TEXT NOT NULL,
  origin TEXT NOT NULL, reason TEXT NOT NULL);
-- One row a staged row that was taken off its person.
CREATE TABLE row_fork(identity_key INTEGER PRIMARY KEY, staged_table TEXT NOT NULL, row_id TEXT NOT NULL, who TEXT NOT NULL, made_at TEXT NOT NULL, reason TEXT NOT NULL,
  undone_at TEXT NOT NULL DEFAULT '');
-- The pairs offered for review by the last generation.
CREATE TABLE review_pair(pair_id TEXT PRIMARY KEY, identity_a INTEGER NOT NULL, identity_b INTEGER NOT NULL, fingerprint_a INTEGER NOT NULL, fingerprint_b INTEGER NOT NULL,
  weight REAL NOT NULL, probability REAL NOT NULL, reach INTEGER NOT NULL, reason TEXT NOT NULL, place INTEGER NOT NULL, generation INTEGER NOT NULL);
-- One row an act on identifiable records.
CREATE TABLE access_log(at TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, count INTEGER NOT NULL);
CREATE VIEW person_key_history AS
  SELECT from_key AS person_key, generation, to_key AS merged_into, NULL AS split_from FROM person_history WHERE kind = 'merge' AND of = 'person'
  UNION ALL SELECT to_key, generation, NULL, from_key FROM person_history WHERE kind = 'split' AND of = 'person';
UPDATE meta SET value = 2 WHERE name = 'format';
COMMIT;
)";

std::int64_t meta(sqlite3* handle, const std::string& name) {
  Statement read(handle, "SELECT value FROM meta WHERE name = ?");
  read.bind(1, name);
  return read.row() ? read.integer(0) : -1;
}

}  // namespace

// The place's keys live in vault/keys, 0600, made once from the system's randomness. A synthetic place derives them from
// its name instead, so that two demo places with the same data publish the same sums; its people do not exist.
Result<std::string> secret_key(const place::Place& place, const std::string& name, MissingKey missing) {
  const std::string folder = place.path("vault/keys"), file = folder + "/" + name + ".key";
  JOINEDUP_CHECK(make_folder(place.path("vault"), FileMode::secret));
  JOINEDUP_CHECK(make_folder(folder, FileMode::secret));
  if (std::filesystem::exists(file)) {
    JOINEDUP_TRY(auto key, read_file(file));
    if (key.size() < 32) return fail(ErrorCode::invalid_input, "This key is shorter than 32 bytes; restore the vault's keys from the backup.", file);
    return key;
  }
  if (missing == MissingKey::is_refused && place.people != place::People::synthetic)
    return fail(ErrorCode::not_found, "The key of the pseudonyms is gone though people are named by it: restore it from the backup of keys. To give everybody a new pseudonym on purpose, put 32 random bytes there; docs/security/key-handling.md says how.", file);
  std::string key(32, '\0');
  if (place.people == place::People::synthetic) {
    const auto digest = hmac_sha256("joinedup synthetic place", place.name + "/" + name);
    key.assign(digest.begin(), digest.end());
  } else {
    const int source = ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    const auto got = source >= 0 ? ::read(source, key.data(), key.size()) : -1;
    if (source >= 0) ::close(source);
    if (got != static_cast<ssize_t>(key.size())) return fail(ErrorCode::unavailable, "The system gave no randomness for a new key.", file);
  }
  JOINEDUP_CHECK(write_file(file, key, FileMode::secret));
  return key;
}

Result<PlaceLock> PlaceLock::take(const place::Place& place, std::chrono::milliseconds patience, const std::string& busy) {
  JOINEDUP_CHECK(make_folder(place.path("vault"), FileMode::secret));
  const std::string path = place.path("vault/refresh.lock");
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return tl::unexpected(system_error("The place cannot be locked", path));
  const auto until = std::chrono::steady_clock::now() + patience;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= until) {
      ::close(file);
      return fail(ErrorCode::conflict, busy, path);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return PlaceLock(file);
}

PlaceLock::~PlaceLock() {
  if (file_ >= 0) ::close(file_);
}

Vault::Vault(std::unique_ptr<State> state) : state_(std::move(state)) {}
Vault::Vault(Vault&&) noexcept = default;
Vault& Vault::operator=(Vault&&) noexcept = default;
Vault::~Vault() = default;

std::uint64_t Vault::generation() const { return state_->generation; }

std::uint32_t Vault::State::record_of(std::int64_t identity_key) const {
  const auto at = std::lower_bound(records.begin(), records.end(), identity_key,
                                   [](const IdentityRecord& record, std::int64_t key) { return record.identity_key < key; });
  return at != records.end() && at->identity_key == identity_key ? static_cast<std::uint32_t>(at - records.begin()) : UINT32_MAX;
}

Result<Vault> Vault::open(const place::Place& place) {
  auto state = std::make_unique<State>();
  state->place = place;
  const std::string file = place.path("vault/identity.sqlite");
  JOINEDUP_CHECK(make_folder(place.path("vault"), FileMode::secret));
  JOINEDUP_TRY(auto database, SqliteDatabase::open(file, vault_file, SqliteDatabase::Durability::every_commit));
  state->database.emplace(std::move(database));
  state->handle = state->database->handle();
  JOINEDUP_CHECK(execute(state->handle, schema, "be set up"));
  if (meta(state->handle, "format") == 1) JOINEDUP_CHECK(execute(state->handle, to_format_2, "be brought to format 2"));
  if (meta(state->handle, "format") != 2)
    return fail(ErrorCode::invalid_input, "The identity vault is of another format; `joinedup upgrade` brings it up.", file);
  state->generation = static_cast<std::uint64_t>(meta(state->handle, "generation"));
  state->next_person_key = meta(state->handle, "next_person_key");
  std::error_code ignored;
  const bool named = state->generation > 0 || std::filesystem::exists(place.path("warehouse/current"), ignored);
  JOINEDUP_TRY(state->pseudonym_key, secret_key(place, "pseudonym", named ? MissingKey::is_refused : MissingKey::is_made));
  return Vault(std::move(state));
}

// Writes the decisions into an open transaction; runs beside the building of the record, which takes both cores now and then only.
Result<void> Vault::State::write_decisions() {
  auto& state = *this;
  JOINEDUP_CHECK(execute(state.handle, "BEGIN IMMEDIATE", "begin"));
  {
    const auto this_generation = static_cast<std::int64_t>(state.generation + 1);
    Statement put(state.handle, "INSERT INTO identity(identity_key, person_key, step, generation, care_key, class) VALUES (?, ?, ?, ?, ?, ?) "
                                "ON CONFLICT(identity_key) DO UPDATE SET person_key = excluded.person_key, step = excluded.step, "
                                "generation = excluded.generation, care_key = excluded.care_key, class = excluded.class");
    Statement change(state.handle, "INSERT INTO identity_change VALUES (?, ?, ?, ?, ?)");
    for (const auto i : state.changed) {
      const auto person = state.person_key[state.linked.person[i]];
      put.bind(1, state.records[i].identity_key);
      put.bind(2, person);
      put.bind(3, static_cast<std::int64_t>(state.linked.step[i]));
      put.bind(4, this_generation);
      put.bind(5, state.care_key[i]);
      put.bind(6, std::string(link_class_name(link_class(state.linked.step[i]))));
      JOINEDUP_CHECK(put.run("keep a decision"));
      if (state.previous_person[i] == 0 || state.previous_person[i] == person) continue;
      change.bind(1, this_generation);
      change.bind(2, state.records[i].identity_key);
      change.bind(3, state.previous_person[i]);
      change.bind(4, person);
      change.bind(5, static_cast<std::int64_t>(state.linked.step[i]));
      JOINEDUP_CHECK(change.run("keep a change"));
    }
    Statement event(state.handle, "INSERT INTO person_history(generation, kind, from_key, to_key, of) VALUES (?, ?, ?, ?, ?)");
    const auto keep = [&](const char* of, const char* kind, const auto& events) -> Result<void> {
      for (const auto& [from, to] : events) {
        event.bind(1, this_generation);
        event.bind(2, std::string(kind));
        event.bind(3, from);
        event.bind(4, to);
        event.bind(5, std::string(of));
        JOINEDUP_CHECK(event.run("keep an event"));
      }
      return {};
    };
    JOINEDUP_CHECK(keep("person", "merge", state.merges));
    JOINEDUP_CHECK(keep("person", "split", state.splits));
    JOINEDUP_CHECK(keep("care", "merge", state.care_merges));
    JOINEDUP_CHECK(keep("care", "split", state.care_splits));
    JOINEDUP_CHECK(write_review());
    Statement made(state.handle, "INSERT INTO generation VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))");
    made.bind(1, static_cast<std::int64_t>(state.generation + 1));
    made.bind(2, static_cast<std::int64_t>(state.linked.people));
    JOINEDUP_CHECK(made.run("keep the generation"));
    Statement set(state.handle, "UPDATE meta SET value = ? WHERE name = ?");
    set.bind(1, static_cast<std::int64_t>(state.generation + 1));
    set.bind(2, std::string("generation"));
    JOINEDUP_CHECK(set.run("keep the generation"));
    set.bind(1, state.next_person_key);
    set.bind(2, std::string("next_person_key"));
    JOINEDUP_CHECK(set.run("keep the next key"));
  }
  return {};
}

void Vault::begin_commit() {
  auto* state = state_.get();
  state->writer = std::thread([state] { state->written = state->write_decisions(); });
}

Result<void> Vault::commit() {
  auto& state = *state_;
  if (!state.writer.joinable()) begin_commit();
  state.writer.join();
  JOINEDUP_CHECK(state.written);
  JOINEDUP_CHECK(execute(state.handle, "COMMIT", "commit"));
  ++state.generation;
  return {};
}

}  // namespace joinedup::vault
