// What the care door calls things: a resource's id is a keyed hash of the feed and of the source's own key, so that a second
// refresh writes the same resource, and nobody can tell a source key, a person key or a pseudonym from an id. This room only.
//
//   const Names names(secret);
//   names.id("Patient", "gp_registration", "4711")   // "8f14e45f-ceea-867a-9d3e-2f1c0a4b5c6d": always the same
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.hpp"

namespace joinedup::care_door {

class Names {
 public:
  explicit Names(std::string_view secret) : key_(secret) {}
  std::string id(std::string_view type, std::string_view feed, std::string_view source_key) const;
  std::string id(std::string_view type, std::string_view feed, std::int64_t source_key) const { return id(type, feed, std::to_string(source_key)); }

 private:
  HmacKey key_;
};

}  // namespace joinedup::care_door
