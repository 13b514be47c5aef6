// The few SQLite calls of a room's own file, as Results. Header only: a room that includes it links sqlite3.
//
//   inline constexpr SqliteFile file{"The caseload", "caseload.sqlite", "another program is writing it; try again"};
//   JOINEDUP_TRY(auto database, SqliteDatabase::open(path, file, SqliteDatabase::Durability::every_commit));
//   SqliteStatement insert(database.handle(), "INSERT INTO release VALUES (?, ?)", file);
//   insert.bind(1, team); insert.bind(2, now);
//   JOINEDUP_CHECK(insert.run("release a list"));   // "The caseload could not release a list: …"
//
// Errors: storage_full, conflict (somebody else writes), invalid_input (not such a file, or broken), else unavailable.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace joinedup {

// How a file is named in its errors.
struct SqliteFile {
  const char* subject;  // "The caseload"
  const char* path;     // below the place
  const char* busy;     // what to do where another process writes it
};

inline Error sqlite_error(sqlite3* handle, const SqliteFile& file, const std::string& doing) {
  const int code = sqlite3_errcode(handle);
  const auto kind = code == SQLITE_FULL ? ErrorCode::storage_full
                    : code == SQLITE_BUSY ? ErrorCode::conflict
                    : code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? ErrorCode::invalid_input
                                                                      : ErrorCode::unavailable;
  const char* say = code == SQLITE_BUSY ? file.busy : sqlite3_errmsg(handle);
  return {kind, std::string(file.subject) + " could not " + doing + ": " + say + ".", file.path};
}

// A room's own file, opened for its owner only (0600), in WAL mode; closed when it goes.
class SqliteDatabase {
 public:
  enum class Durability { every_commit, last_may_be_lost };  // should power fail
  static Result<SqliteDatabase> open(const std::string& path, const SqliteFile& file, Durability durability) {
    std::error_code ignored;
    const bool fresh = !std::filesystem::exists(path, ignored);
    SqliteDatabase database(file);
    if (sqlite3_open_v2(path.c_str(), &database.handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) != SQLITE_OK)
      return tl::unexpected(sqlite_error(database.handle_, file, "be opened"));
    if (fresh) std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, ignored);
    sqlite3_busy_timeout(database.handle_, 5000);
    const auto opened = database.execute(durability == Durability::every_commit ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                                                                : "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", "be opened");
    if (!opened) return tl::unexpected(opened.error());
    return database;
  }
  SqliteDatabase(SqliteDatabase&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), file_(other.file_) {}
  SqliteDatabase& operator=(SqliteDatabase&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(file_, other.file_);
    return *this;
  }
  ~SqliteDatabase() { sqlite3_close(handle_); }

  sqlite3* handle() const { return handle_; }
  Result<void> execute(const char* sql, const std::string& doing) const {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return tl::unexpected(sqlite_error(handle_, *file_, doing));
    return {};
  }

 private:
  explicit SqliteDatabase(const SqliteFile& file) : file_(&file) {}
  sqlite3* handle_ = nullptr;
  const SqliteFile* file_;
};

// A prepared statement: bind by position, step, read by column.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* handle, const char* sql, const SqliteFile& file) : handle_(handle), file_(file) {
    good_ = sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr) == SQLITE_OK;
  }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  ~SqliteStatement() { sqlite3_finalize(statement_); }

  bool good() const { return good_; }
  void bind(int at, std::int64_t value) { sqlite3_bind_int64(statement_, at, value); }
  void bind(int at, double value) { sqlite3_bind_double(statement_, at, value); }
  void bind(int at, const std::string& value) { sqlite3_bind_text(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT); }
  template <class T>
  void bind(int at, const std::optional<T>& value) {
    value ? bind(at, *value) : static_cast<void>(sqlite3_bind_null(statement_, at));
  }
  bool row() { return (last_ = good_ ? sqlite3_step(statement_) : SQLITE_ERROR) == SQLITE_ROW; }
  bool failed() const { return last_ != SQLITE_ROW && last_ != SQLITE_DONE; }
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  double number(int column) const { return sqlite3_column_double(statement_, column); }
  std::string text(int column) const {
    const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return value != nullptr ? std::string(value, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
  }
  Result<void> run(const std::string& doing) {
    row();
    if (!failed()) {
      sqlite3_reset(statement_);
      return {};
    }
    auto error = sqlite_error(handle_, file_, doing);  // before the reset, which may change what is said
    if (statement_ != nullptr) sqlite3_reset(statement_);
    return tl::unexpected<Error>(std::move(error));
  }

 private:
  sqlite3* handle_;
  const SqliteFile& file_;
  sqlite3_stmt* statement_ = nullptr;
  bool good_ = false;
  int last_ = SQLITE_DONE;
};

}  // namespace joinedup
