// What the operations share with the writes. Inside this room only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "rest/outcome.hpp"
#include "rest/rest.hpp"

namespace joinedup::rest {

// Everything that validation finds in a resource's text; what is no JSON is one issue. validator: null is the base definitions.
std::vector<Issue> validation_issues(std::string_view body, const std::vector<std::string>& profiles, const validation::Validator* validator = nullptr);

}  // namespace joinedup::rest
