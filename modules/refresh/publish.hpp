// Versions on disk: made beside, put in place by one rename, kept for a while, swept when a run was killed. Private to this room.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::refresh {

// Holds the place for one refresh; conflict where another holds it. Released when it goes.
class PlaceLock {
 public:
  static Result<PlaceLock> take(const std::string& folder);
  PlaceLock(PlaceLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  PlaceLock& operator=(PlaceLock&&) = delete;
  ~PlaceLock();

 private:
  explicit PlaceLock(int file) : file_(file) {}
  int file_;
};

// Below `parent`: makes <run>.new empty; versions that a killed run left behind are erased first.
Result<std::string> begin_version(const std::string& parent, const std::string& run);
// <run>.new → <run>, then `current` points to it; older versions beyond `keep` are erased.
Result<void> publish_version(const std::string& parent, const std::string& run, std::size_t keep);
void drop_version(const std::string& folder);

}  // namespace joinedup::refresh
