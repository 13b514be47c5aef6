// What a TestScript knows while it runs. Inside this room only.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "rest/json_tree.hpp"
#include "rest/testscript.hpp"

namespace joinedup::rest {

struct Exchange {
  Request request;
  Response response;
};

struct ScriptState {
  const TestScriptRun& run;
  const Json& script;
  std::map<std::string, std::string> fixtures;    // texts by id
  std::map<std::string, Exchange> exchanges;      // by responseId and requestId
  std::optional<Exchange> last;

  // The text of a fixture, or of a response or request, by its id; the last response where the id is empty.
  Result<std::string> source(const std::string& id) const;
  const Exchange* exchange(const std::string& id) const;  // nullptr: none; the last where the id is empty
  Result<std::string> substitute(std::string text) const;  // ${variable}
};

std::string member_text(const Json& json, std::string_view name);
// The first value of a FHIRPath expression over a resource's text, as text; nothing where there is none.
Result<std::optional<std::string>> evaluate_text(const std::string& resource, const std::string& expression);
// A TestScript's `path` (JSONPath or XPath, simple forms) as FHIRPath.
std::string path_expression(std::string path);

// Nothing: it holds. Otherwise what is wrong.
Result<std::optional<std::string>> check_assert(const ScriptState& state, const Json& assert);

}  // namespace joinedup::rest
