// What an answer gives away is named with it, so that an audit can say who saw what: one test an interaction.
#include <algorithm>

#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

using Names = std::vector<std::string>;

// "Patient/a 1", sorted.
Names names(const Response& response) {
  Names out;
  for (const auto& one : response.shown) out.push_back(one.type + "/" + one.id + " " + std::to_string(one.version));
  std::sort(out.begin(), out.end());
  return out;
}

std::string bundle(const std::string& type, const std::string& entries) {
  return R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[)" + entries + "]}";
}

class ShownTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    send("PUT /Organization/o", R"({"resourceType":"Organization","id":"o"})");
    send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a"})");
    send("PUT /Patient/a", a_);
    send("PUT /Patient/b", R"({"resourceType":"Patient","id":"b","gender":"male"})");
    send("PUT /Observation/x", R"({"resourceType":"Observation","id":"x","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}})");
  }
  const std::string a_ = R"({"resourceType":"Patient","id":"a","gender":"female","managingOrganization":{"reference":"Organization/o"}})";
  const std::string get_a_ = R"({"request":{"method":"GET","url":"Patient/a"}})";
};

TEST_F(ShownTest, AReadNamesTheVersion) {
  EXPECT_EQ(names(send("GET /Patient/a")), (Names{"Patient/a 2"}));
  EXPECT_EQ(names(send("GET /Patient/a?_elements=gender")), (Names{"Patient/a 2"}));
  EXPECT_EQ(names(send("GET /Patient/a/_history/1")), (Names{"Patient/a 1"}));
  const auto held = send("GET /Patient/a", {}, {{"If-None-Match", "W/\"2\""}});
  EXPECT_EQ(held.status, 304);
  EXPECT_EQ(names(held), (Names{"Patient/a 2"}));
}

TEST_F(ShownTest, WhatGivesNothingAwayNamesNothing) {
  for (const char* line : {"GET /Patient/none", "HEAD /Patient/a", "GET /metadata", "GET /Patient?gender=female&_summary=count", "GET /Patient/$explain?gender=female", "GET /Patient?gender=other", "GET /Patient/a/_history/9"})
    EXPECT_EQ(names(send(line)), Names()) << line;
}

TEST_F(ShownTest, ASearchNamesMatchesAndIncludes) {
  EXPECT_EQ(names(send("GET /Patient?gender=female&nonsense=1")), (Names{"Patient/a 2"}));
  EXPECT_EQ(names(send("GET /Patient?gender=female&_include=Patient:organization&_revinclude=Observation:patient")), (Names{"Observation/x 1", "Organization/o 1", "Patient/a 2"}));
  EXPECT_EQ(names(send("POST /Patient/_search", "gender=male")), (Names{"Patient/b 1"}));
  EXPECT_EQ(names(send("GET /Patient/a/Observation")), (Names{"Observation/x 1"}));
  EXPECT_EQ(names(send("GET /?_type=Patient")), (Names{"Patient/a 2", "Patient/b 1"}));
  EXPECT_EQ(send("GET /Patient?_count=1").shown.size(), 1U);
}

TEST_F(ShownTest, EverythingNamesAllOfIt) {
  EXPECT_EQ(names(send("GET /Patient/a/$everything")), (Names{"Observation/x 1", "Organization/o 1", "Patient/a 2"}));
}

TEST_F(ShownTest, AHistoryNamesEachVersionAndDeletion) {
  send("DELETE /Patient/b");
  EXPECT_EQ(names(send("GET /Patient/a/_history")), (Names{"Patient/a 1", "Patient/a 2"}));
  EXPECT_EQ(names(send("GET /Patient/_history")), (Names{"Patient/a 1", "Patient/a 2", "Patient/b 1", "Patient/b 2"}));
  EXPECT_EQ(send("GET /_history").shown.size(), 6U);
  EXPECT_EQ(names(send("GET /_changes?_after=1&_count=2")), (Names{"Patient/a 1", "Patient/a 2"}));
}

TEST_F(ShownTest, AWriteNamesWhatItGivesBack) {
  const std::string patch = R"([{"op":"add","path":"/active","value":true}])";
  const std::vector<Header> json_patch = {{"Content-Type", "application/json-patch+json"}};
  EXPECT_EQ(names(send("PATCH /Patient/a", patch, json_patch)), (Names{"Patient/a 3"}));
  EXPECT_EQ(names(send("PUT /Patient/a", a_, {{"Prefer", "return=representation"}})), (Names{"Patient/a 4"}));
  EXPECT_EQ(names(send("PUT /Patient/a", a_, {{"Prefer", "return=minimal"}})), Names());
  EXPECT_EQ(names(send("PUT /Patient/a", a_, {{"Prefer", "return=OperationOutcome"}})), Names());
  const auto made = send("POST /Patient", R"({"resourceType":"Patient"})");
  EXPECT_EQ(names(made), (Names{"Patient/" + at(made, "id") + " 1"}));
  EXPECT_EQ(names(send("DELETE /Patient/b")), Names());
}

TEST_F(ShownTest, AConditionNamesWhatWasThereAlready) {
  const std::string male = R"({"resourceType":"Patient","gender":"male"})";
  EXPECT_EQ(names(send("POST /Patient", male, {{"If-None-Exist", "gender=male"}})), (Names{"Patient/b 1"}));
  EXPECT_EQ(names(send("POST /Patient", male, {{"If-None-Exist", "gender=male"}, {"Prefer", "return=minimal"}})), Names());
  EXPECT_EQ(names(send("PUT /Patient?gender=male", male)), (Names{"Patient/b 2"}));
}

TEST_F(ShownTest, ABatchNamesWhatEachEntryGivesAway) {
  const std::string search = R"({"request":{"method":"GET","url":"Observation?_include=Observation:patient"}})", absent = R"({"request":{"method":"GET","url":"Patient/none"}})";
  const std::string put = R"({"resource":{"resourceType":"Patient","id":"b"},"request":{"method":"PUT","url":"Patient/b"}})";
  EXPECT_EQ(names(send("POST /", bundle("batch", get_a_ + "," + search + "," + absent + "," + put))), (Names{"Observation/x 1", "Patient/a 2", "Patient/a 2"}));
  EXPECT_EQ(names(send("POST /", bundle("batch", put), {{"Prefer", "return=representation"}})), (Names{"Patient/b 3"}));
}

TEST_F(ShownTest, ATransactionNamesWhatItsEntriesGiveAway) {
  const std::string put = R"({"resource":{"resourceType":"Patient","id":"b"},"request":{"method":"PUT","url":"Patient/b"}})";
  const std::string once = R"({"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifNoneExist":"gender=female"}})";
  EXPECT_EQ(names(send("POST /", bundle("transaction", get_a_ + "," + put + "," + once))), (Names{"Patient/a 2"}));
  EXPECT_EQ(names(send("POST /", bundle("transaction", put + "," + once), {{"Prefer", "return=representation"}})), (Names{"Patient/a 2", "Patient/b 3"}));
}

TEST_F(ShownTest, AnOperationNamesWhatItLooksInto) {
  send("PUT /CodeSystem/c", R"({"resourceType":"CodeSystem","id":"c","url":"http://c","status":"active","content":"complete","concept":[{"code":"1"}]})");
  send("PUT /ValueSet/v", R"({"resourceType":"ValueSet","id":"v","url":"http://v","status":"active","compose":{"include":[{"system":"http://c"}]}})");
  EXPECT_EQ(names(send("GET /ValueSet/v/$expand")), (Names{"CodeSystem/c 1", "ValueSet/v 1"}));
  EXPECT_EQ(names(send("GET /ValueSet/$expand?url=http://v")), (Names{"CodeSystem/c 1", "ValueSet/v 1"}));
  EXPECT_EQ(names(send("GET /Patient/a/$validate")), (Names{"Patient/a 2"}));
  EXPECT_EQ(names(send("POST /Patient/$validate", a_)), Names());
}

Names patients(const std::vector<Shown>& all) {
  Names out;
  for (const auto& one : all) out.insert(out.end(), one.patients.begin(), one.patients.end());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

TEST_F(ShownTest, EveryPatientThatAResourceIsOrRefersToIsNamed) {
  EXPECT_EQ(patients(send("GET /Patient/a").shown), (Names{"a"}));
  EXPECT_EQ(patients(send("GET /Observation").shown), (Names{"a"}));
  EXPECT_EQ(patients(send("GET /Observation/x/_history").shown), (Names{"a"}));
  EXPECT_EQ(patients(send("GET /Organization/o").shown), Names{});
  send("PUT /Appointment/m", R"({"resourceType":"Appointment","id":"m","status":"booked","participant":[{"actor":{"reference":"Patient/a"},"status":"accepted"},)"
                             R"({"actor":{"reference":"http://here/fhir/Patient/b/_history/1"},"status":"accepted"}],"description":"not a Patient/c reference"})");
  EXPECT_EQ(patients(send("GET /Appointment/m").shown), (Names{"a", "b"}));
}

TEST_F(ShownTest, WhatARequestWroteIsNamed) {
  const auto names_written = [](const Response& response) {
    Names out;
    for (const auto& one : response.written) out.push_back(one.type + "/" + one.id + " " + std::to_string(one.version));
    return out;
  };
  const auto update = send("PUT /Patient/b", R"({"resourceType":"Patient","id":"b","gender":"female"})");
  EXPECT_EQ(names_written(update), (Names{"Patient/b 2"}));
  EXPECT_EQ(patients(update.written), (Names{"b"}));
  const auto gone = send("DELETE /Observation/x");
  EXPECT_EQ(names_written(gone), (Names{"Observation/x 2"}));
  EXPECT_EQ(patients(gone.written), (Names{"a"})) << "what is deleted was somebody's";
  EXPECT_TRUE(send("GET /Patient/b").written.empty());
  const auto moved = send("POST /", bundle("transaction", R"({"resource":{"resourceType":"Patient","id":"c"},"request":{"method":"PUT","url":"Patient/c"}})"));
  EXPECT_EQ(names_written(moved), (Names{"Patient/c 1"}));
  const auto batch = send("POST /", bundle("batch", R"({"request":{"method":"DELETE","url":"Patient/c"}})"));
  EXPECT_EQ(names_written(batch), (Names{"Patient/c 2"}));
  EXPECT_EQ(patients(batch.written), (Names{"c"}));
}

}  // namespace
}  // namespace joinedup::rest
