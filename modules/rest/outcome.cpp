#include "rest/outcome.hpp"

namespace joinedup::rest {

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
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers.push_back({"Content-Type", "application/fhir+json; charset=utf-8"});
  return response;
}

Response empty_response(int status) {
  Response response;
  response.status = status;
  return response;
}

Response outcome_response(int status, const std::vector<Issue>& issues) {
  return json_response(status, outcome_json(issues));
}

Response outcome_response(const Error& error) {
  const auto& channel = error_channel(error.code);
  // Where our own machinery fails, the context is a file of this machine: that is for its log, not for a stranger.
  const bool ours = error.code == ErrorCode::internal || error.code == ErrorCode::unavailable || error.code == ErrorCode::storage_full;
  return outcome_response(channel.http_status, {{"error", channel.fhir_issue, ours ? error.sentence : error.text(), {}}});
}

}  // namespace joinedup::rest
