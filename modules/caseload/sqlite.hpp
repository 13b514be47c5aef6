// The few SQLite calls of the caseload's store, as Results. Inside this room only.
#pragma once
#include <sqlite3.h>

#include <optional>
#include <string>

#include "base/result.hpp"

namespace joinedup::caseload {

inline Error sqlite_error(sqlite3* handle, const std::string& doing) {
  const int code = sqlite3_errcode(handle);
  const auto kind = code == SQLITE_FULL ? ErrorCode::storage_full : code == SQLITE_BUSY ? ErrorCode::conflict
                    : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ErrorCode::invalid_input : ErrorCode::unavailable;
  const char* say = code == SQLITE_BUSY ? "another program is writing it; try again" : sqlite3_errmsg(handle);
  return {kind, "The caseload could not " + doing + ": " + say + ".", "caseload.sqlite"};
}

class Statement {
 public:
  Statement(sqlite3* handle, const char* sql) : handle_(handle) { sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }
  void bind(int at, std::int64_t value) { sqlite3_bind_int64(statement_, at, value); }
  void bind(int at, const std::string& value) { sqlite3_bind_text(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT); }
  void bind(int at, std::optional<double> value) { value ? sqlite3_bind_double(statement_, at, *value) : sqlite3_bind_null(statement_, at); }
  void bind(int at, std::optional<std::int64_t> value) { value ? sqlite3_bind_int64(statement_, at, *value) : sqlite3_bind_null(statement_, at); }
  bool row() { return statement_ && sqlite3_step(statement_) == SQLITE_ROW; }
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  double number(int column) const { return sqlite3_column_double(statement_, column); }
  std::string text(int column) const {
    const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return value ? std::string(value, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
  }
  Result<void> run(const std::string& doing) {
    const int last = statement_ ? sqlite3_step(statement_) : SQLITE_ERROR;
    if (last != SQLITE_DONE && last != SQLITE_ROW) {
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
};

}  // namespace joinedup::caseload
