#include "audit/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/file.hpp"

namespace joinedup::audit {
namespace fs = std::filesystem;

Result<FileLock> FileLock::take(const std::string& path, Wait wait) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return tl::unexpected(system_error("The audit log's lock cannot be opened", path));
  FileLock lock(file);
  while (::flock(file, LOCK_EX | (wait == Wait::no ? LOCK_NB : 0)) != 0)
    if (errno != EINTR) return fail(ErrorCode::conflict, "Another process writes this audit log; stop it first.", path);
  return lock;
}

FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

bool is_writer_name(std::string_view name) {
  return !name.empty() && name.size() <= 40 &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; }) && name[0] != '.';
}

std::vector<std::string> writers_of(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (const auto name = entry.path().filename().string(); entry.is_directory(ignored) && is_writer_name(name)) out.push_back(name);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> segments_of(const std::string& folder, const std::string& writer) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder + "/" + writer, ignored))
    if (entry.path().extension() == ".log") out.push_back(entry.path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> overwrite_head(const std::string& file, std::string_view line) {
  std::string sector(line);
  if (sector.size() > 767) return fail(ErrorCode::internal, "A signed head is too long.", file);
  sector.resize(767, ' ');
  sector += '\n';
  const int opened = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (opened < 0 && errno == ENOENT) return write_file(file, sector, FileMode::secret);
  if (opened < 0) return tl::unexpected(system_error("The audit log's head cannot be written", file));
  const auto written = ::pwrite(opened, sector.data(), sector.size(), 0);
  if (written != static_cast<ssize_t>(sector.size())) {
    const auto error = system_error("The audit log's head cannot be written", file);
    ::close(opened);
    return tl::unexpected(error);
  }
  ::close(opened);
  return {};
}

Result<void> append_line(const std::string& file, std::string_view line) {
  const std::string text = std::string(line) + "\n";
  const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (opened < 0) return tl::unexpected(system_error("The audit log's list of heads cannot be written", file));
  const auto written = ::write(opened, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()) || ::fdatasync(opened) != 0) {
    const auto error = system_error("The audit log's list of heads cannot be written", file);
    ::close(opened);
    return tl::unexpected(error);
  }
  ::close(opened);
  return {};
}

Result<void> sync_folder(const std::string& folder) {
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0 || ::fsync(opened) != 0) {
    const auto error = system_error("The audit log's folder cannot be written to the disk", folder);
    if (opened >= 0) ::close(opened);
    return tl::unexpected(error);
  }
  ::close(opened);
  return {};
}

}  // namespace joinedup::audit
