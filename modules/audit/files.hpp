// The files of an audit log: who holds them, which there are, how they are written. Inside this room only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::audit {

// Held by one process at a time; let go with the object, or with the process.
class FileLock {
 public:
  enum class Wait { no, yes };
  static Result<FileLock> take(const std::string& path, Wait wait);
  FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_ = -1;
};

std::vector<std::string> writers_of(const std::string& folder);                        // in order
std::vector<std::string> segments_of(const std::string& folder, const std::string& writer);  // file names, in order
Result<void> overwrite_head(const std::string& file, std::string_view line);            // in place, one write
Result<void> append_line(const std::string& file, std::string_view line);               // with its end of line; flushed to the disk
Result<void> sync_folder(const std::string& folder);
bool is_writer_name(std::string_view name);

}  // namespace joinedup::audit
