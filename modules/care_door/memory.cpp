#include "care_door/memory.hpp"

#include "base/file.hpp"
#include "care_door/sqlite.hpp"

namespace joinedup::care_door {
namespace {

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('format', 1), ('generation', 0), ('done', ''), ('summary', '');
-- One row a resource that the care door wrote and that stands.
CREATE TABLE IF NOT EXISTS written(id TEXT PRIMARY KEY, type TEXT NOT NULL, feed TEXT NOT NULL, patient TEXT NOT NULL, print INTEGER NOT NULL) WITHOUT ROWID;
-- One row a Patient ever written: whose it is, or which other it was replaced by.
CREATE TABLE IF NOT EXISTS patient(id TEXT PRIMARY KEY, care_key INTEGER NOT NULL, replaced_by TEXT NOT NULL) WITHOUT ROWID;
-- One row a registration: the Patient it was first shown in, so that a merge can be undone.
CREATE TABLE IF NOT EXISTS home(person_ref INTEGER PRIMARY KEY, patient TEXT NOT NULL);
-- Who was opened by whom, and why; never changed.
CREATE TABLE IF NOT EXISTS opened(number INTEGER PRIMARY KEY, patient TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, at TEXT NOT NULL);
)";

}  // namespace

struct Memory::State {
  SqliteDatabase database;
  sqlite3* handle = database.handle();
  std::int64_t generation = 0;
  std::string done, summary;
  std::unordered_map<std::string, WrittenResource> written;
  std::map<std::string, PatientEntry> patients;
  std::unordered_map<std::int64_t, std::string> homes;
  Result<void> execute(const char* sql, const std::string& doing) const { return database.execute(sql, doing); }
  Result<void> set(const char* name, const auto& value) const {
    Statement put(handle, "UPDATE meta SET value = ? WHERE name = ?");
    return put.bind(1, value).bind(2, name).run("be written");
  }
  Result<void> load(const std::string& patient);
};

Result<void> Memory::State::load(const std::string& patient) {
  Statement meta(handle, "SELECT name, value FROM meta");
  std::int64_t format = 0;
  while (meta.row()) {
    if (meta.text(0) == "format") format = meta.integer(1);
    if (meta.text(0) == "generation") generation = meta.integer(1);
    if (meta.text(0) == "done") done = meta.text(1);
    if (meta.text(0) == "summary") summary = meta.text(1);
  }
  if (format != 1) return fail(ErrorCode::invalid_input, "The care door's memory is of another format; `joinedup upgrade` brings it up.", "vault/care_door.sqlite");
  const bool everybody = patient.empty();
  Statement all(handle, everybody ? "SELECT id, type, feed, patient, print FROM written" : "SELECT id, type, feed, patient, print FROM written WHERE id = ?1 OR patient = ?1 OR id = (SELECT replaced_by FROM patient WHERE id = ?1) "
                                                                                           "OR patient = (SELECT replaced_by FROM patient WHERE id = ?1 AND replaced_by <> '')");
  if (!everybody) all.bind(1, patient);
  while (all.row()) written.emplace(all.text(0), WrittenResource{all.text(1), all.text(2), all.text(3), all.integer(4)});
  Statement people(handle, everybody ? "SELECT id, care_key, replaced_by FROM patient" : "SELECT id, care_key, replaced_by FROM patient WHERE id = ?1 OR id = (SELECT replaced_by FROM patient WHERE id = ?1)");
  if (!everybody) people.bind(1, patient);
  while (people.row()) patients.emplace(people.text(0), PatientEntry{people.integer(1), people.text(2)});
  Statement home(handle, everybody ? "SELECT person_ref, patient FROM home" : "SELECT person_ref, patient FROM home WHERE false");
  while (home.row()) homes.emplace(home.integer(0), home.text(1));
  if (all.failed() || people.failed() || home.failed()) return tl::unexpected(sqlite_error(handle, "be read"));
  return {};
}

Memory::Memory(std::unique_ptr<State> state) : state_(std::move(state)) {}
Memory::Memory(Memory&&) noexcept = default;
Memory& Memory::operator=(Memory&&) noexcept = default;
Memory::~Memory() = default;

Result<Memory> Memory::open(const place::Place& place, const std::string& patient) {
  JOINEDUP_CHECK(make_folder(place.path("vault"), FileMode::secret));
  // Should power fail, the last batches may be unknown here though the record has them: they are then compared with it.
  JOINEDUP_TRY(auto database, SqliteDatabase::open(place.path("vault/care_door.sqlite"), memory_file, SqliteDatabase::Durability::last_may_be_lost));
  auto state = std::make_unique<State>(std::move(database));
  JOINEDUP_CHECK(state->execute(schema, "be set up"));
  JOINEDUP_CHECK(state->load(patient));
  return Memory(std::move(state));
}

std::int64_t Memory::generation() const { return state_->generation; }
std::string Memory::done() const { return state_->done; }
std::unordered_map<std::string, WrittenResource>& Memory::written() { return state_->written; }
std::map<std::string, PatientEntry>& Memory::patients() { return state_->patients; }
std::unordered_map<std::int64_t, std::string>& Memory::homes() { return state_->homes; }

Result<std::int64_t> Memory::begin_generation() {
  JOINEDUP_CHECK(state_->set("done", std::string()));
  JOINEDUP_CHECK(state_->set("generation", state_->generation + 1));
  return ++state_->generation;
}

std::string Memory::summary() const { return state_->summary; }

Result<void> Memory::set_done(const std::string& print, const std::string& summary) {
  JOINEDUP_CHECK(state_->set("summary", summary));
  JOINEDUP_CHECK(state_->set("done", print));
  state_->done = print;
  return {};
}

Result<void> Memory::keep(const std::vector<std::pair<std::string, WrittenResource>>& batch, const std::vector<std::string>& removed) {
  JOINEDUP_CHECK(state_->execute("BEGIN IMMEDIATE", "be written"));
  Statement put(state_->handle, "INSERT INTO written VALUES (?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET type = excluded.type, feed = excluded.feed, "
                                "patient = excluded.patient, print = excluded.print");
  for (const auto& [id, one] : batch)
    JOINEDUP_CHECK(put.bind(1, id).bind(2, one.type).bind(3, one.feed).bind(4, one.patient).bind(5, one.print).run("be written"));
  Statement remove(state_->handle, "DELETE FROM written WHERE id = ?");
  for (const auto& id : removed) JOINEDUP_CHECK(remove.bind(1, id).run("be written"));
  JOINEDUP_CHECK(state_->execute("COMMIT", "be written"));
  for (const auto& [id, one] : batch) state_->written[id] = one;
  for (const auto& id : removed) state_->written.erase(id);
  return {};
}

Result<void> Memory::keep_people(const std::map<std::string, PatientEntry>& patients, const std::vector<std::pair<std::int64_t, std::string>>& homes) {
  if (patients.empty() && homes.empty()) return {};
  JOINEDUP_CHECK(state_->execute("BEGIN IMMEDIATE", "be written"));
  Statement put(state_->handle, "INSERT INTO patient VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET care_key = excluded.care_key, replaced_by = excluded.replaced_by");
  for (const auto& [id, entry] : patients) JOINEDUP_CHECK(put.bind(1, id).bind(2, entry.care_key).bind(3, entry.replaced_by).run("be written"));
  Statement home(state_->handle, "INSERT INTO home VALUES (?, ?) ON CONFLICT(person_ref) DO UPDATE SET patient = excluded.patient");
  for (const auto& [person_ref, patient] : homes) JOINEDUP_CHECK(home.bind(1, person_ref).bind(2, patient).run("be written"));
  JOINEDUP_CHECK(state_->execute("COMMIT", "be written"));
  for (const auto& [id, entry] : patients) state_->patients[id] = entry;
  for (const auto& [person_ref, patient] : homes) state_->homes[person_ref] = patient;
  return {};
}

Result<std::vector<OpenedPerson>> Memory::opened() const {
  std::vector<OpenedPerson> all;
  Statement rows(state_->handle, "SELECT patient, who, why, at FROM opened ORDER BY number");
  while (rows.row()) all.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3)});
  if (rows.failed()) return tl::unexpected(sqlite_error(state_->handle, "be read"));
  return all;
}

Result<void> Memory::open_for(const OpenedPerson& person) {
  Statement put(state_->handle, "INSERT INTO opened(patient, who, why, at) VALUES (?, ?, ?, ?)");
  return put.bind(1, person.patient).bind(2, person.who).bind(3, person.why).bind(4, person.at).run("be written");
}

}  // namespace joinedup::care_door
