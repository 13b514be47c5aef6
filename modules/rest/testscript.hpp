// A runner of FHIR TestScripts (R4) against any server: fixtures, variables, setup, tests, teardown. For tests and checks.
//
//   TestScriptRun run{.send = [&](const Request& request) { return api.handle(request); }, .fixture = {}};
//   JOINEDUP_TRY(const auto report, run_test_script(text, run));
//   report.passed();   report.actions[0].said;
//
// A setup that fails ends the script; a test that fails ends at that action, and the next test begins; teardown is always run.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "rest/rest.hpp"

namespace joinedup::rest {

struct TestScriptRun {
  std::function<Response(const Request&)> send;
  // The text of a fixture by its reference; fixtures that are contained in the script need none.
  std::function<Result<std::string>(const std::string& reference)> fixture;
  const fhir::Permit* permit = nullptr;
  std::string base_url;  // left out of the addresses that servers gave
};

struct TestAction {
  std::string of;     // "setup", "test: …", "teardown"
  std::string label;
  enum class Outcome : std::uint8_t { passed, failed, warned, skipped } outcome = Outcome::passed;
  std::string said;   // what was wrong
};

struct TestReport {
  std::string name;
  std::vector<TestAction> actions;
  bool passed() const;
};

// An error where the text is no TestScript or asks for what this runner does not know.
Result<TestReport> run_test_script(std::string_view text, const TestScriptRun& run);

}  // namespace joinedup::rest
