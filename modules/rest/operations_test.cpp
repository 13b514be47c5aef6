#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

class OperationsTest : public ApiTest {};

TEST_F(OperationsTest, ValidateSaysWhereAndStoresNothing) {
  const auto wrong = send("POST /Patient/$validate", R"({"resourceType":"Patient","gender":"blue","colour":"red"})");
  EXPECT_EQ(wrong.status, 200);
  EXPECT_NE(wrong.body.find("Patient.gender"), std::string::npos) << wrong.body;
  EXPECT_NE(wrong.body.find("\"error\""), std::string::npos);
  const auto good = send("POST /Patient/$validate", R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","gender":"male"}}]})");
  EXPECT_EQ(good.body.find("\"error\""), std::string::npos) << good.body;
  EXPECT_EQ(at(send("POST /Observation/$validate", R"({"resourceType":"Patient"})"), "issue/0/severity"), "error");
  EXPECT_EQ(at(send("GET /Patient?_summary=count"), "total"), "0");
}

// What the server says of itself and of what it did fits FHIR's definitions too.
TEST_F(OperationsTest, AnswersAreValidResources) {
  send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a","gender":"female"})");
  send("PUT /Patient/b", R"({"resourceType":"Patient","id":"b","gender":"female"})");
  send("DELETE /Patient/b");
  send("PUT /ValueSet/v", R"({"resourceType":"ValueSet","id":"v","url":"http://v","status":"active","compose":{"include":[{"system":"http://d","concept":[{"code":"x"}]}]}})");
  const std::string transaction = R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"GET","url":"Patient/a"}},{"resource":{"resourceType":"Patient","gender":"male"},"request":{"method":"POST","url":"Patient"}},{"request":{"method":"DELETE","url":"Patient/c"}}]})";
  for (const auto& answer : {send("GET /metadata"), send("GET /Patient?gender=female&colour=red"), send("GET /Patient?gender=other&_total=accurate"), send("GET /Patient/b/_history"), send("GET /_changes"),
                             send("GET /Patient/a?_summary=true"), send("GET /Patient/none"), send("POST /", transaction), send("GET /ValueSet/v/$expand"), send("GET /Patient/a/$everything"),
                             send("GET /Patient/$explain?gender=female")}) {
    const auto type = at(answer, "resourceType");
    const auto outcome = send("POST /" + type + "/$validate", answer.body);
    EXPECT_EQ(outcome.body.find("\"error\""), std::string::npos) << type << " " << outcome.body.substr(0, 1500) << "\n" << answer.body.substr(0, 600);
    EXPECT_EQ(outcome.body.find("\"fatal\""), std::string::npos) << type;
  }
}

TEST_F(OperationsTest, ShapeIsReadFromAPostedSearchToo) {
  send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a","gender":"female","active":true})");
  EXPECT_EQ(at(send("POST /Patient/_search", "_elements=active&gender=female"), "entry/0/resource/gender"), "(none)");
  EXPECT_EQ(send("POST /Patient/_search", "_format=xml").status, 406);
}

template <Validation policy>
class PolicyTest : public ApiTest {
 protected:
  ApiOptions options() const override {
    auto out = ApiTest::options();
    out.validation = policy;
    return out;
  }
};
class RejectingTest : public PolicyTest<Validation::reject> {};
class WarningTest : public PolicyTest<Validation::warn> {};

TEST_F(RejectingTest, WhatDoesNotFitIsNotStored) {
  const auto wrong = send("POST /Patient", R"({"resourceType":"Patient","gender":"blue"})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(at(wrong, "issue/0/expression/0"), "Patient.gender") << wrong.body;
  EXPECT_EQ(send("POST /Patient", R"({"resourceType":"Patient","gender":"male"})").status, 201);
  EXPECT_EQ(send("POST /", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},{"resource":{"resourceType":"Patient","gender":"blue"},"request":{"method":"POST","url":"Patient"}}]})").status, 422);
  EXPECT_EQ(at(send("GET /Patient?_summary=count"), "total"), "1");
}

TEST_F(WarningTest, WhatDoesNotFitIsStoredAndSaid) {
  const auto made = send("POST /Patient", R"({"resourceType":"Patient","gender":"blue"})", {{"Prefer", "return=OperationOutcome"}});
  EXPECT_EQ(made.status, 201);
  EXPECT_NE(made.body.find("Patient.gender"), std::string::npos) << made.body;
  EXPECT_EQ(send("POST /Patient", R"({"resourceType":"Patient","gender":"blue"})").status, 201);
}

TEST_F(RejectingTest, AnNhsNumberThatFailsItsCheckIsMarkedNotRefused) {
  const std::string patient = R"({"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000001"}]})";
  for (const auto& made : {send("POST /Patient", patient), send("POST /", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + patient + R"(,"request":{"method":"POST","url":"Patient"}}]})", {{"Prefer", "return=representation"}})}) {
    EXPECT_LT(made.status, 300) << made.body;
    EXPECT_NE(made.body.find("NHSNumberVerificationStatus"), std::string::npos) << made.body;
    EXPECT_NE(made.body.find("9990000001"), std::string::npos);
  }
}

TEST_F(OperationsTest, EverythingAndTheCompartment) {
  send("PUT /Organization/o", R"({"resourceType":"Organization","id":"o"})");
  for (const char* id : {"a", "b"}) {
    const std::string name = id;
    send("PUT /Patient/" + name, R"({"resourceType":"Patient","id":")" + name + R"(","managingOrganization":{"reference":"Organization/o"}})");
    for (int i = 0; i < 3; ++i)
      send("PUT /Observation/" + name + std::to_string(i), R"({"resourceType":"Observation","id":")" + name + std::to_string(i) + R"(","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" + name + "\"}}");
  }
  EXPECT_EQ(entries(send("GET /Patient/a/$everything")), 5U);
  EXPECT_EQ(send("GET /Patient/none/$everything").status, 404);
  EXPECT_EQ(send("GET /Patient/a/$everything?start=2024").status, 400);
  std::size_t seen = 0;
  for (std::string next = "GET /Patient/a/$everything?_count=2"; !next.empty();) {
    const auto page = json(send(next));
    next.clear();
    if (const Json* list = page.find("entry"))
      for (const Json& entry : list->items) seen += at(entry, "search/mode") == "match";
    for (const auto& link : page.find("link")->items)
      if (at(link, "relation") == "next") next = "GET " + at(link, "url").substr(std::string(base).size());
  }
  EXPECT_EQ(seen, 4U);
  EXPECT_EQ(entries(send("GET /Patient/a/Observation")), 3U);
  EXPECT_EQ(entries(send("GET /Patient/a/Observation?_id=b1")), 0U);
  EXPECT_EQ(entries(send("GET /Patient/a/*")), 4U);
  EXPECT_EQ(entries(send("POST /Patient/a/Observation/_search", "_id=a1")), 1U);
  EXPECT_EQ(entries(send("GET /?_type=Patient,Organization")), 3U);
}

TEST_F(OperationsTest, ChangesComeInTheOrderTheyWereMade) {
  for (int i = 0; i < 3; ++i) send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a"})");
  send("DELETE /Patient/a");
  std::vector<std::string> seen;
  std::string next = "GET /_changes?_count=3";
  for (int i = 0; i < 3; ++i) {
    const auto page = json(send(next));
    if (const Json* list = page.find("entry"))
      for (const Json& entry : list->items) seen.push_back(at(entry, "id") + at(entry, "request/method"));
    next = "GET " + at(page, "link/1/url").substr(std::string(base).size());
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"1POST", "2PUT", "3PUT", "4DELETE"}));
  send("PUT /Patient/b", R"({"resourceType":"Patient","id":"b"})");
  EXPECT_EQ(at(send(next), "entry/0/id"), "5");
}

TEST_F(OperationsTest, ExpandListsTheCodes) {
  send("PUT /CodeSystem/c", R"({"resourceType":"CodeSystem","id":"c","url":"http://c","status":"active","content":"complete","concept":[{"code":"1","display":"one","concept":[{"code":"11"}]},{"code":"2"}]})");
  send("PUT /ValueSet/v", R"({"resourceType":"ValueSet","id":"v","url":"http://v","status":"active","compose":{"include":[{"system":"http://c"},{"system":"http://d","concept":[{"code":"x","display":"the X"}]}],"exclude":[{"system":"http://c","concept":[{"code":"2"}]}]}})");
  const auto all = send("GET /ValueSet/$expand?url=http://v");
  EXPECT_EQ(at(all, "expansion/total"), "3") << all.body;
  EXPECT_EQ(at(all, "expansion/contains/1/code"), "11");
  EXPECT_EQ(at(send("GET /ValueSet/v/$expand?filter=THE"), "expansion/total"), "1");
  EXPECT_EQ(at(send("GET /ValueSet/v/$expand?count=1&offset=2"), "expansion/contains/0/code"), "x");
  EXPECT_EQ(send("GET /ValueSet/$expand?url=http://none").status, 404);
  EXPECT_EQ(send("GET /ValueSet/$expand").status, 400);
  send("PUT /ValueSet/f", R"({"resourceType":"ValueSet","id":"f","url":"http://f","status":"active","compose":{"include":[{"system":"http://c","filter":[{"property":"concept","op":"is-a","value":"1"}]}]}})");
  EXPECT_EQ(send("GET /ValueSet/f/$expand").status, 422);
}

}  // namespace
}  // namespace joinedup::rest
