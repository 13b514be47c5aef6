#include "refresh/publish.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/file.hpp"

namespace joinedup::refresh {
namespace fs = std::filesystem;

Result<vault::PlaceLock> lock_place(const place::Place& place) {
  return vault::PlaceLock::take(place, std::chrono::seconds(3), "Another refresh of this place is running; wait until it has ended.");
}

void drop_version(const std::string& folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

Result<std::string> begin_version(const std::string& parent, const std::string& run) {
  JOINEDUP_CHECK(make_folder(parent));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error))
    if (entry.path().extension() == ".new") drop_version(entry.path().string());
  const std::string folder = parent + "/" + run + ".new";
  JOINEDUP_CHECK(make_folder(folder));
  return folder;
}

namespace {

Result<void> sync_folder(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return tl::unexpected(system_error("The folder cannot be opened", path));
  const bool good = ::fsync(folder) == 0;
  const auto error = good ? Error{} : system_error("The folder cannot be made durable", path);
  ::close(folder);
  if (!good) return tl::unexpected(error);
  return {};
}

}  // namespace

Result<void> publish_version(const std::string& parent, const std::string& run, std::size_t keep) {
  const std::string made = parent + "/" + run + ".new", version = parent + "/" + run;
  JOINEDUP_CHECK(sync_folder(made));
  if (::rename(made.c_str(), version.c_str()) != 0) return tl::unexpected(system_error("The new version cannot be put in place", version));
  const std::string link = parent + "/current", fresh = parent + "/current.link";
  ::unlink(fresh.c_str());
  if (::symlink(run.c_str(), fresh.c_str()) != 0 || ::rename(fresh.c_str(), link.c_str()) != 0)
    return tl::unexpected(system_error("The new version cannot be made the current one", link));
  JOINEDUP_CHECK(sync_folder(parent));
  std::vector<std::string> versions;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error))
    if (entry.is_directory() && !entry.is_symlink() && entry.path().extension() != ".new") versions.push_back(entry.path().string());
  std::sort(versions.begin(), versions.end());
  for (std::size_t i = 0; i + keep < versions.size(); ++i)
    if (versions[i] != version) drop_version(versions[i]);
  return {};
}

}  // namespace joinedup::refresh
