// A TestScript's assertions.
#include <re2/re2.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "rest/operations.hpp"
#include "rest/testscript_state.hpp"

namespace joinedup::rest {

namespace {

const std::map<std::string, std::string, std::less<>> named_codes = {
    {"okay", "200"}, {"created", "201"}, {"noContent", "204"}, {"notModified", "304"}, {"bad", "400"}, {"forbidden", "403"}, {"notFound", "404"},
    {"methodNotAllowed", "405"}, {"conflict", "409"}, {"gone", "410"}, {"preconditionFailed", "412"}, {"unprocessable", "422"}};

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("-+.0123456789eE") == text.npos;
}

bool in_list(const std::string& value, const std::string& list) {
  for (const auto part : split(list, ','))
    if (trim(part) == value) return true;
  return false;
}

// Nothing: it holds.
Result<std::optional<std::string>> compare(const std::string& op, const std::optional<std::string>& found, const std::string& wanted, const std::string& what) {
  const std::string value = found.value_or("");
  bool holds = false;
  if (op.empty() || op == "equals") holds = found && value == wanted;
  else if (op == "notEquals") holds = value != wanted;
  else if (op == "in") holds = in_list(value, wanted);
  else if (op == "notIn") holds = !in_list(value, wanted);
  else if (op == "empty") holds = value.empty();
  else if (op == "notEmpty") holds = !value.empty();
  else if (op == "contains") holds = value.find(wanted) != value.npos;
  else if (op == "notContains") holds = value.find(wanted) == value.npos;
  else if (op == "greaterThan" || op == "lessThan") {
    const bool numbers = is_number(value) && is_number(wanted);
    const bool less = numbers ? std::strtod(value.c_str(), nullptr) < std::strtod(wanted.c_str(), nullptr) : value < wanted;
    const bool same = numbers ? std::strtod(value.c_str(), nullptr) == std::strtod(wanted.c_str(), nullptr) : value == wanted;
    holds = found && (op == "lessThan" ? less : !less && !same);
  } else if (op == "matchesRegex") {
    const RE2 pattern(wanted, RE2::Quiet);
    if (!pattern.ok()) return fail(ErrorCode::invalid_input, "The TestScript holds a regular expression that cannot be read.");
    holds = RE2::PartialMatch(value, pattern);
  } else if (op == "eval") holds = value == "true";
  else return fail(ErrorCode::unsupported, "The TestScript asks for an operator that this runner does not know: " + op + ".");
  if (holds) return std::optional<std::string>();
  return std::optional(what + " is \"" + value.substr(0, 200) + "\", asked for: " + (op.empty() ? "equals" : op) + " \"" + wanted + "\"");
}

// Whether everything in `least` is in `json`: lists hold each item somewhere.
bool holds_least(const Json& json, const Json& least) {
  if (json.kind != least.kind) return false;
  if (least.is_object())
    return std::all_of(least.members.begin(), least.members.end(), [&](const Json::Member& one) {
      const Json* found = json.find(one.name);
      return found != nullptr && holds_least(*found, one.value);
    });
  if (least.is_list())
    return std::all_of(least.items.begin(), least.items.end(), [&](const Json& wanted) {
      return std::any_of(json.items.begin(), json.items.end(), [&](const Json& item) { return holds_least(item, wanted); });
    });
  return same_json(json, least);
}

Result<std::optional<std::string>> check_links(const Exchange& exchange) {
  for (const char* relation : {"first", "last", "next"}) {
    JOINEDUP_TRY(const auto link, evaluate_text(exchange.response.body, std::string("link.where(relation = '") + relation + "').url"));
    if (!link) return std::optional(std::string("the Bundle has no link ") + relation);
  }
  return std::optional<std::string>();
}

}  // namespace

std::string path_expression(std::string path) {
  if (path.starts_with("$.")) path.erase(0, 2);
  while (path.starts_with('.') || path.starts_with('/')) path.erase(0, 1);
  for (auto at = path.find("fhir:"); at != path.npos; at = path.find("fhir:")) path.erase(at, 5);
  if (const auto at = path.find("/@value"); at != path.npos) path.erase(at);
  std::replace(path.begin(), path.end(), '/', '.');
  for (auto at = path.find("[*]"); at != path.npos; at = path.find("[*]")) path.erase(at, 3);
  return path;
}

Result<std::optional<std::string>> check_assert(const ScriptState& state, const Json& assert) {
  const std::string op = member_text(assert, "operator"), source = member_text(assert, "sourceId");
  const bool of_request = member_text(assert, "direction") == "request";
  const Exchange* exchange = state.exchange(source);
  if (exchange == nullptr) exchange = state.exchange("");
  if (exchange == nullptr) return fail(ErrorCode::invalid_input, "The TestScript asserts before it has asked anything.");
  JOINEDUP_TRY(const std::string wanted, state.substitute(member_text(assert, "value")));
  const std::string body = [&] {
    if (of_request) return exchange->request.body;
    if (const auto given = state.source(source); given && !source.empty()) return *given;
    return exchange->response.body;
  }();

  if (const auto named = member_text(assert, "response"); !named.empty()) {
    const auto code = named_codes.find(named);
    if (code == named_codes.end()) return fail(ErrorCode::unsupported, "The TestScript asks for a response that this runner does not know: " + named + ".");
    return compare(op, std::to_string(exchange->response.status), code->second, "the response code");
  }
  if (const auto code = member_text(assert, "responseCode"); !code.empty()) return compare(op, std::to_string(exchange->response.status), code, "the response code");
  if (const auto type = member_text(assert, "contentType"); !type.empty()) {
    const std::string full = type == "json" ? "application/fhir+json" : type == "xml" ? "application/fhir+xml" : type;
    const std::string given(of_request ? exchange->request.header("Content-Type") : exchange->response.header("Content-Type"));
    const bool plain = op.empty() || op == "equals";
    return compare(plain ? "contains" : op, given, full, "the content type");
  }
  if (const auto field = member_text(assert, "headerField"); !field.empty()) {
    const auto value = of_request ? exchange->request.header(field) : exchange->response.header(field);
    return compare(op, value.empty() ? std::nullopt : std::optional(std::string(value)), wanted, "the header " + field);
  }
  if (const auto method = member_text(assert, "requestMethod"); !method.empty()) return compare(op, lower_ascii(exchange->request.method), method, "the method");
  if (const auto url = member_text(assert, "requestURL"); !url.empty()) return compare(op, exchange->request.path, url, "the address");
  if (const auto pattern = member_text(assert, "responseBody"); !pattern.empty()) return compare(op, exchange->response.body, pattern, "the body");
  if (const auto type = member_text(assert, "resource"); !type.empty()) {
    const auto tree = Json::parse(body);
    return compare(op, tree ? std::optional(member_text(*tree, "resourceType")) : std::nullopt, type, "the resource's type");
  }
  if (const auto least = member_text(assert, "minimumId"); !least.empty()) {
    JOINEDUP_TRY(const auto text, state.source(least));
    JOINEDUP_TRY(const auto smallest, Json::parse(text));
    const auto tree = Json::parse(body);
    if (tree && holds_least(*tree, smallest)) return std::optional<std::string>();
    return std::optional<std::string>("the content does not hold all that " + least + " holds");
  }
  if (const Json* links = assert.find("navigationLinks"); links != nullptr && links->scalar == "true") return check_links(*exchange);
  if (assert.find("validateProfileId") != nullptr) {
    for (const auto& issue : validation_issues(body, {}))
      if (issue.severity == "error" || issue.severity == "fatal") return std::optional(issue.expression + ": " + issue.diagnostics);
    return std::optional<std::string>();
  }
  std::string expression = member_text(assert, "expression");
  if (expression.empty() && assert.find("path") != nullptr) expression = path_expression(member_text(assert, "path"));
  if (const auto other = member_text(assert, "compareToSourceId"); !other.empty()) {
    std::string theirs = member_text(assert, "compareToSourceExpression");
    if (theirs.empty() && assert.find("compareToSourcePath") != nullptr) theirs = path_expression(member_text(assert, "compareToSourcePath"));
    if (theirs.empty()) theirs = expression;
    JOINEDUP_TRY(const auto text, state.source(other));
    if (theirs.empty()) {  // the whole
      const auto a = Json::parse(body), b = Json::parse(text);
      return a && b && same_json(*a, *b) ? std::optional<std::string>() : std::optional<std::string>("the content is not that of " + other);
    }
    JOINEDUP_TRY(const auto their_value, evaluate_text(text, theirs));
    JOINEDUP_TRY(const auto value, evaluate_text(body, expression.empty() ? theirs : expression));
    return compare(op, value, their_value.value_or(""), expression.empty() ? theirs : expression);
  }
  if (!expression.empty()) {
    JOINEDUP_TRY(const auto text, state.substitute(expression));
    JOINEDUP_TRY(const auto value, evaluate_text(body, text));
    if (assert.find("value") == nullptr && op.empty()) return compare("eval", value, "true", text);
    return compare(op, value, wanted, text);
  }
  return fail(ErrorCode::unsupported, "The TestScript has an assertion that this runner does not know.");
}

}  // namespace joinedup::rest
