#include "fhir/store_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "fhir/store.hpp"
#include "fhir/version_log.hpp"

namespace joinedup::fhir {

namespace {

namespace fs = std::filesystem;

struct Handle {
  sqlite3* db = nullptr;
  ~Handle() { sqlite3_close(db); }
};

Result<void> open_database(const std::string& path, int flags, Handle& handle) {
  if (sqlite3_open_v2(path.c_str(), &handle.db, flags | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
    return tl::unexpected(sqlite_error(handle.db, "be opened", path));
  sqlite3_busy_timeout(handle.db, 10'000);
  return {};
}

Result<std::string> first_value(sqlite3* db, const std::string& sql, const std::string& path) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return tl::unexpected(sqlite_error(db, "be read", path));
  std::string out;
  const int status = sqlite3_step(statement);
  if (status == SQLITE_ROW && sqlite3_column_text(statement, 0) != nullptr) out = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
  sqlite3_finalize(statement);
  if (status != SQLITE_ROW && status != SQLITE_DONE) return tl::unexpected(sqlite_error(db, "be read", path));
  return out;
}

Result<void> flush_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool good = file >= 0 && ::fsync(file) == 0;
  const auto error = system_error("The copy of the shared record cannot be brought to the disk", path);
  if (file >= 0) ::close(file);
  if (!good) return tl::unexpected(error);
  return {};
}

Result<void> rename_durably(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return tl::unexpected(system_error("The shared record's file cannot be put in its place", to));
  const auto folder = fs::path(to).parent_path();
  const int file = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file >= 0) {
    ::fsync(file);
    ::close(file);
  }
  return {};
}

void remove_leftovers(const std::string& path) {
  std::error_code ignored;
  for (const char* end : {"-wal", "-shm", "-journal"}) fs::remove(path + end, ignored);
}

// A whole copy at one moment: the reading transaction holds that moment, however long the copying takes.
Result<void> copy_pages(const std::string& from, const std::string& to) {
  std::error_code ignored;
  fs::remove(to, ignored);
  remove_leftovers(to);
  const int made = ::open(to.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (made < 0) return tl::unexpected(system_error("The copy of the shared record cannot be written", to));
  ::close(made);
  Handle source, target;
  JOINEDUP_CHECK(open_database(from, SQLITE_OPEN_READWRITE, source));
  JOINEDUP_TRY(const int format, format_of(source.db, from));
  if (format < 0) return fail(ErrorCode::invalid_input, "This file is no shared record.", from);
  JOINEDUP_CHECK(open_database(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, target));
  sqlite3_exec(target.db, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr);  // one flush at the end
  if (sqlite3_exec(source.db, "BEGIN", nullptr, nullptr, nullptr) != SQLITE_OK) return tl::unexpected(sqlite_error(source.db, "be copied", from));
  JOINEDUP_CHECK(first_value(source.db, "SELECT max(row) FROM version", from));  // from here on the moment is held
  sqlite3_backup* copy = sqlite3_backup_init(target.db, "main", source.db, "main");
  if (copy == nullptr) return tl::unexpected(sqlite_error(target.db, "be copied", to));
  int status = SQLITE_OK;
  while ((status = sqlite3_backup_step(copy, 4096)) == SQLITE_OK) {}
  sqlite3_backup_finish(copy);
  if (status != SQLITE_DONE) return tl::unexpected(sqlite_error(target.db, "be copied", to));
  sqlite3_exec(target.db, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);  // one file, nothing beside it
  return {};
}

Result<void> copy_store(const std::string& from, const std::string& to) {
  const std::string part = to + ".part";
  auto done = copy_pages(from, part);
  if (done) done = flush_file(part);
  if (done) done = rename_durably(part, to);
  if (!done) {
    std::error_code ignored;
    fs::remove(part, ignored);
    remove_leftovers(part);
  }
  return done;
}

}  // namespace

Result<StoreLock> StoreLock::take(const std::string& path) {
  const std::string name = path + ".lock";
  StoreLock lock;
  lock.file_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.file_ < 0) return tl::unexpected(system_error("The shared record's lock cannot be made", name));
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return tl::unexpected(system_error("The shared record's lock cannot be taken", name));
    char holder[128] = {};
    const auto size = ::pread(lock.file_, holder, sizeof holder - 1, 0);
    const std::string who(trim(std::string_view(holder, size > 0 ? static_cast<std::size_t>(size) : 0)));
    return fail(ErrorCode::conflict, "The shared record is open in " + (who.empty() ? std::string("another process") : "process " + who) +
                                         ": one process writes it at a time. Ask that one, or stop it first.", path);
  }
  const auto command = read_file("/proc/self/comm");
  const std::string who = std::to_string(::getpid()) + " (" + std::string(command ? trim(*command) : "joinedup") + ")\n";
  if (::ftruncate(lock.file_, 0) != 0 || ::pwrite(lock.file_, who.data(), who.size(), 0) < 0) {}  // a full disk: the lock holds, its name is missing
  return lock;
}

StoreLock::~StoreLock() {
  if (file_ >= 0) ::close(file_);
}

Result<void> backup_store(const std::string& path, const std::string& to) {
  if (!fs::exists(path)) return fail(ErrorCode::not_found, "There is no shared record to back up.", path);
  return copy_store(path, to);
}

Result<void> restore_store(const std::string& backup, const std::string& path) {
  if (!fs::exists(backup)) return fail(ErrorCode::not_found, "There is no such backup.", backup);
  JOINEDUP_TRY(const auto lock, StoreLock::take(path));
  const std::string part = path + ".restored";
  JOINEDUP_CHECK(copy_store(backup, part));
  const auto stop = [&](Error error) -> Result<void> {
    std::error_code ignored;
    fs::remove(part, ignored);
    return tl::unexpected(std::move(error));
  };
  {
    Handle copy;
    JOINEDUP_CHECK(open_database(part, SQLITE_OPEN_READWRITE, copy));
    const auto sound = first_value(copy.db, "PRAGMA quick_check(1)", part);
    if (!sound) return stop(sound.error());
    if (*sound != "ok") return stop({ErrorCode::invalid_input, "The backup is damaged; nothing was changed. Take an older one.", backup});
    const auto format = format_of(copy.db, part);
    if (!format) return stop(format.error());
    if (*format > format_number) return stop({ErrorCode::unsupported, "The backup was written by a newer version of this program; nothing was changed.", backup});
  }
  if (fs::exists(path)) {
    {  // what stands beside the file goes into it, so that what is kept is whole
      Handle old;
      if (open_database(path, SQLITE_OPEN_READWRITE, old)) sqlite3_exec(old.db, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr);
    }
    JOINEDUP_CHECK(rename_durably(path, path + ".before-restore"));
  }
  remove_leftovers(path);
  std::error_code ignored;
  fs::remove_all(path + ".index", ignored);
  return rename_durably(part, path);
}

Result<int> format_of(sqlite3* db, const std::string& path) {
  JOINEDUP_TRY(const auto any, first_value(db, "SELECT count(*) FROM sqlite_master", path));
  if (any == "0") return -1;
  JOINEDUP_TRY(const auto ours, first_value(db, "SELECT count(*) FROM sqlite_master WHERE name IN ('setting', 'version')", path));
  if (ours != "2") return fail(ErrorCode::invalid_input, "This file is no shared record.", path);
  JOINEDUP_TRY(const auto text, first_value(db, "SELECT value FROM setting WHERE name = 'format'", path));
  if (text.empty()) return -1;  // cut short before its first commit
  int format = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), format);
  if (error != std::errc() || end != text.data() + text.size() || format < 0)
    return fail(ErrorCode::invalid_input, "The shared record's format cannot be read.", path);
  return format;
}

Result<int> migrate(const std::string& path, int to, const std::vector<Migration>& migrations) {
  JOINEDUP_TRY(const auto lock, StoreLock::take(path));
  Handle handle;
  JOINEDUP_CHECK(open_database(path, SQLITE_OPEN_READWRITE, handle));
  JOINEDUP_TRY(const int had, format_of(handle.db, path));
  if (had > to) return fail(ErrorCode::unsupported, "The shared record was written by a newer version of this program; nothing was changed.", path);
  if (had == to || had < 0) return to;
  JOINEDUP_CHECK(copy_store(path, path + ".format-" + std::to_string(had)));
  const auto run = [&](const std::string& sql) -> Result<void> {
    if (sqlite3_exec(handle.db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    auto error = sqlite_error(handle.db, "be brought to the new format", path);
    if (sqlite3_get_autocommit(handle.db) == 0) sqlite3_exec(handle.db, "ROLLBACK", nullptr, nullptr, nullptr);
    return tl::unexpected(std::move(error));
  };
  JOINEDUP_CHECK(run("PRAGMA synchronous = FULL; BEGIN IMMEDIATE"));
  int now = had;
  for (const Migration& step : migrations) {
    if (step.from != now) continue;
    JOINEDUP_CHECK(run(step.sql));
    ++now;
  }
  if (now != to) {
    JOINEDUP_CHECK(run("ROLLBACK"));
    return fail(ErrorCode::unsupported, "There is no way from the shared record's format " + std::to_string(had) + " to " + std::to_string(to) + "; nothing was changed.", path);
  }
  JOINEDUP_CHECK(run("UPDATE setting SET value = '" + std::to_string(to) + "' WHERE name = 'format'; COMMIT"));
  return had;
}

Result<int> upgrade_store(const std::string& path) {
  if (!fs::exists(path)) return fail(ErrorCode::not_found, "There is no shared record to upgrade.", path);
  static const std::vector<Migration> none;  // the format has been 1 from the beginning
  return migrate(path, format_number, none);
}

}  // namespace joinedup::fhir
