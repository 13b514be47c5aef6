// FHIR XML to FHIR JSON, as far as the test cases need it. For tests of this room only.
#pragma once
#include <string>

#include "base/result.hpp"

namespace joinedup::fhirpath {
Result<std::string> xml_to_json(const std::string& xml);
}
