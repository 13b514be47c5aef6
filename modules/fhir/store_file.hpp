// The file of the record as a whole: who holds it, copies of it, its format. Inside this room only.
//
//   JOINEDUP_TRY(auto lock, StoreLock::take("shared-record.sqlite"));   // conflict: "process 4711 (joinedup) has it open"
//
// The lock lies on PATH.lock and is the kernel's: it goes with the process, however that ends.
#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"

namespace joinedup::fhir {

class StoreLock {
 public:
  static Result<StoreLock> take(const std::string& path);
  StoreLock() = default;
  StoreLock(StoreLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  StoreLock& operator=(StoreLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~StoreLock();

 private:
  int file_ = -1;
};

}  // namespace joinedup::fhir
