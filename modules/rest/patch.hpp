// A resource's text with a patch applied: JSON Patch (RFC 6902) and FHIRPath Patch (R4). Inside this room only.
//
//   JOINEDUP_TRY(auto text, json_patch(resource, R"([{"op":"replace","path":"/gender","value":"female"}])", 1000));
//   JOINEDUP_TRY(auto text, fhirpath_patch(resource, parameters, 1000));   // a Parameters resource
//
// Numbers that the patch does not touch keep their digits. All of the patch is applied or none.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace joinedup::rest {

Result<std::string> json_patch(std::string_view resource, std::string_view patch, std::size_t most_steps);
Result<std::string> fhirpath_patch(std::string_view resource, std::string_view parameters, std::size_t most_steps);

}  // namespace joinedup::rest
