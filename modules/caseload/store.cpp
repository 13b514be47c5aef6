#include "caseload/store.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "caseload/sqlite.hpp"

namespace joinedup::caseload {
namespace {

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('format', 1);
CREATE TABLE IF NOT EXISTS release(number INTEGER PRIMARY KEY, list TEXT NOT NULL, team TEXT NOT NULL, run TEXT NOT NULL, index_date TEXT NOT NULL,
  risk_model TEXT NOT NULL, released_by TEXT NOT NULL, role TEXT NOT NULL, account TEXT NOT NULL, released_at TEXT NOT NULL, list_was_named INTEGER NOT NULL,
  seed INTEGER, approved_by TEXT NOT NULL, fairness TEXT NOT NULL, found INTEGER NOT NULL, waiting INTEGER NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS release_list ON release(team, list);
CREATE TABLE IF NOT EXISTS list_member(list TEXT NOT NULL, person_key INTEGER NOT NULL, team TEXT NOT NULL, practice TEXT NOT NULL, state TEXT NOT NULL, rank INTEGER,
  risk REAL, impactability INTEGER, care_gaps INTEGER, PRIMARY KEY(list, person_key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS member_person ON list_member(person_key);
CREATE TABLE IF NOT EXISTS list_reason(list TEXT NOT NULL, person_key INTEGER NOT NULL, number INTEGER NOT NULL, dimension TEXT NOT NULL, rule TEXT NOT NULL, text TEXT NOT NULL,
  source TEXT NOT NULL, date TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY(list, person_key, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS case_allocation(list TEXT NOT NULL, person_key INTEGER NOT NULL, team TEXT NOT NULL, stratum TEXT NOT NULL, arm TEXT NOT NULL, probability REAL NOT NULL,
  seed INTEGER NOT NULL, approved_by TEXT NOT NULL, allocated_at TEXT NOT NULL, PRIMARY KEY(list, person_key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outcome(number INTEGER PRIMARY KEY, person_key INTEGER NOT NULL, team TEXT NOT NULL, list TEXT NOT NULL, what TEXT NOT NULL, reason TEXT NOT NULL,
  recorded_by TEXT NOT NULL, account TEXT NOT NULL, happened_on TEXT NOT NULL, recorded_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS outcome_person ON outcome(person_key);
CREATE TABLE IF NOT EXISTS reidentification(number INTEGER PRIMARY KEY, person_key INTEGER NOT NULL, team TEXT NOT NULL, role TEXT NOT NULL, done_by TEXT NOT NULL, account TEXT NOT NULL,
  reason TEXT NOT NULL, done_at TEXT NOT NULL, hash TEXT NOT NULL);
)";

// What was written stays as it was.
std::string seals() {
  std::string sql;
  for (const std::string table : {"release", "list_member", "list_reason", "case_allocation", "outcome", "reidentification"})
    for (const std::string act : {"UPDATE", "DELETE"})
      sql += "CREATE TRIGGER IF NOT EXISTS " + table + "_no_" + lower_ascii(act) + " BEFORE " + act + " ON " + table +
             " BEGIN SELECT RAISE(ABORT, 'what was recorded is never changed'); END;";
  return sql;
}

std::string account() {
  const auto* entry = ::getpwuid(::getuid());
  return entry ? entry->pw_name : std::to_string(::getuid());
}

std::string link_of_chain(const std::string& before, std::int64_t person, const Reidentified& what, const std::string& who, const std::string& at) {
  Sha256 sum;
  for (const auto& part : {before, std::to_string(person), what.team, what.role, what.by, who, what.reason, at}) sum.update(std::to_string(part.size()) + ":" + part + ";");
  return sum.finish_hex();
}

Result<Current> read_current(sqlite3* handle) {
  Current current;
  Statement released(handle, "SELECT m.person_key, m.team, substr(r.released_at, 1, 10), m.list FROM list_member m JOIN release r ON r.list = m.list AND r.team = m.team "
                             "WHERE m.state = 'found' ORDER BY r.number");
  while (released.row()) current[released.integer(0)] = {released.text(1), "offered", released.text(2), released.text(3), {}};
  Statement outcome(handle, "SELECT person_key, team, what, happened_on, reason FROM outcome ORDER BY number");
  while (outcome.row()) {
    auto& standing = current[outcome.integer(0)];
    standing.team = outcome.text(1);
    standing.state = outcome.text(2);
    standing.since = outcome.text(3);
    standing.reason = outcome.text(4);
  }
  return current;
}

}  // namespace

struct Store::State {
  SqliteDatabase database;
  sqlite3* handle = database.handle();
  Result<void> execute(const char* sql, const std::string& doing) { return database.execute(sql, doing); }
};

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

const std::vector<std::string>& outcomes() {
  static const std::vector<std::string> all = {"accepted", "declined", "active", "on_hold", "finished", "moved_away", "died"};
  return all;
}

Result<Store> Store::open(const place::Place& place) {
  const std::string file = place.path("caseload.sqlite");
  JOINEDUP_TRY(auto database, SqliteDatabase::open(file, caseload_file, SqliteDatabase::Durability::every_commit));
  auto state = std::make_unique<State>(std::move(database));
  JOINEDUP_CHECK(state->execute(schema, "be set up"));
  JOINEDUP_CHECK(state->execute(seals().c_str(), "be set up"));
  {
    Statement format(state->handle, "SELECT value FROM meta WHERE name = 'format'");
    if (!format.row() || format.integer(0) != 1)
      return fail(ErrorCode::invalid_input, "The caseload is of another format; `joinedup upgrade` brings it up.", file);
  }
  return Store(std::move(state));
}

Result<Current> Store::current_of(const place::Place& place) {
  if (!std::filesystem::exists(place.path("caseload.sqlite"))) return Current{};
  JOINEDUP_TRY(auto store, open(place));
  return store.current();
}

Result<Current> Store::current() const { return read_current(state_->handle); }

Result<Release> Store::release(Release release, const std::vector<Case>& cases, const std::vector<Allocation>& allocation) {
  auto& state = *state_;
  release.at = instant_now();
  release.account = account();
  JOINEDUP_CHECK(state.execute("BEGIN IMMEDIATE", "begin a release"));
  const auto write = [&]() -> Result<void> {
    {
      Statement known(state.handle, "SELECT released_at, released_by FROM release WHERE team = ? AND list = ?");
      known.bind(1, release.team);
      known.bind(2, release.list);
      if (known.row())
        return fail(ErrorCode::conflict, "This list was released already, on " + known.text(0) + " by " + known.text(1) + "; it stays as it was.");
    }
    Statement put(state.handle, "INSERT INTO release(list, team, run, index_date, risk_model, released_by, role, account, released_at, list_was_named, seed, approved_by, fairness, found, waiting) "
                                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    int at = 0;
    for (const auto& text : {release.list, release.team, release.run, release.index_date, release.risk_model, release.by, release.role, release.account, release.at}) put.bind(++at, text);
    put.bind(10, static_cast<std::int64_t>(release.list_was_named));
    if (release.seed) put.bind(11, static_cast<std::int64_t>(*release.seed));
    put.bind(12, release.approved_by);
    put.bind(13, release.fairness);
    put.bind(14, release.found);
    put.bind(15, release.waiting);
    JOINEDUP_CHECK(put.run("keep the release"));
    Statement member(state.handle, "INSERT INTO list_member VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    Statement reason(state.handle, "INSERT INTO list_reason VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const auto& one : cases) {
      member.bind(1, release.list);
      member.bind(2, one.person_key);
      member.bind(3, one.team);
      member.bind(4, one.practice);
      member.bind(5, one.state);
      member.bind(6, one.rank);
      member.bind(7, one.risk);
      member.bind(8, one.impactability);
      member.bind(9, one.care_gaps);
      JOINEDUP_CHECK(member.run("keep a person of the list"));
      std::int64_t number = 0;
      for (const auto& because : one.reasons) {
        reason.bind(1, release.list);
        reason.bind(2, one.person_key);
        reason.bind(3, ++number);
        int column = 3;
        for (const auto& text : {because.dimension, because.rule, because.text, because.source, because.date, because.label}) reason.bind(++column, text);
        JOINEDUP_CHECK(reason.run("keep a reason"));
      }
    }
    Statement lot(state.handle, "INSERT INTO case_allocation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const auto& one : allocation) {
      lot.bind(1, release.list);
      lot.bind(2, one.person_key);
      lot.bind(3, one.team);
      lot.bind(4, one.stratum);
      lot.bind(5, one.arm);
      lot.bind(6, std::optional<double>(one.probability));
      lot.bind(7, static_cast<std::int64_t>(release.seed.value_or(0)));
      lot.bind(8, release.approved_by);
      lot.bind(9, release.at);
      JOINEDUP_CHECK(lot.run("keep the allocation"));
    }
    return {};
  };
  if (const auto done = write(); !done) {
    static_cast<void>(state.execute("ROLLBACK", "undo a release"));
    return tl::unexpected(done.error());
  }
  JOINEDUP_CHECK(state.execute("COMMIT", "keep the release"));
  return release;
}

Result<bool> Store::was_released_to(std::int64_t person_key, const std::string& team) const {
  Statement find(state_->handle, "SELECT 1 FROM list_member WHERE person_key = ? AND team = ? AND state IN ('found', 'palliative_coordination') LIMIT 1");
  find.bind(1, person_key);
  find.bind(2, team);
  return find.row();
}

Result<bool> Store::was_released_at(std::int64_t person_key, const std::string& practice) const {
  Statement find(state_->handle, "SELECT 1 FROM list_member WHERE person_key = ? AND practice = ? AND state IN ('found', 'palliative_coordination') LIMIT 1");
  find.bind(1, person_key);
  find.bind(2, practice);
  return find.row();
}

Result<void> Store::record_outcome(const Outcome& outcome) {
  const auto& known = outcomes();
  if (std::find(known.begin(), known.end(), outcome.what) == known.end())
    return fail(ErrorCode::wrong_usage, "\"" + outcome.what + "\" is not an outcome: one of accepted, declined, active, on_hold, finished, moved_away, died.");
  if (outcome.what == "declined" && outcome.reason.empty()) return fail(ErrorCode::wrong_usage, "Say why the offer was declined, with --reason.");
  if (outcome.by.empty()) return fail(ErrorCode::wrong_usage, "Say who records this, with --by \"name, role\".");
  if (!parse_iso_date(outcome.on)) return fail(ErrorCode::wrong_usage, "The day is written as 2026-03-31.");
  JOINEDUP_TRY(const auto released, was_released_to(outcome.person_key, outcome.team));
  if (!released) return fail(ErrorCode::not_found, "This person is on no list that was released to team " + outcome.team + "; an outcome belongs to an offer.");
  Statement list(state_->handle, "SELECT m.list FROM list_member m JOIN release r ON r.list = m.list AND r.team = m.team WHERE m.person_key = ? AND m.team = ? AND m.state IN ('found', 'palliative_coordination') ORDER BY r.number DESC");
  list.bind(1, outcome.person_key);
  list.bind(2, outcome.team);
  const std::string name = list.row() ? list.text(0) : std::string();
  Statement put(state_->handle, "INSERT INTO outcome(person_key, team, list, what, reason, recorded_by, account, happened_on, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  put.bind(1, outcome.person_key);
  int at = 1;
  for (const auto& text : {outcome.team, name, outcome.what, outcome.reason, outcome.by, account(), outcome.on, instant_now()}) put.bind(++at, text);
  return put.run("keep the outcome");
}

Result<std::vector<Release>> Store::releases(const std::string& team) const {
  std::vector<Release> all;
  Statement read(state_->handle, "SELECT list, team, run, index_date, released_by, role, account, released_at, risk_model, list_was_named, seed, approved_by, fairness, found, waiting "
                                 "FROM release WHERE ?1 = '' OR team = ?1 ORDER BY number");
  read.bind(1, team);
  while (read.row()) {
    Release one{read.text(0), read.text(1), read.text(2), read.text(3), read.text(4), read.text(5), read.text(6), read.text(7), read.text(8),
                read.integer(9) != 0, {}, read.text(11), read.text(12), read.integer(13), read.integer(14)};
    if (!read.is_null(10)) one.seed = static_cast<std::uint64_t>(read.integer(10));
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<ListMember>> Store::members(const std::string& list) const {
  std::vector<ListMember> all;
  Statement read(state_->handle, "SELECT m.person_key, m.state, coalesce(a.arm, ''), m.risk FROM list_member m LEFT JOIN case_allocation a ON a.list = m.list AND a.person_key = m.person_key WHERE m.list = ? ORDER BY m.person_key");
  read.bind(1, list);
  while (read.row()) {
    ListMember one{read.integer(0), read.text(1), read.text(2), {}};
    if (!read.is_null(3)) one.risk = read.number(3);
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<std::pair<Outcome, std::string>>> Store::outcomes_of(const std::string& list) const {
  std::vector<std::pair<Outcome, std::string>> all;
  Statement read(state_->handle, "SELECT person_key, team, what, reason, recorded_by, happened_on, recorded_at FROM outcome WHERE list = ? ORDER BY number");
  read.bind(1, list);
  while (read.row()) all.push_back({{read.integer(0), read.text(1), read.text(2), read.text(3), read.text(4), read.text(5)}, read.text(6)});
  return all;
}

Result<std::vector<ReleasedCase>> Store::released_cases() const {
  std::vector<ReleasedCase> all;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> at;
  Statement member(state_->handle, "SELECT m.person_key, m.team, m.practice, m.state, m.rank, m.risk, m.impactability, m.care_gaps, m.list, r.index_date, r.risk_model, r.released_by, r.released_at "
                                   "FROM list_member m JOIN release r ON r.list = m.list AND r.team = m.team WHERE m.state = 'found' ORDER BY r.number, m.person_key");
  while (member.row()) {
    ReleasedCase one;
    one.found.person_key = member.integer(0);
    one.found.team = member.text(1), one.found.practice = member.text(2), one.found.state = member.text(3);
    if (!member.is_null(4)) one.found.rank = member.integer(4);
    if (!member.is_null(5)) one.found.risk = member.number(5);
    if (!member.is_null(6)) one.found.impactability = member.integer(6);
    if (!member.is_null(7)) one.found.care_gaps = member.integer(7);
    one.list = member.text(8), one.index_date = member.text(9), one.risk_model = member.text(10), one.released_by = member.text(11), one.released_at = member.text(12);
    at[{one.list, one.found.person_key}] = all.size();
    all.push_back(std::move(one));
  }
  Statement reason(state_->handle, "SELECT list, person_key, dimension, rule, text, source, date, label FROM list_reason ORDER BY list, person_key, number");
  while (reason.row())
    if (const auto found = at.find({reason.text(0), reason.integer(1)}); found != at.end())
      all[found->second].found.reasons.push_back({reason.text(2), reason.text(3), reason.text(4), reason.text(5), reason.text(6), reason.text(7)});
  Statement outcome(state_->handle, "SELECT list, person_key, team, what, reason, recorded_by, happened_on FROM outcome ORDER BY number");
  while (outcome.row())
    if (const auto found = at.find({outcome.text(0), outcome.integer(1)}); found != at.end())
      all[found->second].outcomes.push_back({outcome.integer(1), outcome.text(2), outcome.text(3), outcome.text(4), outcome.text(5), outcome.text(6)});
  return all;
}

Result<std::vector<ReleasedCase>> Store::released_cases_of(const place::Place& place) {
  if (!std::filesystem::exists(place.path("caseload.sqlite"))) return std::vector<ReleasedCase>{};
  JOINEDUP_TRY(auto store, open(place));
  return store.released_cases();
}

Result<std::string> Store::allocation_csv() const {
  std::string text = "list,team,person_key,stratum,arm,probability,seed,approved_by,allocated_at\n";
  Statement read(state_->handle, "SELECT list, team, person_key, stratum, arm, probability, seed, approved_by, allocated_at FROM case_allocation ORDER BY allocated_at, list, person_key");
  while (read.row())
    text += read.text(0) + "," + csv_field(read.text(1)) + "," + read.text(2) + "," + csv_field(read.text(3)) + "," + read.text(4) + "," + format_number(read.number(5)) + "," +
            std::to_string(static_cast<std::uint64_t>(read.integer(6))) + "," + csv_field(read.text(7)) + "," + read.text(8) + "\n";
  return text;
}

Result<void> Store::record_reidentification(const Reidentified& reidentified) {
  const std::string who = account(), at = instant_now();
  JOINEDUP_CHECK(state_->execute("BEGIN IMMEDIATE", "log a re-identification"));
  std::string before;
  {
    Statement last(state_->handle, "SELECT hash FROM reidentification ORDER BY number DESC LIMIT 1");
    if (last.row()) before = last.text(0);
  }
  Statement put(state_->handle, "INSERT INTO reidentification(person_key, team, role, done_by, account, reason, done_at, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  put.bind(1, reidentified.person_key);
  int column = 1;
  for (const auto& text : {reidentified.team, reidentified.role, reidentified.by, who, reidentified.reason, at, link_of_chain(before, reidentified.person_key, reidentified, who, at)}) put.bind(++column, text);
  if (const auto done = put.run("log a re-identification"); !done) {
    static_cast<void>(state_->execute("ROLLBACK", "undo"));
    return tl::unexpected(done.error());
  }
  return state_->execute("COMMIT", "log a re-identification");
}

Result<bool> Store::reidentifications_hold() const {
  std::string before;
  Statement read(state_->handle, "SELECT person_key, team, role, done_by, account, reason, done_at, hash FROM reidentification ORDER BY number");
  while (read.row()) {
    const Reidentified what{read.integer(0), read.text(1), read.text(2), read.text(3), read.text(5)};
    before = link_of_chain(before, what.person_key, what, read.text(4), read.text(6));
    if (before != read.text(7)) return false;
  }
  return true;
}

}  // namespace joinedup::caseload
