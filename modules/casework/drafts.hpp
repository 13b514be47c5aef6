// What somebody typed and has not sent: by account, outside the record, seen by nobody else. Inside this room only.
//
//   JOINEDUP_TRY(auto drafts, Drafts::open(place.path("drafts.sqlite")));
//   JOINEDUP_CHECK(drafts->save("u-17", {"plan/7", "Patient/7", "{…}", now}));
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

struct sqlite3;

namespace joinedup::casework {

struct Draft {
  std::string form, about, content, saved;
};

class Drafts {
 public:
  static Result<std::shared_ptr<Drafts>> open(const std::string& path);
  ~Drafts();
  Drafts(const Drafts&) = delete;
  Drafts& operator=(const Drafts&) = delete;
  Result<void> save(const std::string& account, const Draft& draft, const std::string& forget_before);
  Result<void> discard(const std::string& account, const std::string& form);
  Result<std::vector<Draft>> of(const std::string& account, const std::string& form) const;  // form empty: all, the newest first

 private:
  explicit Drafts(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_;
  mutable std::mutex mutex_;
};

}  // namespace joinedup::casework
