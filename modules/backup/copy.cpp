#include "backup/copy.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace joinedup::backup {
namespace {

namespace fs = std::filesystem;

struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

struct Handle {
  sqlite3* db = nullptr;
  ~Handle() { sqlite3_close(db); }
};

Error no_room(const std::string& what, const std::string& path) {
  auto error = system_error(what, path);
  if (errno == EFBIG) error.code = ErrorCode::storage_full;
  return error;
}

Error database_error(sqlite3* db, const std::string& what, const std::string& path) {
  const int code = sqlite3_extended_errcode(db);
  const bool is_full = code == SQLITE_FULL || code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_SHMSIZE;
  const int kind = code & 0xFF;
  return {is_full                                              ? ErrorCode::storage_full
          : kind == SQLITE_NOTADB || kind == SQLITE_CORRUPT ? ErrorCode::invalid_input
          : kind == SQLITE_BUSY                              ? ErrorCode::conflict
                                                             : ErrorCode::unavailable,
          what + ": " + (is_full ? "there is no room on the disk" : sqlite3_errmsg(db)) + ".", path};
}

Result<void> open_database(const std::string& path, int flags, Handle& handle) {
  if (sqlite3_open_v2(path.c_str(), &handle.db, flags | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
    return tl::unexpected(database_error(handle.db, "The database cannot be opened", path));
  sqlite3_busy_timeout(handle.db, 10'000);
  return {};
}

Result<std::string> first_value(sqlite3* db, const char* sql, const std::string& path) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) return tl::unexpected(database_error(db, "The database cannot be read", path));
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> end(statement, sqlite3_finalize);
  const int status = sqlite3_step(statement);
  if (status != SQLITE_ROW && status != SQLITE_DONE) return tl::unexpected(database_error(db, "The database cannot be read", path));
  const auto* text = status == SQLITE_ROW ? sqlite3_column_text(statement, 0) : nullptr;
  return text != nullptr ? std::string(reinterpret_cast<const char*>(text)) : std::string();
}


bool same_moment(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && a.st_ino == b.st_ino;
}

Result<Copied> copy_once(int source, const std::string& to) {
  const int target = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (target < 0) return tl::unexpected(no_room("The copy cannot be written", to));
  const Descriptor file{target};
  Sha256 sum;
  Copied out;
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const auto got = ::read(source, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(system_error("The file cannot be read", to));
    if (got == 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    sum.update(bytes);
    out.bytes += bytes.size();
    for (std::size_t done = 0; done < bytes.size();) {
      const auto put = ::write(target, bytes.data() + done, bytes.size() - done);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return tl::unexpected(no_room("The copy cannot be written", to));
      done += static_cast<std::size_t>(put);
    }
  }
  if (::fsync(target) != 0) return tl::unexpected(no_room("The copy cannot be brought to the disk", to));
  out.sha256 = sum.finish_hex();
  return out;
}

// The reading transaction holds the moment, however long the copying takes.
Result<void> copy_pages(const std::string& from, const std::string& to) {
  Handle source, target;
  JOINEDUP_CHECK(open_database(from, SQLITE_OPEN_READWRITE, source));
  JOINEDUP_CHECK(open_database(to, SQLITE_OPEN_READWRITE, target));
  sqlite3_exec(target.db, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr);  // one flush at the end
  if (sqlite3_exec(source.db, "BEGIN", nullptr, nullptr, nullptr) != SQLITE_OK) return tl::unexpected(database_error(source.db, "The database cannot be copied", from));
  JOINEDUP_CHECK(first_value(source.db, "SELECT count(*) FROM sqlite_master", from));
  sqlite3_backup* copy = sqlite3_backup_init(target.db, "main", source.db, "main");
  if (copy == nullptr) return tl::unexpected(database_error(target.db, "The database cannot be copied", from));
  int status = SQLITE_OK;
  while ((status = sqlite3_backup_step(copy, 4096)) == SQLITE_OK) {}
  sqlite3_backup_finish(copy);
  if (status != SQLITE_DONE) return tl::unexpected(database_error(target.db, "The database cannot be copied", from));
  if (sqlite3_exec(target.db, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr) != SQLITE_OK)  // one file, nothing beside it
    return tl::unexpected(database_error(target.db, "The copy cannot be finished", to));
  return {};
}

}  // namespace

Result<Copied> copy_plain(const std::string& from, const std::string& to) {
  for (int attempt = 0; attempt < 4; ++attempt) {
    const Descriptor source{::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (source.number < 0) return tl::unexpected(system_error("The file cannot be opened", from));
    struct stat before{}, after{};
    ::fstat(source.number, &before);
    auto copied = copy_once(source.number, to);
    ::fstat(source.number, &after);
    if (copied && same_moment(before, after)) return copied;
    ::unlink(to.c_str());
    if (!copied) return copied;
  }
  return fail(ErrorCode::unavailable, "The file changes again and again while it is copied.", from);
}

Result<Copied> copy_sqlite(const std::string& from, const std::string& to) {
  {
    const Descriptor made{::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (made.number < 0) return tl::unexpected(no_room("The copy cannot be written", to));
  }
  JOINEDUP_CHECK(copy_pages(from, to));
  if (auto sound = check_sqlite(to, Check::quick); !sound) {
    if (sound.error().code == ErrorCode::invalid_input)
      return fail(ErrorCode::invalid_input, "The database is damaged, so it was not put over a good backup. Keep the older backups, and restore the last that is whole.", from);
    return tl::unexpected(sound.error());
  }
  JOINEDUP_CHECK(sync_path(to));
  return sum_of(to);
}

Result<Copied> sum_of(const std::string& path) {
  JOINEDUP_TRY(auto sum, sha256_file(path));
  std::error_code failed;
  const auto bytes = fs::file_size(path, failed);
  if (failed) return fail(ErrorCode::unavailable, "The file's size cannot be read.", path);
  return Copied{std::move(sum), bytes};
}

Result<void> check_sqlite(const std::string& path, Check check) {
  Handle handle;
  JOINEDUP_CHECK(open_database(path, SQLITE_OPEN_READONLY, handle));
  const auto said = first_value(handle.db, check == Check::quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)", path);
  if (!said) return tl::unexpected(said.error());
  if (*said != "ok") return fail(ErrorCode::invalid_input, "The database is damaged.", path);
  return {};
}

bool is_sqlite(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  char head[16] = {};
  const auto got = file.number >= 0 ? ::read(file.number, head, sizeof head) : -1;
  if (got == sizeof head && std::string_view(head, sizeof head) == std::string_view("SQLite format 3", 16)) return true;
  return got == 0 && path.ends_with(".sqlite");  // all that it holds is in its journal yet
}

Result<void> make_folders_for(const std::string& root, const std::string& below) {
  for (auto mark = below.find('/'); mark != std::string::npos; mark = below.find('/', mark + 1)) {
    const std::string folder = root + "/" + below.substr(0, mark);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return tl::unexpected(no_room("The folder cannot be made", folder));
  }
  return {};
}

void remove_marked(const std::string& folder, const std::string& mark) {
  std::error_code ignored;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().filename() != mark) entries.push_back(entry.path());
  for (const auto& entry : entries) fs::remove_all(entry, ignored);
  fs::remove_all(folder, ignored);
}

Result<void> sync_path(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0 || ::fsync(file.number) != 0) return tl::unexpected(no_room("What was written cannot be brought to the disk", path));
  return {};
}

Result<HeldLock> HeldLock::take(const std::string& path, const std::string& busy, Wait wait) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return tl::unexpected(system_error("The lock cannot be made", path));
  HeldLock lock(file);
  while (::flock(file, LOCK_EX | (wait == Wait::no ? LOCK_NB : 0)) != 0)
    if (errno != EINTR) return fail(ErrorCode::conflict, busy, path);
  return lock;
}

HeldLock::~HeldLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace joinedup::backup
