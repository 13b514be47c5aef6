#include "backup/place_locks.hpp"

#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup::backup {
namespace fs = std::filesystem;

Result<std::vector<HeldLock>> lock_place(const std::string& place) {
  std::vector<HeldLock> locks;
  const std::string record = place + "/shared-record.sqlite.lock";
  const auto holder = read_file(record);
  JOINEDUP_TRY(auto first, HeldLock::take(record, "The place is open in process " + (holder && !trim(*holder).empty() ? std::string(trim(*holder)) : std::string("(unknown)")) + ": stop the server first; nothing was changed.", HeldLock::Wait::no));
  locks.push_back(std::move(first));
  if (fs::is_directory(place + "/vault")) {
    JOINEDUP_TRY(auto refresh, HeldLock::take(place + "/vault/refresh.lock", "A refresh of this place is running: wait until it has ended; nothing was changed.", HeldLock::Wait::no));
    locks.push_back(std::move(refresh));
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(place + "/audit", ignored)) {
    if (!entry.is_regular_file(ignored) || entry.path().extension() != ".lock") continue;
    JOINEDUP_TRY(auto writer, HeldLock::take(entry.path(), "Another process writes this place's audit log: stop it first; nothing was changed.", HeldLock::Wait::no));
    locks.push_back(std::move(writer));
  }
  return locks;
}

std::string free_name(const std::string& wanted) {
  std::error_code ignored;
  std::string name = wanted;
  for (int i = 2; fs::exists(fs::symlink_status(name, ignored)); ++i) name = wanted + "." + std::to_string(i);
  return name;
}

Result<std::string> place_folder(const std::string& place) {
  std::error_code failed;
  auto path = fs::weakly_canonical(fs::absolute(place, failed), failed).string();
  if (failed) return fail(ErrorCode::unavailable, "The folder cannot be found: " + failed.message() + ".", place);
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace joinedup::backup
