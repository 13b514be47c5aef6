#include "rest/outcome.hpp"

#include <nlohmann/json.hpp>

namespace joinedup::rest {

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string outcome_json(const std::vector<Issue>& issues) {
  std::string out = R"({"resourceType":"OperationOutcome","issue":[)";
  for (const auto& issue : issues) {
    if (&issue != &issues.front()) out += ',';
    out += R"({"severity":)" + json_text(issue.severity) + R"(,"code":)" + json_text(issue.code) + R"(,"diagnostics":)" + json_text(issue.diagnostics);
    if (!issue.expression.empty()) out += R"(,"expression":[)" + json_text(issue.expression) + "]";
    out += '}';
  }
  return out + "]}";
}

Response json_response(int status, std::string body) {
  Response response{.status = status, .body = std::move(body)};
  response.headers.push_back({"Content-Type", "application/fhir+json; charset=utf-8"});
  return response;
}

Response outcome_response(const Error& error) {
  const auto& channel = error_channel(error.code);
  return json_response(channel.http_status, outcome_json({{"error", channel.fhir_issue, error.text(), {}}}));
}

}  // namespace joinedup::rest
