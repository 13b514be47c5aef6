#include <algorithm>

#include "rest/state.hpp"

namespace joinedup::rest {

namespace {

bool is_of_an_id(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

}  // namespace

// Rather one too many than one too few: a reference to another server's Patient counts by its id.
std::vector<std::string> patients_named(std::string_view type, std::string_view id, std::string_view body) {
  constexpr std::string_view before = "Patient/";
  std::vector<std::string> found;
  if (type == "Patient") found.emplace_back(id);
  for (auto at = body.find(before); at != body.npos; at = body.find(before, at)) {
    const bool begins = at > 0 && (body[at - 1] == '"' || body[at - 1] == '/');
    at += before.size();
    auto end = at;
    while (end < body.size() && is_of_an_id(body[end])) ++end;
    const auto name = body.substr(at, end - at);
    if (begins && !name.empty() && name.size() <= 64 && std::find(found.begin(), found.end(), name) == found.end()) found.emplace_back(name);
    at = end;
  }
  return found;
}

}  // namespace joinedup::rest
