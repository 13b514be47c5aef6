#include "messages/kept.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/date.hpp"
#include "base/file.hpp"
#include "messages/hl7.hpp"

namespace joinedup::messages {
namespace {

constexpr const char* kept_schema =
    "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, received INTEGER NOT NULL, instant INTEGER NOT NULL, sender TEXT NOT NULL, partner TEXT NOT NULL,"
    " control_id TEXT NOT NULL, digest TEXT NOT NULL, trigger TEXT NOT NULL, person TEXT NOT NULL, visit TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, raw BLOB NOT NULL);"
    "CREATE UNIQUE INDEX IF NOT EXISTS message_digest ON message (digest);"
    "CREATE INDEX IF NOT EXISTS message_visit ON message (visit) WHERE visit <> '';"
    "CREATE INDEX IF NOT EXISTS message_person ON message (person) WHERE person <> '';"
    "CREATE TABLE IF NOT EXISTS repeated (message INTEGER PRIMARY KEY, times INTEGER NOT NULL, last INTEGER NOT NULL);"
    "PRAGMA user_version = 1;";

// What senders() tells, kept as messages come, so that asking costs the same however many there are: of each sender its counts, and of
// each of its days the longest pause that ended in it. A file of before is counted once, when it is next opened for writing.
constexpr const char* counted_schema =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS sender (name TEXT PRIMARY KEY, kept INTEGER NOT NULL, spoke INTEGER NOT NULL, last INTEGER NOT NULL, not_taken INTEGER NOT NULL, unreadable INTEGER NOT NULL, repeated INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sender_day (sender TEXT NOT NULL, day INTEGER NOT NULL, messages INTEGER NOT NULL, longest INTEGER NOT NULL, PRIMARY KEY (sender, day)) WITHOUT ROWID;"
    "INSERT INTO sender_day SELECT sender, received / 86400000000, count(*), max(pause) FROM"
    " (SELECT sender, received, received - lag(received, 1, received) OVER (PARTITION BY sender ORDER BY received) AS pause FROM message) WHERE NOT EXISTS (SELECT 1 FROM sender) GROUP BY 1, 2;"
    "INSERT INTO sender SELECT m.sender, count(*), max(m.received), max(max(m.received), coalesce(max(r.last), 0)), sum(m.code = 'AR'), sum(m.code = 'AE'), sum(coalesce(r.times, 0))"
    " FROM message m LEFT JOIN repeated r ON r.message = m.id WHERE NOT EXISTS (SELECT 1 FROM sender) GROUP BY m.sender;"
    "CREATE TRIGGER IF NOT EXISTS message_counted AFTER INSERT ON message BEGIN"
    " INSERT INTO sender_day VALUES (NEW.sender, NEW.received / 86400000000, 1, coalesce((SELECT max(NEW.received - spoke, 0) FROM sender WHERE name = NEW.sender), 0))"
    "  ON CONFLICT (sender, day) DO UPDATE SET messages = messages + 1, longest = max(longest, excluded.longest);"
    " INSERT INTO sender VALUES (NEW.sender, 1, NEW.received, NEW.received, NEW.code = 'AR', NEW.code = 'AE', 0)"
    "  ON CONFLICT (name) DO UPDATE SET kept = kept + 1, spoke = max(spoke, excluded.spoke), last = max(last, excluded.last), not_taken = not_taken + excluded.not_taken, unreadable = unreadable + excluded.unreadable;"
    " END;"
    "CREATE TRIGGER IF NOT EXISTS repeated_counted AFTER INSERT ON repeated BEGIN"
    " UPDATE sender SET repeated = repeated + NEW.times, last = max(last, NEW.last) WHERE name = (SELECT sender FROM message WHERE id = NEW.message); END;"
    "CREATE TRIGGER IF NOT EXISTS repeated_again AFTER UPDATE ON repeated BEGIN"
    " UPDATE sender SET repeated = repeated + NEW.times - OLD.times, last = max(last, NEW.last) WHERE name = (SELECT sender FROM message WHERE id = NEW.message); END;"
    "COMMIT;";

// identity: whose number it is. `was`: before a merge. written: what the record was last given, so that nothing is written twice alike.
constexpr const char* applied_schema =
    "CREATE TABLE IF NOT EXISTS outcome (message INTEGER PRIMARY KEY, state INTEGER NOT NULL, reason TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS outcome_state ON outcome (state) WHERE state IN (0, 2, 3);"
    "CREATE TABLE IF NOT EXISTS identity (key TEXT PRIMARY KEY, patient TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS own_patient (patient TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS merge (id INTEGER PRIMARY KEY, message INTEGER NOT NULL, key TEXT NOT NULL, gone TEXT NOT NULL, stays TEXT NOT NULL, state TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS merge_gone ON merge (gone); CREATE INDEX IF NOT EXISTS merge_stays ON merge (stays);"
    "CREATE TABLE IF NOT EXISTS written (resource TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS secret (id INTEGER PRIMARY KEY CHECK (id = 1), bytes BLOB NOT NULL);"
    "INSERT OR IGNORE INTO secret VALUES (1, randomblob(32));"
    "PRAGMA user_version = 1;";

Result<SqliteHandle> open_file(const std::string& place_folder, OpenFor open_for, const SqliteFile& file, const char* schema) {
  const std::string path = place_folder + "/" + file.path;
  if (open_for == OpenFor::writing) {
    JOINEDUP_CHECK(make_folder(place_folder + "/messages", FileMode::secret));
    ::chmod((place_folder + "/messages").c_str(), 0700);
  } else if (!std::filesystem::exists(path)) {
    return fail(ErrorCode::not_found, "No message has come to this place yet.", file.path);
  }
  const auto mask = ::umask(0077);  // the journal beside it is as secret
  sqlite3* raw = nullptr;
  const int flags = open_for == OpenFor::writing ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteHandle handle(raw);
  sqlite3_busy_timeout(raw, 10'000);
  Result<void> ready;
  if (code != SQLITE_OK) ready = tl::unexpected<Error>(sqlite_error(raw, file, "be opened"));
  else if (open_for == OpenFor::writing) {
    ready = run_sql(raw, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", file, "be opened");
    if (ready) {
      SqliteStatement format(raw, "PRAGMA user_version", file);
      if (format.row() && format.integer(0) > 1) ready = fail(ErrorCode::unsupported, "The messages were written by a newer version of this program.", file.path);
    }
    if (ready) ready = run_sql(raw, schema, file, "be made ready");
  } else {
    ready = run_sql(raw, "PRAGMA query_only = 1;", file, "be opened");
  }
  ::umask(mask);
  if (!ready) return tl::unexpected<Error>(ready.error());
  return handle;
}

}  // namespace

Result<void> run_sql(sqlite3* handle, const char* sql, const SqliteFile& file, const std::string& doing) {
  if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return tl::unexpected<Error>(sqlite_error(handle, file, doing));
}

Result<SqliteHandle> open_kept(const std::string& place_folder, OpenFor open_for) {
  JOINEDUP_TRY(auto handle, open_file(place_folder, open_for, kept_file, kept_schema));
  if (open_for == OpenFor::writing) JOINEDUP_CHECK(run_sql(handle.get(), counted_schema, kept_file, "be made ready"));
  return handle;
}
Result<SqliteHandle> open_applied(const std::string& place_folder, OpenFor open_for) { return open_file(place_folder, open_for, applied_file, applied_schema); }

std::string instant_text(std::int64_t instant) {
  const std::int64_t seconds = instant / 1'000'000, days = seconds / 86'400, rest = seconds % 86'400;
  char text[40];
  std::snprintf(text, sizeof text, "%sT%02d:%02d:%02dZ", Date{static_cast<std::int32_t>(days)}.to_iso().c_str(), static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  return text;
}

const char* state_name(State state) {
  switch (state) {
    case State::waiting: return "waiting";
    case State::applied: return "applied";
    case State::review: return "review";
    case State::held: return "held";
    case State::not_taken: return "not taken";
    case State::unreadable: return "unreadable";
  }
  return "waiting";
}

namespace {

// What became of each message; without the second file nothing had its turn yet.
Result<SqliteHandle> both_files(const std::string& folder) {
  JOINEDUP_TRY(auto kept, open_kept(folder, OpenFor::reading));
  SqliteStatement attach(kept.get(), "ATTACH DATABASE ? AS became", kept_file);
  attach.bind(1, folder + "/" + applied_file.path);
  JOINEDUP_CHECK(attach.run("be read"));
  return kept;
}

// A file that nobody has opened for writing since senders are counted.
Result<void> be_counted(const std::string& folder) {
  {
    JOINEDUP_TRY(const auto kept, open_kept(folder, OpenFor::reading));
    SqliteStatement there(kept.get(), "SELECT 1 FROM sqlite_master WHERE name = 'repeated_again'", kept_file);
    if (there.row()) return {};
  }
  JOINEDUP_TRY(const auto counted, open_kept(folder, OpenFor::writing));
  return {};
}

}  // namespace

// A sender that said little is known little of: its nights may be longer than its days were.
constexpr std::int64_t shortest_patience = 3'600'000'000, longest_patience = 24 * shortest_patience, least_known = 20;

Result<std::vector<SenderStatus>> senders(const std::string& folder) {
  std::vector<SenderStatus> out;
  if (!std::filesystem::exists(folder + "/" + kept_file.path) || !std::filesystem::exists(folder + "/" + applied_file.path)) return out;
  JOINEDUP_CHECK(be_counted(folder));
  JOINEDUP_TRY(const auto files, both_files(folder));
  // Those that are not applied are few: an index has them by their state, and who waits for its turn is at the end.
  SqliteStatement rows(files.get(),
                       "WITH open AS (SELECT m.sender AS sender, o.state AS state FROM became.outcome o JOIN message m ON m.id = o.message WHERE o.state IN (0, 2, 3)"
                       " UNION ALL SELECT sender, 0 FROM message WHERE id > (SELECT coalesce(max(message), 0) FROM became.outcome) AND code = 'AA'),"
                       " still AS (SELECT sender, sum(state = 0) AS waiting, sum(state <> 0) AS review FROM open GROUP BY sender)"
                       " SELECT s.name, s.last, s.kept, s.not_taken, s.unreadable, s.repeated, coalesce(still.waiting, 0), coalesce(still.review, 0),"
                       " (SELECT max(longest) FROM sender_day d WHERE d.sender = s.name AND d.day > s.spoke / 86400000000 - 14), (SELECT sum(messages) FROM sender_day d WHERE d.sender = s.name AND d.day > s.spoke / 86400000000 - 14)"
                       " FROM sender s LEFT JOIN still ON still.sender = s.name ORDER BY s.name",
                       kept_file);
  const auto number = [&](int column) { return static_cast<std::uint64_t>(rows.integer(column)); };
  while (rows.row()) {
    SenderStatus one{.sender = rows.text(0), .last_message = instant_text(rows.integer(1)), .kept = number(2), .review = number(7), .not_taken = number(3), .unreadable = number(4), .repeated = number(5),
                     .waiting = number(6), .last = rows.integer(1), .silent_after = longest_patience};
    one.applied = one.kept - one.not_taken - one.unreadable - one.review - one.waiting;
    if (rows.integer(9) >= least_known) one.silent_after = std::clamp(2 * rows.integer(8), shortest_patience, longest_patience);
    out.push_back(std::move(one));
  }
  if (rows.failed()) return tl::unexpected<Error>(sqlite_error(files.get(), kept_file, "be read"));
  return out;
}

std::string silence_of(const SenderStatus& sender, std::int64_t now) {
  const auto pause = now - sender.last;
  if (pause <= sender.silent_after) return {};
  constexpr std::int64_t hour = 3'600'000'000;
  const auto spoken = pause < 48 * hour ? std::to_string(pause / hour) + (pause / hour == 1 ? " hour" : " hours") : std::to_string(pause / (24 * hour)) + " days";
  return "Nothing has come from " + sender.sender + " for " + spoken + ", longer than it pauses: ask the sender. Do not take it that nobody was admitted.";
}

Result<std::vector<ForReview>> review(const std::string& folder) {
  std::vector<ForReview> out;
  if (!std::filesystem::exists(folder + "/" + kept_file.path) || !std::filesystem::exists(folder + "/" + applied_file.path)) return out;
  JOINEDUP_TRY(const auto files, both_files(folder));
  SqliteStatement rows(files.get(),
                       "SELECT m.id, m.received, m.sender, m.trigger, CASE WHEN m.code = 'AA' THEN o.reason ELSE m.reason END, CASE m.code WHEN 'AA' THEN o.state WHEN 'AR' THEN 4 ELSE 5 END"
                       " FROM message m LEFT JOIN became.outcome o ON o.message = m.id WHERE m.code <> 'AA' OR o.state IN (2, 3) OR (o.state = 1 AND o.reason <> '') ORDER BY m.id",
                       kept_file);
  while (rows.row())
    out.push_back({.message = rows.integer(0), .received = instant_text(rows.integer(1)), .sender = rows.text(2), .trigger = rows.text(3), .reason = rows.text(4), .state = static_cast<State>(rows.integer(5))});
  if (rows.failed()) return tl::unexpected<Error>(sqlite_error(files.get(), kept_file, "be read"));
  SqliteStatement merges(files.get(),
                         "SELECT g.id, m.received, m.sender, g.state FROM became.merge g JOIN message m ON m.id = g.message WHERE g.state <> 'undone' ORDER BY g.id", kept_file);
  while (merges.row())
    out.push_back({.message = merges.integer(0), .received = instant_text(merges.integer(1)), .sender = merges.text(2), .trigger = "A40", .reason = merges.text(3) == "linked" ? "Two numbers of one sender were joined: both are linked as one person." : "The sender's number is taken for the person that its NHS number and birth date name.",
                   .state = State::applied, .is_merge = true});
  if (merges.failed()) return tl::unexpected<Error>(sqlite_error(files.get(), kept_file, "be read"));
  return out;
}

Result<std::string> kept_message(const std::string& folder, std::int64_t message) {
  JOINEDUP_TRY(const auto kept, open_kept(folder, OpenFor::reading));
  SqliteStatement row(kept.get(), "SELECT raw FROM message WHERE id = ?", kept_file);
  row.bind(1, message);
  if (!row.row()) return fail(ErrorCode::not_found, "There is no message of this number.");
  return row.text(0);
}

std::vector<std::string> messages_of_file(std::string_view bytes) {
  std::vector<std::string> out;
  for (const auto one : split_messages(bytes)) out.emplace_back(one);
  return out;
}

}  // namespace joinedup::messages
