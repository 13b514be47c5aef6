#include "rest/testscript.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

class TestScriptTest : public ApiTest {
 protected:
  TestScriptRun runner() const {
    return {.send = [this](const Request& request) { return api_->handle(request); }, .fixture = {}, .permit = permit_, .base_url = base};
  }
  static std::string said(const TestReport& report) {
    std::string out;
    for (const auto& action : report.actions)
      if (action.outcome != TestAction::Outcome::passed) out += action.of + " " + action.label + ": " + action.said + "\n";
    return out;
  }
};

TEST_F(TestScriptTest, TheGivenScriptsPass) {
  namespace fs = std::filesystem;
  if (!fs::exists(shared_data("fhir/testscripts"))) GTEST_SKIP() << "the TestScripts are not here (JOINEDUP_SHARED_DATA)";
  send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a","gender":"female","birthDate":"1950-01-01","name":[{"family":"Smith"}]})");
  send("PUT /Observation/o", R"({"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"subject":{"reference":"Patient/a"}})");
  int seen = 0;
  for (const auto& file : fs::recursive_directory_iterator(shared_data("fhir/testscripts"))) {
    if (file.path().extension() != ".json") continue;
    ++seen;
    const auto report = run_test_script(*read_file(file.path().string()), runner());
    ASSERT_TRUE(report) << file.path() << report.error().text();
    EXPECT_TRUE(report->passed()) << file.path() << "\n" << said(*report);
    EXPECT_GE(report->actions.size(), 2U);
  }
  EXPECT_EQ(seen, 12);
}

// All that a runner must know, in one script; and the script with one claim turned round must fail there and nowhere else.
const char* const whole = R"script({"resourceType":"TestScript","name":"Whole","contained":[
  {"resourceType":"Patient","id":"fixture","gender":"female","identifier":[{"system":"s","value":"1"}],"name":[{"family":"Able"}]},
  {"resourceType":"Patient","id":"least","gender":"female"}],
 "fixture":[{"id":"start","autocreate":true,"autodelete":true,"resource":{"reference":"#fixture"}},{"id":"least","resource":{"reference":"#least"}}],
 "variable":[{"name":"newId","expression":"Patient.id","sourceId":"made"},{"name":"tag","headerField":"ETag","sourceId":"made"},{"name":"sex","defaultValue":"female"},{"name":"family","path":"$.name[0].family","sourceId":"made"}],
 "setup":{"action":[{"operation":{"type":{"code":"create"},"sourceId":"start","responseId":"made"}},{"assert":{"response":"created"}}]},
 "test":[{"name":"read","action":[
   {"operation":{"type":{"code":"read"},"resource":"Patient","params":"/${newId}","responseId":"again"}},
   {"assert":{"response":"okay"}},{"assert":{"resource":"Patient"}},{"assert":{"headerField":"ETag","operator":"equals","value":"${tag}"}},
   {"assert":{"expression":"Patient.gender","operator":"equals","value":"${sex}"}},{"assert":{"expression":"Patient.name.family = 'Able'"}},
   {"assert":{"compareToSourceId":"made","compareToSourceExpression":"Patient.id","expression":"Patient.id"}},
   {"assert":{"compareToSourceId":"made","operator":"equals"}},
   {"assert":{"path":"$.name[0].family","operator":"equals","value":"${family}"}},
   {"assert":{"minimumId":"slim","operator":"equals","direction":"response"}},{"assert":{"contentType":"json"}},{"assert":{"validateProfileId":"x"}}]},
  {"name":"update and version","action":[
   {"operation":{"type":{"code":"update"},"sourceId":"again","targetId":"made","responseId":"updated"}},{"assert":{"responseCode":"200"}},
   {"operation":{"type":{"code":"vread"},"targetId":"updated"}},{"assert":{"expression":"Patient.meta.versionId","operator":"equals","value":"2"}},
   {"operation":{"type":{"code":"history"},"targetId":"made"}},{"assert":{"expression":"Bundle.entry.count()","operator":"greaterThan","value":"1"}},
   {"operation":{"type":{"code":"search"},"resource":"Patient","params":"?identifier=s|1"}},{"assert":{"expression":"Bundle.entry.count()","operator":"in","value":"2,3"}},
   {"operation":{"type":{"code":"capabilities"}}},{"assert":{"resource":"CapabilityStatement"}},
   {"operation":{"type":{"code":"everything"},"targetId":"made"}},{"assert":{"resource":"Bundle"}}]}],
 "teardown":{"action":[{"operation":{"type":{"code":"delete"},"targetId":"made"}}]}})script";

TEST_F(TestScriptTest, FixturesVariablesSetupAndTeardown) {
  std::string script = whole;
  script.replace(script.find("\"minimumId\":\"slim\""), 18, "\"minimumId\":\"bare\"");
  script.replace(script.find(R"({"id":"least","resource")"), 0, R"({"id":"bare","resource":{"reference":"bare.json"}},)");
  auto run = runner();
  run.fixture = [](const std::string& reference) -> Result<std::string> {
    EXPECT_EQ(reference, "bare.json");
    return R"({"resourceType":"Patient","gender":"female"})";
  };
  const auto report = run_test_script(script, run);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->passed()) << said(*report);
  EXPECT_EQ(at(send("GET /Patient?_summary=count"), "total"), "0");  // autodelete and teardown

  std::string turned = script;
  turned.replace(turned.find("Patient.name.family = 'Able'"), 28, "Patient.name.family = 'Baker'");
  const auto failing = run_test_script(turned, run);
  ASSERT_TRUE(failing);
  EXPECT_FALSE(failing->passed());
  EXPECT_EQ(std::count_if(failing->actions.begin(), failing->actions.end(), [](const TestAction& one) { return one.outcome == TestAction::Outcome::failed; }), 1);
}

TEST_F(TestScriptTest, WhatItDoesNotKnowIsAnError) {
  EXPECT_FALSE(run_test_script("{}", runner()));
  EXPECT_FALSE(run_test_script(R"({"resourceType":"TestScript","test":[{"action":[{"operation":{"type":{"code":"read"},"url":"/metadata"}},{"assert":{"operator":"around","responseCode":"200"}}]}]})", runner()));
  EXPECT_FALSE(run_test_script(R"({"resourceType":"TestScript","test":[{"action":[{"operation":{"type":{"code":"read"},"url":"/${none}"}}]}]})", runner()));
}

}  // namespace
}  // namespace joinedup::rest
