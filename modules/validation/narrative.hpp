// The XHTML of a Narrative (FHIR R4, "Narrative"): well formed, basic elements and attributes only, something said. Inside this room only.
#pragma once
#include <string_view>

namespace joinedup::validation {

struct NarrativeVerdict {
  bool sound = false;  // txt-1
  bool said = false;   // txt-2: text that is not white space, or an image
};
NarrativeVerdict read_narrative(std::string_view xhtml);

}  // namespace joinedup::validation
