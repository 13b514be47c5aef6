// One file at a time, onto the disk for its owner only, with its sum. Inside this room only.
#pragma once
#include <cstdint>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace joinedup::backup {

struct Copied {
  std::string sha256;
  std::uint64_t bytes = 0;
};
// unavailable where it changes again and again while it is read; not_found where it is gone.
Result<Copied> copy_plain(const std::string& from, const std::string& to);
// As it stands at one moment, whoever writes it meanwhile; every page is looked at. invalid_input: damaged.
Result<Copied> copy_sqlite(const std::string& from, const std::string& to);
Result<Copied> sum_of(const std::string& path);
enum class Check { quick, whole };
Result<void> check_sqlite(const std::string& path, Check check);  // invalid_input where a page or an index is wrong
bool is_sqlite(const std::string& path);
Result<void> make_folders_for(const std::string& root, const std::string& below);  // of the file root/below; 0700 each
void remove_marked(const std::string& folder, const std::string& mark);  // the file `mark` in it goes last: killed in between, it is still known for what it is
Result<void> sync_path(const std::string& path);  // a file or a folder

// Held by one process at a time; goes with the process.
class HeldLock {
 public:
  enum class Wait { no, yes };
  static Result<HeldLock> take(const std::string& path, const std::string& busy, Wait wait);
  HeldLock(HeldLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  HeldLock& operator=(HeldLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~HeldLock();

 private:
  explicit HeldLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace joinedup::backup
