#include "backup/backup.hpp"

#include <sqlite3.h>

#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>

#include "backup/copy.hpp"
#include "backup/place_locks.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup::backup {
namespace {

namespace fs = std::filesystem;

// Where a file keeps its number, and what this program writes. A place of today's program has nothing to bring up: cli_test.sh.
struct Known {
  const char* path;
  const char* sql;  // empty: a line `format = N` of a text
  std::int64_t current;
};
constexpr const char* in_setting = "SELECT value FROM setting WHERE name = 'format'";
constexpr const char* in_meta = "SELECT value FROM meta WHERE name = 'format'";
constexpr const char* in_version = "PRAGMA user_version";
constexpr Known known[] = {
    {"place.toml", "", 1},
    {"shared-record.sqlite", in_setting, 1},
    {"vault/identity.sqlite", in_meta, 2},
    {"vault/care_door.sqlite", in_meta, 1},
    {"caseload.sqlite", in_meta, 1},
    {"access.sqlite", in_version, 1},
    {"identity/accounts.sqlite", in_version, 1},
    {"messages/kept.sqlite", in_version, 1},
    {"messages/applied.sqlite", in_version, 1},
    {"subscriptions/queue.sqlite", in_version, 1},
    {"drafts.sqlite", in_version, 1},
};

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

Result<std::int64_t> in_database(const std::string& file, const Known& one) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle(raw, sqlite3_close);
  if (opened != SQLITE_OK) return fail(ErrorCode::unavailable, "The database cannot be opened.", file);
  sqlite3_busy_timeout(raw, 10'000);
  sqlite3_stmt* statement = nullptr;
  const int prepared = sqlite3_prepare_v2(raw, one.sql, -1, &statement, nullptr);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> end(statement, sqlite3_finalize);
  if (prepared == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    if (const auto* text = sqlite3_column_text(statement, 0); text != nullptr)
      if (const auto number = number_of(reinterpret_cast<const char*>(text))) return *number;
  return fail(ErrorCode::invalid_input, "The file's format cannot be read: it is not what its name says, or damaged.", file);
}

Result<std::int64_t> in_text(const std::string& file) {
  JOINEDUP_TRY(const auto text, read_file(file));
  for (const auto line : split(text, '\n')) {
    const auto mark = line.find('=');
    if (trim(line).starts_with('[')) break;
    if (mark == std::string_view::npos || trim(line.substr(0, mark)) != "format") continue;
    const auto value = line.substr(mark + 1);
    if (const auto number = number_of(trim(value.substr(0, value.find('#'))))) return *number;
  }
  return fail(ErrorCode::invalid_input, "There is no line `format = 1`.", file);
}

}  // namespace

Result<std::vector<Format>> formats_of(const std::string& place) {
  std::vector<Format> out;
  for (const auto& one : known) {
    const std::string file = place + "/" + one.path;
    if (!fs::exists(file)) continue;
    const bool is_text = *one.sql == '\0';
    if (!is_text && fs::file_size(file) == 0 && !fs::exists(file + "-wal")) continue;  // made, and never used
    JOINEDUP_TRY(const auto found, is_text ? in_text(file) : in_database(file, one));
    if (found == 0 && one.sql == in_version) continue;  // the same
    out.push_back({one.path, found, one.current});
  }
  return out;
}

Result<Upgraded> upgrade_place(const std::string& wanted, const std::vector<Migration>& migrations, const std::string& program) {
  JOINEDUP_TRY(const auto place, place_folder(wanted));
  if (!fs::exists(place + "/place.toml") && !fs::exists(place + "/shared-record.sqlite")) return fail(ErrorCode::not_found, "There is no place here.", wanted);
  Upgraded out;
  { JOINEDUP_TRY(const auto locks, lock_place(place)); }  // nobody works here; each step takes its own file's lock
  JOINEDUP_TRY(out.formats, formats_of(place));
  std::vector<const Migration*> steps;
  for (const auto& one : out.formats) {
    if (one.found > one.current) return fail(ErrorCode::unsupported, "This was written by a newer version of this program; nothing was changed.", one.path);
    if (one.found == one.current) continue;
    out.brought_up.push_back(one);
    const Migration* step = nullptr;
    for (const auto& migration : migrations)
      if (migration.path == one.path) step = &migration;
    if (step == nullptr) return fail(ErrorCode::unsupported, "There is no way from format " + std::to_string(one.found) + " to " + std::to_string(one.current) + "; nothing was changed.", one.path);
    steps.push_back(step);
  }
  if (steps.empty()) return out;
  JOINEDUP_TRY(const auto taken, take_backup({.place = place, .to = free_name(place + ".before-upgrade"), .keys_to = {}, .feeds = Feeds::left_out, .program = program}));
  out.backup = taken.folder;
  const auto back = [&](const Error& error) { return fail(error.code, error.sentence + " Go back with joinedup upgrade --place " + place + " --back.", error.context); };
  for (const auto* step : steps)
    if (const auto done = step->run(); !done) return back(done.error());
  JOINEDUP_TRY(const auto now, formats_of(place));
  for (const auto& one : now)
    if (one.found != one.current) return back({ErrorCode::internal, "It was not brought to the new format.", one.path});
  return out;
}

Result<Restored> upgrade_back(const std::string& wanted) {
  JOINEDUP_TRY(const auto place, place_folder(wanted));
  std::string newest;
  for (std::string name = place + ".before-upgrade"; fs::exists(name);) {
    newest = name;
    const auto count = newest == place + ".before-upgrade" ? 2 : std::stoi(newest.substr(newest.rfind('.') + 1)) + 1;
    name = place + ".before-upgrade." + std::to_string(count);
  }
  if (newest.empty()) return fail(ErrorCode::not_found, "There is no upgrade to go back from: no " + fs::path(place).filename().string() + ".before-upgrade lies beside the place.", place);
  return restore_backup({.place = place, .from = newest, .keys_from = {}});
}

}  // namespace joinedup::backup
