// What an operation writes: one transaction, each change held to the version that was read, with who, when and why. Inside this room only.
//
//   Changes changes(ask);
//   const auto urn = changes.create(task);                  // to be referred to by the others
//   changes.update(episode, then);                          // If-Match the version that was read
//   changes.sign("accept", "Accepted", comment, {episode.reference()}, "Patient/1");
//   JOINEDUP_TRY(const auto written, changes.commit());     // in the order of create and update
#pragma once
#include <string>
#include <vector>

#include "casework/ask.hpp"

namespace joinedup::casework {

class Changes {
 public:
  explicit Changes(const Ask& ask) : ask_(ask) {}
  std::string create(Json resource);
  void update(const Found& now, const Json& then);  // what is not named in the difference stays as it is, digit by digit
  // A Provenance; the person is among its targets, so that it is theirs to see and is judged as part of their record.
  void sign(const std::string& activity, const std::string& words, const std::string& reason, const std::vector<std::string>& targets, const std::string& patient);
  // conflict with `stale` where somebody else wrote meanwhile: nothing was written.
  Result<std::vector<Json>> commit();
  bool empty() const { return entries_.empty(); }

 private:
  const Ask& ask_;
  std::vector<Json> entries_;
  std::size_t signatures_ = 0;
};

inline constexpr const char* stale = "stale";  // an Error's context

}  // namespace joinedup::casework
