// How the care door's own memory speaks. Inside this room only.
#pragma once
#include "base/sqlite.hpp"

namespace joinedup::care_door {

inline constexpr SqliteFile memory_file{"What was shared for care", "vault/care_door.sqlite", "another program is writing it; try again"};

inline Error sqlite_error(sqlite3* handle, const std::string& doing) { return joinedup::sqlite_error(handle, memory_file, doing); }

// With bind() in a row: put.bind(1, id).bind(2, type).run("be written").
struct Statement : SqliteStatement {
  Statement(sqlite3* handle, const char* sql) : SqliteStatement(handle, sql, memory_file) {}
  template <class T>
  Statement& bind(int at, const T& value) {
    SqliteStatement::bind(at, value);
    return *this;
  }
};

}  // namespace joinedup::care_door
