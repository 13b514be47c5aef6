// The few SQLite calls the vault makes, as Results. Only this room's .cpp files include it.
#pragma once
#include <sqlite3.h>

#include <string>

#include "base/result.hpp"

namespace joinedup::vault {

inline Error sqlite_error(sqlite3* handle, const std::string& doing) {
  const int code = sqlite3_errcode(handle);
  const auto kind = code == SQLITE_FULL ? ErrorCode::storage_full
                    : code == SQLITE_BUSY ? ErrorCode::conflict
                    : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ErrorCode::invalid_input
                                                                      : ErrorCode::unavailable;
  const char* say = code == SQLITE_BUSY ? "Another refresh holds the identity vault; wait until it has ended" : sqlite3_errmsg(handle);
  return {kind, std::string("The identity vault could not ") + doing + ": " + say + ".", "vault/identity.sqlite"};
}

inline Result<void> execute(sqlite3* handle, const char* sql, const std::string& doing) {
  if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return tl::unexpected(sqlite_error(handle, doing));
  return {};
}

// A prepared statement: bind by position, step, read by column.
class Statement {
 public:
  Statement(sqlite3* handle, const char* sql) : handle_(handle) { good_ = sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr) == SQLITE_OK; }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }
  bool good() const { return good_; }
  void bind(int at, std::int64_t value) { sqlite3_bind_int64(statement_, at, value); }
  void bind(int at, const std::string& value) { sqlite3_bind_text(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT); }
  void bind(int at, double value) { sqlite3_bind_double(statement_, at, value); }
  bool row() { return (last_ = sqlite3_step(statement_)) == SQLITE_ROW; }
  bool failed() const { return last_ != SQLITE_ROW && last_ != SQLITE_DONE; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  double number(int column) const { return sqlite3_column_double(statement_, column); }
  std::string text(int column) const {
    const auto* value = sqlite3_column_text(statement_, column);
    return value ? std::string(reinterpret_cast<const char*>(value), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
  }
  Result<void> run(const std::string& doing) {
    last_ = sqlite3_step(statement_);
    sqlite3_reset(statement_);
    if (last_ != SQLITE_DONE && last_ != SQLITE_ROW) return tl::unexpected(sqlite_error(handle_, doing));
    return {};
  }

 private:
  sqlite3* handle_;
  sqlite3_stmt* statement_ = nullptr;
  bool good_ = false;
  int last_ = SQLITE_DONE;
};

}  // namespace joinedup::vault
