// How an element of a FHIR type is read for a kind of search parameter (R4 §3.1.1.4). Inside this room only.
//
//   if (auto read = element_reader(ParameterKind::token, "CodeableConcept")) read(document, node, slot, values);
#pragma once
#include <string_view>
#include <vector>

#include "fhir/extract.hpp"

namespace joinedup::fhir {

using ElementReader = void (*)(const fhirpath::Document&, fhirpath::NodeIndex, std::uint32_t slot, std::vector<Extracted>&);
// Nothing where a parameter of this kind does not read elements of this type.
ElementReader element_reader(ParameterKind kind, std::string_view type);

}  // namespace joinedup::fhir
