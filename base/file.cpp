#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace joinedup {

Error system_error(const std::string& what, const std::string& path) {
  const int why = errno;
  const auto code = why == ENOSPC || why == EDQUOT ? ErrorCode::storage_full
                    : why == ENOENT                ? ErrorCode::not_found
                                                   : ErrorCode::unavailable;
  return {code, what + ": " + std::strerror(why) + ".", path};
}

Result<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::unexpected(system_error("The file cannot be opened", path));
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const auto got = ::read(file, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const auto error = system_error("The file cannot be read", path);
      ::close(file);
      return tl::unexpected(error);
    }
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(file);
  return text;
}

Result<void> write_file(const std::string& path, std::string_view text, FileMode mode) {
  const std::string temporary = path + ".new";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode == FileMode::secret ? 0600 : 0644);
  if (file < 0) return tl::unexpected(system_error("The file cannot be written", path));
  bool good = true;
  while (good && !text.empty()) {
    const auto put = ::write(file, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    good = put >= 0;
    if (good) text.remove_prefix(static_cast<std::size_t>(put));
  }
  good = good && ::fsync(file) == 0;
  if (!good) {
    const auto error = system_error("The file cannot be written", path);
    ::close(file);
    ::unlink(temporary.c_str());
    return tl::unexpected(error);
  }
  ::close(file);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return tl::unexpected(system_error("The file cannot be put in place", path));
  return {};
}

Result<void> make_folder(const std::string& path, FileMode mode) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(ErrorCode::unavailable, "The folder cannot be made: " + error.message() + ".", path);
  if (mode == FileMode::secret) ::chmod(path.c_str(), 0700);
  return {};
}

}  // namespace joinedup
