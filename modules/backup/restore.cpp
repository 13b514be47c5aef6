#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "backup/backup.hpp"
#include "backup/copy.hpp"
#include "backup/manifest.hpp"
#include "backup/place_locks.hpp"
#include "backup/state.hpp"
#include "base/file.hpp"

namespace joinedup::backup {

namespace {

namespace fs = std::filesystem;

Error damaged(const std::string& file) { return {ErrorCode::invalid_input, "The backup is damaged: this file is not as it was written; nothing was changed. Take an older one.", file}; }

// Where each file of the backup lies: with the rest, or with the keys.
Result<std::string> source_of(const RestoreOptions& options, const Entry& entry) {
  for (const auto& folder : {options.from, options.keys_from}) {
    if (folder.empty()) continue;
    std::error_code ignored;
    const std::string path = folder + "/" + entry.path;
    const auto status = fs::symlink_status(path, ignored);
    if (!fs::exists(status)) continue;
    if (!fs::is_regular_file(status) || fs::file_size(path, ignored) != entry.bytes) return tl::unexpected(damaged(path));
    return path;
  }
  if (entry.is_key) return fail(ErrorCode::not_found, "The backup's keys are not here: say where they are with --keys-from FOLDER. Nothing was changed.", entry.path);
  return fail(ErrorCode::invalid_input, "The backup is not whole: a file is missing; nothing was changed. Take an older one.", options.from + "/" + entry.path);
}

// What grows beside the place until it is exchanged for it. Marked, so that nobody takes it for a place.
class Staging {
 public:
  static Result<Staging> begin(const std::string& folder) {
    const std::string mark = folder + "/" + unfinished_name;
    std::error_code ignored;
    if (fs::exists(folder)) {
      if (fs::exists(mark)) remove_marked(folder, unfinished_name);  // a killed restore
      else if (fs::is_empty(folder, ignored)) fs::remove(folder, ignored);
      else if (std::rename(folder.c_str(), free_name(folder.substr(0, folder.rfind('.')) + ".before-restore").c_str()) != 0)  // killed after the exchange
        return tl::unexpected(system_error("What an earlier restore left cannot be put aside", folder));
    }
    if (::mkdir(folder.c_str(), 0700) != 0) return tl::unexpected(system_error("The folder to restore into cannot be made", folder));
    Staging out(folder);
    JOINEDUP_CHECK(write_file(mark, "A restore was not finished here.\n", FileMode::secret));
    return out;
  }
  Staging(Staging&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  ~Staging() {
    if (!folder_.empty()) remove_marked(folder_, unfinished_name);
  }
  const std::string& folder() const { return folder_; }
  void keep() { folder_.clear(); }

 private:
  explicit Staging(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

Result<void> put_back(const RestoreOptions& options, const Entry& entry, const std::string& staging) {
  JOINEDUP_TRY(const auto from, source_of(options, entry));
  const std::string to = staging + "/" + entry.path;
  JOINEDUP_CHECK(make_folders_for(staging, entry.path));
  JOINEDUP_TRY(const auto copied, copy_plain(from, to));
  if (copied.sha256 != entry.sha256 || copied.bytes != entry.bytes) return tl::unexpected(damaged(from));
  if (!entry.is_sqlite) return {};
  if (auto sound = check_sqlite(to, Check::whole); !sound) {
    if (sound.error().code == ErrorCode::invalid_input) return tl::unexpected(damaged(from));
    return sound;
  }
  return {};
}

// Extracts are never changed by the program: the place as it was and the new one may share them.
Result<void> carry_over(const std::string& from, const std::string& to) {
  std::error_code failed;
  for (auto walk = fs::recursive_directory_iterator(from, failed); !failed && walk != fs::recursive_directory_iterator(); walk.increment(failed)) {
    const std::string target = to + "/" + walk->path().lexically_relative(from).string();
    std::error_code ignored;
    JOINEDUP_CHECK(make_folder(walk->is_directory(ignored) && !walk->is_symlink(ignored) ? fs::path(target) : fs::path(target).parent_path()));
    if (walk->is_symlink(ignored)) fs::copy_symlink(walk->path(), target, failed);
    else if (walk->is_regular_file(ignored)) {
      fs::create_hard_link(walk->path(), target, ignored);
      if (ignored) {
        JOINEDUP_TRY(const auto copied, copy_plain(walk->path(), target));
      }
    }
  }
  if (failed) return fail(ErrorCode::unavailable, "The extracts that lie in the place cannot be kept: " + failed.message() + ". Nothing was changed.", from);
  return {};
}

Result<void> sync_folders(const std::string& folder) {
  std::error_code failed;
  for (const auto& entry : fs::recursive_directory_iterator(folder, failed))
    if (entry.is_directory(failed)) JOINEDUP_CHECK(sync_path(entry.path()));
  return sync_path(folder);
}

// One step, where the file system can: there is a place at every moment.
Result<std::string> exchange(const std::string& staging, const std::string& place) {
  std::error_code ignored;
  std::string kept;
  if (!fs::exists(place) || fs::is_empty(place, ignored)) {
    if (::rename(staging.c_str(), place.c_str()) != 0) return tl::unexpected(system_error("The restored place cannot take its name", place));
  } else {
    kept = free_name(place + ".before-restore");
    if (::renameat2(AT_FDCWD, staging.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) == 0) {
      if (::rename(staging.c_str(), kept.c_str()) != 0) return tl::unexpected(system_error("The place is restored; what stood there could not be renamed", staging));
    } else {
      if (errno != EINVAL && errno != ENOSYS)
        return tl::unexpected(system_error("The place cannot be exchanged for the restored one; nothing was changed. A place that is a mount point is restored into another folder", place));
      if (::rename(place.c_str(), kept.c_str()) != 0) return tl::unexpected(system_error("What stands there cannot be put aside; nothing was changed", place));
      if (::rename(staging.c_str(), place.c_str()) != 0) return tl::unexpected(system_error("The restored place cannot take its name; what stood there is beside it", kept));
    }
  }
  fs::remove(place + "/" + unfinished_name, ignored);
  JOINEDUP_CHECK(sync_path(place));
  JOINEDUP_CHECK(sync_path(fs::path(place).parent_path()));
  return kept;
}

std::vector<std::string> notes_of(const Restored& done, const Manifest& manifest, bool has_feeds) {
  std::vector<std::string> out;
  if (manifest.audit.is_there && !done.audit.ok) out.push_back("The audit log in the backup is BROKEN, as it was when the backup was taken (" + done.audit.first_bad + "): leave it as it is, and tell the guardian");
  if (!has_feeds) out.push_back("There are no extracts in the backup nor in the place: put them into feeds/ before you refresh");
  out.push_back("Now run joinedup refresh: warehouse and reports are made again");
  out.push_back("Objections, revocations and withdrawals since " + manifest.taken + " are not in it: ask the partners and the guardian for them before anybody signs in");
  return out;
}

}  // namespace

Result<Restored> restore_backup(const RestoreOptions& options) {
  JOINEDUP_TRY(const auto manifest, read_manifest(options.from));
  JOINEDUP_TRY(const auto place, place_folder(options.place));
  std::error_code ignored;
  const bool stands = fs::exists(place) && !fs::is_empty(place, ignored);
  if (stands && !fs::exists(place + "/place.toml") && !fs::exists(place + "/shared-record.sqlite"))
    return fail(ErrorCode::conflict, "This folder holds something that is not a place; nothing was changed.", place);
  std::vector<HeldLock> locks;
  if (stands) {
    JOINEDUP_TRY(locks, lock_place(place));
    fs::remove(place + "/" + unfinished_name, ignored);  // of a restore that was killed after it was done
  }
  JOINEDUP_CHECK(make_folder(fs::path(place).parent_path()));
  JOINEDUP_TRY(auto staging, Staging::begin(place + ".restoring"));
  Restored out;
  out.taken = manifest.taken;
  for (const auto& entry : manifest.files) {
    JOINEDUP_CHECK(put_back(options, entry, staging.folder()));
    ++out.files;
    out.bytes += entry.bytes;
  }
  JOINEDUP_TRY(const auto formats, formats_of(staging.folder()));
  for (const auto& one : formats)
    if (one.found > one.current)
      return fail(ErrorCode::unsupported, "The backup was written by a newer version of this program; nothing was changed.", one.path);
  out.audit = audit_state(staging.folder());
  if (out.audit.is_there != manifest.audit.is_there || out.audit.ok != manifest.audit.ok || out.audit.events != manifest.audit.events)
    return fail(ErrorCode::invalid_input, "The audit log is not what it was when the backup was taken (" + out.audit.first_bad + "); nothing was changed.", options.from);
  JOINEDUP_CHECK(make_folder(staging.folder() + "/feeds"));
  const bool took_feeds = std::any_of(manifest.files.begin(), manifest.files.end(), [](const Entry& one) { return one.path.starts_with("feeds/"); });
  const bool stand_feeds = fs::is_directory(place + "/feeds") && !fs::is_empty(place + "/feeds", ignored);
  if (!took_feeds && stand_feeds) JOINEDUP_CHECK(carry_over(place + "/feeds", staging.folder() + "/feeds"));
  JOINEDUP_CHECK(sync_folders(staging.folder()));
  const std::string restoring = staging.folder();
  staging.keep();
  auto kept = exchange(restoring, place);
  if (!kept) {
    if (fs::exists(restoring + "/" + unfinished_name)) remove_marked(restoring, unfinished_name);
    return tl::unexpected(kept.error());
  }
  out.kept_as = std::move(*kept);
  out.notes = notes_of(out, manifest, took_feeds || stand_feeds);
  return out;
}

}  // namespace joinedup::backup
