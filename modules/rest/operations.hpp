// What the operations share with the writes. Inside this room only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "rest/outcome.hpp"

namespace joinedup::rest {

// Everything that validation finds in a resource's text; what is no JSON is one issue.
std::vector<Issue> validation_issues(std::string_view body, const std::vector<std::string>& profiles);

}  // namespace joinedup::rest
