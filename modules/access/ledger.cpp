#include "access/ledger.hpp"

#include <sys/stat.h>

#include "base/sqlite.hpp"

namespace joinedup::access {

namespace {

constexpr SqliteFile file{"The register of emergency access", "access.sqlite", "another program is writing it; try again"};
constexpr int format = 1;

constexpr const char* tables =
    "CREATE TABLE IF NOT EXISTS emergency(id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, practitioner TEXT NOT NULL, organisation TEXT NOT NULL, patient TEXT NOT NULL, "
    "reason TEXT NOT NULL, begins INTEGER NOT NULL, ends INTEGER NOT NULL, review_due INTEGER NOT NULL, reviewed INTEGER NOT NULL DEFAULT 0, reviewer TEXT NOT NULL DEFAULT '', "
    "outcome TEXT NOT NULL DEFAULT '', withheld INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE IF NOT EXISTS withheld(id INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT NOT NULL, patient TEXT NOT NULL, type TEXT NOT NULL, from_whom INTEGER NOT NULL, "
    "related_person TEXT NOT NULL, by_user TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, review_due INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0) STRICT;";

// Came later. A program from before them names its columns, so it reads and writes the file as ever: the format's number stays.
constexpr std::pair<const char*, const char*> later_columns[] = {{"emergency", "reviewer_practitioner"}, {"emergency", "comment"}, {"withheld", "practitioner"}};

bool has_column(sqlite3* handle, const char* table, const char* column) {
  SqliteStatement asked(handle, "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2", file);
  asked.bind(1, std::string(table)), asked.bind(2, std::string(column));
  return asked.row();
}
// Another process may add the same one in the same moment: then it is there.
bool has_later_columns(sqlite3* handle) {
  for (const auto& [table, column] : later_columns) {
    if (has_column(handle, table, column)) continue;
    const auto statement = std::string("ALTER TABLE ") + table + " ADD COLUMN " + column + " TEXT NOT NULL DEFAULT ''";
    if (sqlite3_exec(handle, statement.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK && !has_column(handle, table, column)) return false;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& path) {
  const mode_t before = ::umask(0077);
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::unique_ptr<Ledger> ledger(new Ledger(handle));
  sqlite3_busy_timeout(handle, 5000);
  const bool good = opened == SQLITE_OK && sqlite3_exec(handle, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", nullptr, nullptr, nullptr) == SQLITE_OK;
  ::umask(before);
  if (!good) return tl::unexpected<Error>(sqlite_error(handle, file, "be opened"));
  ::chmod(path.c_str(), 0600);
  SqliteStatement asked(handle, "PRAGMA user_version", file);
  const auto found = asked.row() ? asked.integer(0) : 0;
  if (found > format) return fail(ErrorCode::unsupported, "The register of emergency access was written by a newer version of this program.", path);
  if (sqlite3_exec(handle, (std::string(tables) + "PRAGMA user_version = " + std::to_string(format)).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK || !has_later_columns(handle))
    return tl::unexpected<Error>(sqlite_error(handle, file, "be set up"));
  ledger->changed();
  return ledger;
}

Ledger::~Ledger() { sqlite3_close_v2(handle_); }

bool Ledger::changed() {
  const std::lock_guard lock(mutex_);
  SqliteStatement asked(handle_, "PRAGMA data_version", file);
  const auto now = asked.row() ? asked.integer(0) : version_;
  const bool other = now != version_;
  version_ = now;
  return other;
}

Result<std::int64_t> Ledger::begin_emergency(const Emergency& e) {
  const std::lock_guard lock(mutex_);
  SqliteStatement insert(handle_, "INSERT INTO emergency(user, practitioner, organisation, patient, reason, begins, ends, review_due, withheld) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", file);
  insert.bind(1, e.user), insert.bind(2, e.practitioner), insert.bind(3, e.organisation), insert.bind(4, e.patient), insert.bind(5, e.reason);
  insert.bind(6, e.from), insert.bind(7, e.until), insert.bind(8, e.review_due), insert.bind(9, std::int64_t{e.shown == Emergency::Shown::withheld});
  JOINEDUP_CHECK(insert.run("keep an emergency"));
  return sqlite3_last_insert_rowid(handle_);
}

Result<std::vector<Emergency>> Ledger::emergencies() {
  const std::lock_guard lock(mutex_);
  std::vector<Emergency> all;
  SqliteStatement asked(handle_, "SELECT id, user, practitioner, organisation, patient, reason, begins, ends, review_due, reviewed, reviewer, outcome, withheld, reviewer_practitioner, comment FROM emergency ORDER BY id DESC", file);
  while (asked.row()) {
    Emergency e;
    e.id = asked.integer(0), e.user = asked.text(1), e.practitioner = asked.text(2), e.organisation = asked.text(3), e.patient = asked.text(4), e.reason = asked.text(5);
    e.from = asked.integer(6), e.until = asked.integer(7), e.review_due = asked.integer(8), e.reviewed = asked.integer(9), e.reviewer = asked.text(10), e.outcome = asked.text(11);
    e.shown = asked.integer(12) != 0 ? Emergency::Shown::withheld : Emergency::Shown::to_the_person;
    e.reviewer_practitioner = asked.text(13), e.comment = asked.text(14);
    all.push_back(std::move(e));
  }
  if (asked.failed()) return tl::unexpected<Error>(sqlite_error(handle_, file, "be read"));
  return all;
}

Result<void> Ledger::review(std::int64_t id, const Review& review, std::int64_t at) {
  const std::lock_guard lock(mutex_);
  SqliteStatement update(handle_, "UPDATE emergency SET reviewed = ?1, reviewer = ?2, outcome = ?3, reviewer_practitioner = ?5, comment = ?6 WHERE id = ?4 AND reviewed = 0 AND user <> ?2", file);
  update.bind(1, at), update.bind(2, review.reviewer), update.bind(3, review.outcome), update.bind(4, id), update.bind(5, review.practitioner), update.bind(6, review.comment);
  JOINEDUP_CHECK(update.run("keep a review"));
  if (sqlite3_changes(handle_) == 0) return fail(ErrorCode::not_found, "There is no emergency of this number that waits for your review.");
  return {};
}

Result<void> Ledger::end_emergency(std::int64_t id, std::int64_t at) {
  const std::lock_guard lock(mutex_);
  SqliteStatement update(handle_, "UPDATE emergency SET ends = min(ends, ?1) WHERE id = ?2", file);
  update.bind(1, at - 1), update.bind(2, id);  // over by now
  return update.run("end an emergency");
}

Result<std::int64_t> Ledger::withhold(const Withheld& w) {
  const std::lock_guard lock(mutex_);
  SqliteStatement insert(handle_, "INSERT INTO withheld(resource, patient, type, from_whom, related_person, by_user, reason, at, review_due, practitioner) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", file);
  insert.bind(1, w.resource), insert.bind(2, w.patient), insert.bind(3, w.type), insert.bind(4, static_cast<std::int64_t>(w.from)), insert.bind(5, w.related_person);
  insert.bind(6, w.by), insert.bind(7, w.reason), insert.bind(8, w.at), insert.bind(9, w.review_due), insert.bind(10, w.practitioner);
  JOINEDUP_CHECK(insert.run("keep what is withheld"));
  return sqlite3_last_insert_rowid(handle_);
}

Result<std::vector<Withheld>> Ledger::withheld() {
  const std::lock_guard lock(mutex_);
  std::vector<Withheld> all;
  SqliteStatement asked(handle_, "SELECT id, resource, patient, type, from_whom, related_person, by_user, reason, at, review_due, ended, practitioner FROM withheld ORDER BY id", file);
  while (asked.row()) {
    Withheld w;
    w.id = asked.integer(0), w.resource = asked.text(1), w.patient = asked.text(2), w.type = asked.text(3), w.from = static_cast<Withheld::From>(asked.integer(4));
    w.related_person = asked.text(5), w.by = asked.text(6), w.reason = asked.text(7), w.at = asked.integer(8), w.review_due = asked.integer(9), w.ended = asked.integer(10), w.practitioner = asked.text(11);
    all.push_back(std::move(w));
  }
  if (asked.failed()) return tl::unexpected<Error>(sqlite_error(handle_, file, "be read"));
  return all;
}

Result<void> Ledger::show_again(std::int64_t id, std::int64_t at) {
  const std::lock_guard lock(mutex_);
  SqliteStatement update(handle_, "UPDATE withheld SET ended = ?1 WHERE id = ?2 AND ended = 0", file);
  update.bind(1, at), update.bind(2, id);
  JOINEDUP_CHECK(update.run("show an entry again"));
  if (sqlite3_changes(handle_) == 0) return fail(ErrorCode::not_found, "Nothing of this number is withheld.");
  return {};
}

}  // namespace joinedup::access
