// FHIR XML to FHIR JSON: for definitions and test cases, which are published as XML. Nested deeper than 100 levels: an error.
#pragma once
#include <string>

#include "base/result.hpp"

namespace joinedup::fhirpath {
Result<std::string> xml_to_json(const std::string& xml);
}
