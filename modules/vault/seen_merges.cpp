#include "vault/seen_merges.hpp"

#include <cstdlib>
#include <filesystem>

#include "base/clock.hpp"
#include "vault/sqlite.hpp"

namespace joinedup::vault {
namespace {

constexpr const char* action = "merge by message seen";

Result<SqliteDatabase> open_vault(const place::Place& place) {
  const std::string file = place.path("vault/identity.sqlite");
  if (!std::filesystem::exists(file)) return fail(ErrorCode::not_found, "The vault of this place is not here yet: run joinedup refresh first.", file);
  return SqliteDatabase::open(file, vault_file, SqliteDatabase::Durability::every_commit);
}

}  // namespace

Result<std::map<std::int64_t, std::string>> seen_merges(const place::Place& place) {
  std::map<std::int64_t, std::string> out;
  const auto database = open_vault(place);
  if (!database && database.error().code == ErrorCode::not_found) return out;
  if (!database) return tl::unexpected(database.error());
  SqliteStatement rows(database->handle(), "SELECT subject, who FROM access_log WHERE action = ? ORDER BY rowid", vault_file);
  rows.bind(1, std::string(action));
  while (rows.row()) out.emplace(std::strtoll(rows.text(0).c_str(), nullptr, 10), rows.text(1));
  if (rows.failed()) return tl::unexpected(sqlite_error(database->handle(), vault_file, "be read"));
  return out;
}

Result<void> note_merge_seen(const place::Place& place, std::int64_t merge, const std::string& who) {
  if (who.empty()) return fail(ErrorCode::wrong_usage, "Say who has seen it, with --who NAME; it is kept.");
  JOINEDUP_TRY(const auto database, open_vault(place));
  SqliteStatement put(database.handle(), "INSERT INTO access_log VALUES (?, ?, ?, ?, 1)", vault_file);
  put.bind(1, instant_now()), put.bind(2, who), put.bind(3, std::string(action)), put.bind(4, std::to_string(merge));
  return put.run("note that a merge was seen");
}

}  // namespace joinedup::vault
