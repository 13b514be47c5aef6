// How the caseload's file speaks. Inside this room only.
#pragma once
#include "base/sqlite.hpp"

namespace joinedup::caseload {

inline constexpr SqliteFile caseload_file{"The caseload", "caseload.sqlite", "another program is writing it; try again"};

inline Error sqlite_error(sqlite3* handle, const std::string& doing) { return joinedup::sqlite_error(handle, caseload_file, doing); }

struct Statement : SqliteStatement {
  Statement(sqlite3* handle, const char* sql) : SqliteStatement(handle, sql, caseload_file) {}
};

}  // namespace joinedup::caseload
