// The text of a resource as it is kept: as received, but for its id and for what the server says of it. Inside this room only.
//
//   JOINEDUP_TRY(auto body, keep_body(received, "Patient", "p1"));   // checks resourceType; puts the id in
//   with_meta(body.text, body.splice, 3, instant)                    // "meta":{"versionId":"3","lastUpdated":…,
//
// versionId and lastUpdated are known only once the write is committed, and are never trusted from outside: they are taken
// out on the way in, and put in again where the splice says on the way out.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "fhirpath/document.hpp"

namespace joinedup::fhir {

struct Splice {
  enum class Kind : std::uint8_t { members, only_members, object } kind = Kind::object;
  std::uint32_t at = 0;
  std::int64_t packed() const { return (std::int64_t{at} << 2) | static_cast<std::int64_t>(kind); }
  static Splice unpacked(std::int64_t packed) {
    return {static_cast<Kind>(packed & 3), static_cast<std::uint32_t>(packed >> 2)};
  }
};

struct KeptBody {
  std::string text;
  Splice splice;
};

// `document` is used for reading the text, and holds `text` of the result's contents no longer than the call.
Result<KeptBody> keep_body(std::string_view received, std::string_view type, std::string_view id, fhirpath::Document& document);
std::string with_meta(std::string_view text, Splice splice, std::uint64_t version, std::int64_t instant);
bool is_valid_id(std::string_view id);  // [A-Za-z0-9-.]{1,64}

}  // namespace joinedup::fhir
