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

Result<SqliteHandle> open_kept(const std::string& place_folder, OpenFor open_for) { return open_file(place_folder, open_for, kept_file, kept_schema); }
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

}  // namespace

// A sender that said little is known little of: its nights may be longer than its days were.
constexpr std::int64_t shortest_patience = 3'600'000'000, longest_patience = 24 * shortest_patience, least_known = 20;

Result<std::vector<SenderStatus>> senders(const std::string& folder) {
  std::vector<SenderStatus> out;
  if (!std::filesystem::exists(folder + "/" + kept_file.path) || !std::filesystem::exists(folder + "/" + applied_file.path)) return out;
  JOINEDUP_TRY(const auto files, both_files(folder));
  SqliteStatement rows(files.get(),
                       "SELECT m.sender, max(max(m.received), coalesce(max(r.last), 0)), count(*), sum(coalesce(o.state = 1, 0)), sum(coalesce(o.state IN (2, 3), 0)), sum(m.code = 'AR'),"
                       " sum(m.code = 'AE'), sum(coalesce(r.times, 0)), sum(m.code = 'AA' AND coalesce(o.state, 0) = 0)"
                       " FROM message m LEFT JOIN became.outcome o ON o.message = m.id LEFT JOIN repeated r ON r.message = m.id GROUP BY m.sender ORDER BY m.sender",
                       kept_file);
  const auto number = [&](int column) { return static_cast<std::uint64_t>(rows.integer(column)); };
  while (rows.row())
    out.push_back({.sender = rows.text(0), .last_message = instant_text(rows.integer(1)), .kept = number(2), .applied = number(3), .review = number(4), .not_taken = number(5),
                   .unreadable = number(6), .repeated = number(7), .waiting = number(8), .last = rows.integer(1), .silent_after = longest_patience});
  if (rows.failed()) return tl::unexpected<Error>(sqlite_error(files.get(), kept_file, "be read"));
  SqliteStatement pauses(files.get(),
                         "WITH newest AS (SELECT sender, max(received) AS at FROM message GROUP BY sender),"
                         " spoke AS (SELECT m.sender, m.received - lag(m.received) OVER (PARTITION BY m.sender ORDER BY m.received) AS pause FROM message m JOIN newest n ON n.sender = m.sender WHERE m.received > n.at - ?)"
                         " SELECT sender, max(pause), count(*) FROM spoke GROUP BY sender ORDER BY sender",
                         kept_file);
  pauses.bind(1, std::int64_t{14} * longest_patience);
  for (std::size_t i = 0; pauses.row(); ++i)
    if (i < out.size() && out[i].sender == pauses.text(0) && pauses.integer(2) >= least_known) out[i].silent_after = std::clamp(2 * pauses.integer(1), shortest_patience, longest_patience);
  if (pauses.failed()) return tl::unexpected<Error>(sqlite_error(files.get(), kept_file, "be read"));
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
