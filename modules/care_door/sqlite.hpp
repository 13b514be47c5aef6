// The few SQLite calls of the care door's own memory, as Results. Inside this room only.
#pragma once
#include <sqlite3.h>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace joinedup::care_door {

inline Error sqlite_error(sqlite3* handle, const std::string& doing) {
  const int code = sqlite3_errcode(handle);
  const auto kind = code == SQLITE_FULL ? ErrorCode::storage_full : code == SQLITE_BUSY ? ErrorCode::conflict
                    : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ErrorCode::invalid_input : ErrorCode::unavailable;
  const char* say = code == SQLITE_BUSY ? "another program is writing it; try again" : sqlite3_errmsg(handle);
  return {kind, "What was shared for care could not " + doing + ": " + say + ".", "vault/care_door.sqlite"};
}

// A prepared statement: bind by position, step, read by column.
class Statement {
 public:
  Statement(sqlite3* handle, const char* sql) : handle_(handle) { sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }
  Statement& bind(int at, std::int64_t value) {
    sqlite3_bind_int64(statement_, at, value);
    return *this;
  }
  Statement& bind(int at, std::string_view value) {
    sqlite3_bind_text(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    return *this;
  }
  bool row() { return statement_ && (last_ = sqlite3_step(statement_)) == SQLITE_ROW; }
  bool failed() const { return !statement_ || (last_ != SQLITE_ROW && last_ != SQLITE_DONE); }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const {
    const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return value ? std::string(value, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
  }
  Result<void> run(const std::string& doing) {
    last_ = statement_ ? sqlite3_step(statement_) : SQLITE_ERROR;
    if (last_ != SQLITE_DONE && last_ != SQLITE_ROW) {
      auto error = sqlite_error(handle_, doing);
      if (statement_) sqlite3_reset(statement_);
      return tl::unexpected(std::move(error));
    }
    sqlite3_reset(statement_);
    return {};
  }

 private:
  sqlite3* handle_;
  sqlite3_stmt* statement_ = nullptr;
  int last_ = SQLITE_DONE;
};

}  // namespace joinedup::care_door
