// How the vault's file speaks. Only this room's .cpp files include it.
#pragma once
#include "base/sqlite.hpp"

namespace joinedup::vault {

inline constexpr SqliteFile vault_file{"The identity vault", "vault/identity.sqlite",
                                       "Another refresh holds the identity vault; wait until it has ended"};

inline Error sqlite_error(sqlite3* handle, const std::string& doing) { return joinedup::sqlite_error(handle, vault_file, doing); }

inline Result<void> execute(sqlite3* handle, const char* sql, const std::string& doing) {
  if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return tl::unexpected(sqlite_error(handle, doing));
  return {};
}

struct Statement : SqliteStatement {
  Statement(sqlite3* handle, const char* sql) : SqliteStatement(handle, sql, vault_file) {}
};

}  // namespace joinedup::vault
