// OperationOutcome: how every fault and every warning is said. Inside this room only.
//
//   outcome_response(error)                                   // status and body of an Error
//   outcome_response(412, {{"error", "conflict", "…"}})
#pragma once
#include <string>
#include <vector>

#include "rest/json_tree.hpp"
#include "rest/rest.hpp"

namespace joinedup::rest {

struct Issue {
  std::string severity, code, diagnostics, expression;
};

std::string outcome_json(const std::vector<Issue>& issues);
Response outcome_response(const Error& error);
Response outcome_response(int status, const std::vector<Issue>& issues);
Response json_response(int status, std::string body);
Response empty_response(int status);

}  // namespace joinedup::rest
