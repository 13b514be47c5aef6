// The parts of joinedup govern: each in a file of its own, a row in the table of govern_command.cpp.
#pragma once
#include <span>
#include <string>

namespace joinedup::cli {

// What stands after the part's name: "verify --place DIR --json".
int govern_agreements(std::span<const std::string> arguments);
int govern_audit(std::span<const std::string> arguments);
int govern_reidentify(std::span<const std::string> arguments);
int govern_users(std::span<const std::string> arguments);
int govern_demo(std::span<const std::string> arguments);   // users demo
int govern_caseload(std::span<const std::string> arguments);  // of a demonstration
int govern_clients(std::span<const std::string> arguments);
int govern_explain(std::span<const std::string> arguments);
int govern_emergency(std::span<const std::string> arguments);

}  // namespace joinedup::cli
