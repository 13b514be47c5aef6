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

std::string_view status_text(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

}  // namespace joinedup::rest
