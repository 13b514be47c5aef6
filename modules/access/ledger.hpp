// What is decided about access outside of the record: emergency access and its review, entries that are withheld. DIR/access.sqlite (0600).
// Inside this room only.
//
//   JOINEDUP_TRY(auto ledger, Ledger::open("place/access.sqlite"));
//   JOINEDUP_TRY(const auto id, ledger->begin_emergency({.user = "u-17", .patient = "9", .reason = "found unconscious", …}));
//   ledger->changed()     // somebody else (the command line) wrote it since it was read
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "access/access.hpp"

struct sqlite3;

namespace joinedup::access {

class Ledger {
 public:
  static Result<std::unique_ptr<Ledger>> open(const std::string& path);
  ~Ledger();

  bool changed();  // since the last look, by another process
  Result<std::int64_t> begin_emergency(const Emergency& emergency);
  Result<std::vector<Emergency>> emergencies();
  Result<void> review(std::int64_t id, const Review& review, std::int64_t at);
  Result<void> end_emergency(std::int64_t id, std::int64_t at);
  Result<std::int64_t> withhold(const Withheld& withheld);
  Result<std::vector<Withheld>> withheld();
  Result<void> show_again(std::int64_t id, std::int64_t at);

 private:
  explicit Ledger(sqlite3* handle) : handle_(handle) {}
  std::mutex mutex_;
  sqlite3* handle_;
  std::int64_t version_ = -1;
};

}  // namespace joinedup::access
