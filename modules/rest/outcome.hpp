// OperationOutcome: how every fault and every warning is said. Inside this room only.
//
//   outcome_response(error)                                   // status and body of an Error
//   outcome_json({{"warning", "not-supported", "…"}})
#pragma once
#include <string>
#include <vector>

#include "rest/rest.hpp"

namespace joinedup::rest {

struct Issue {
  std::string severity, code, diagnostics, expression;
};

std::string json_text(std::string_view text);  // with its quotes
std::string outcome_json(const std::vector<Issue>& issues);
Response outcome_response(const Error& error);
Response json_response(int status, std::string body);

}  // namespace joinedup::rest
