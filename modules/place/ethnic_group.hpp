// The census's groups, for the one-letter codes of NHS data (NHS Data Dictionary, ETHNIC CATEGORY); other words stay.
//
//   ethnic_group("A") == "White";   ethnic_group("99") == ethnic_group("") == "Not known"
#pragma once
#include <string>

namespace joinedup::place {

std::string ethnic_group(const std::string& code);

}  // namespace joinedup::place
