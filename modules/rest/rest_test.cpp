#include "rest/rest.hpp"

#include "rest/routes.hpp"
#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

using RestTest = ApiTest;

const char* const ann = R"({"resourceType":"Patient","id":"a","gender":"female","name":[{"family":"Able","given":["Ann"]}],"multipleBirthInteger":2,"extension":[{"url":"http://x/y","valueDecimal":1.10}]})";

TEST_F(RestTest, CreateReadUpdateDelete) {
  const auto made = send("POST /Patient", ann);
  ASSERT_EQ(made.status, 201) << made.body;
  const auto id = at(made, "id");
  EXPECT_NE(id, "a");  // the sender's own id means nothing in a POST
  EXPECT_EQ(made.header("Location"), std::string(base) + "/Patient/" + id + "/_history/1");
  EXPECT_EQ(made.header("ETag"), "W/\"1\"");
  EXPECT_NE(made.body.find("1.10"), std::string::npos);

  const auto got = send("GET /Patient/" + id);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, made.body);
  EXPECT_EQ(send("GET /Patient/" + id, {}, {{"If-None-Match", "W/\"1\""}}).status, 304);
  EXPECT_EQ(send("GET /Patient/" + id, {}, {{"If-Modified-Since", std::string(got.header("Last-Modified"))}}).status, 304);
  EXPECT_EQ(send("HEAD /Patient/" + id).status, 200);
  EXPECT_EQ(send("HEAD /Patient/" + id).body, "");

  const std::string changed = R"({"resourceType":"Patient","id":")" + id + R"(","gender":"male"})";
  EXPECT_EQ(send("PUT /Patient/" + id, changed, {{"If-Match", "W/\"7\""}}).status, 412);
  const auto updated = send("PUT /Patient/" + id, changed, {{"If-Match", "W/\"1\""}});
  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(updated.header("ETag"), "W/\"2\"");
  EXPECT_EQ(at(send("GET /Patient/" + id + "/_history/1"), "gender"), "female");
  EXPECT_EQ(send("GET /Patient/" + id + "/_history/9").status, 404);

  EXPECT_EQ(send("DELETE /Patient/" + id).status, 204);
  EXPECT_EQ(send("GET /Patient/" + id).status, 410);
  EXPECT_EQ(send("GET /Patient/" + id + "/_history/3").status, 410);
  EXPECT_EQ(send("DELETE /Patient/" + id).status, 204);
  EXPECT_EQ(send("GET /Patient/never").status, 404);
  EXPECT_EQ(send("PUT /Patient/" + id, changed).status, 201);  // it comes back
}

TEST_F(RestTest, AnUpdateMayCreateUnderItsIdAndTheIdsMustAgree) {
  EXPECT_EQ(send("PUT /Patient/a", ann).status, 201);
  EXPECT_EQ(send("PUT /Patient/a", ann).status, 200);
  EXPECT_EQ(send("PUT /Patient/b", ann).status, 400);
  EXPECT_EQ(send("PUT /Patient/b", R"({"resourceType":"Patient"})").status, 400);
  EXPECT_EQ(send("PUT /Observation/a", ann).status, 400);
  EXPECT_EQ(send("PUT /Patient/a", ann, {{"If-None-Match", "*"}}).status, 412);
  EXPECT_EQ(send("PUT /Patient/c", R"({"resourceType":"Patient","id":"c"})", {{"If-Match", "*"}}).status, 412);
}

TEST_F(RestTest, FaultsAreOutcomesWithTheirStatus) {
  EXPECT_EQ(send("GET /Nothing/1").status, 404);
  EXPECT_EQ(send("GET /SubscriptionStatus").status, 404);  // R4B's
  const auto wrong = send("PUT /Patient", "{}", {{"Content-Type", "application/fhir+xml"}});
  EXPECT_EQ(wrong.status, 415);
  EXPECT_EQ(at(wrong, "resourceType"), "OperationOutcome");
  EXPECT_EQ(send("GET /Patient?_format=xml").status, 406);
  EXPECT_EQ(send("GET /Patient?_format=application/fhir+json").status, 200);
  EXPECT_EQ(send("GET /Patient", {}, {{"Accept", "application/fhir+xml"}}).status, 406);
  EXPECT_EQ(send("GET /Patient", {}, {{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}}).status, 200);
  const auto not_allowed = send("POST /Patient/1");
  EXPECT_EQ(not_allowed.status, 405);
  EXPECT_EQ(not_allowed.header("Allow"), "GET, HEAD, PUT, PATCH, DELETE");
  EXPECT_EQ(send("POST /Patient", "{").status, 400);
  EXPECT_EQ(send("POST /Patient", R"({"id":"a"})").status, 400);
  EXPECT_EQ(send("PATCH /Patient/1", "[", {{"Content-Type", "application/json-patch+json"}}).status, 404);
  EXPECT_EQ(send("POST /Patient", R"({"resourceType":"Observation"})").status, 400);
  permit_ = nullptr;
  EXPECT_EQ(send("GET /Patient").status, 403);
}

TEST_F(RestTest, PreferSaysWhatComesBack) {
  EXPECT_EQ(send("POST /Patient", ann, {{"Prefer", "return=minimal"}}).body, "");
  EXPECT_EQ(at(send("POST /Patient", ann, {{"Prefer", "return=OperationOutcome"}}), "resourceType"), "OperationOutcome");
  EXPECT_EQ(at(send("POST /Patient", ann, {{"Prefer", "handling=strict; return=representation"}}), "resourceType"), "Patient");
}

TEST_F(RestTest, SearchPagesByCursorsAndSaysWhatItDidNotUse) {
  for (int i = 0; i < 5; ++i) send("PUT /Patient/p" + std::to_string(i), R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + R"(","gender":"female"})");
  std::vector<std::string> ids;
  std::string next = "GET /Patient?gender=female&_count=2&_total=accurate";
  while (!next.empty()) {
    const auto page = json(send(next));
    EXPECT_EQ(at(page, "total"), "5");
    for (const auto& entry : page.find("entry")->items) ids.push_back(at(entry, "resource/id"));
    next.clear();
    for (const auto& link : page.find("link")->items)
      if (at(link, "relation") == "next") next = "GET " + at(link, "url").substr(std::string(base).size());
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"p0", "p1", "p2", "p3", "p4"}));
  EXPECT_EQ(send("GET /Patient?gender=female&_cursor=3-abc").status, 400);

  const auto lenient = json(send("GET /Patient?gender=female&colour=red&_count=1"));
  EXPECT_EQ(at(lenient, "link/0/url"), std::string(base) + "/Patient?gender=female&_count=1");
  EXPECT_EQ(at(lenient, "entry/1/search/mode"), "outcome");
  EXPECT_EQ(send("GET /Patient?colour=red", {}, {{"Prefer", "handling=strict"}}).status, 400);
  EXPECT_EQ(entries(send("POST /Patient/_search", "gender=female", {{"Content-Type", "application/x-www-form-urlencoded"}})), 5U);
  EXPECT_EQ(send("POST /Patient/_search", "gender=female", {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(at(send("GET /Patient?gender=female&_summary=count"), "total"), "5");
  EXPECT_EQ(at(send("GET /Patient/$explain?gender=female"), "resourceType"), "Parameters");
}

TEST_F(RestTest, HistoryOfOneATypeAndEverything) {
  send("PUT /Patient/a", ann);
  send("PUT /Patient/a", ann);
  send("DELETE /Patient/a");
  send("PUT /Organization/o", R"({"resourceType":"Organization","id":"o","name":"N"})");
  const auto one = json(send("GET /Patient/a/_history"));
  ASSERT_EQ(one.find("entry")->items.size(), 3U);
  EXPECT_EQ(at(one, "entry/0/request/method"), "DELETE");
  EXPECT_EQ(at(one, "entry/0/resource"), "(none)");
  EXPECT_EQ(at(one, "entry/2/request/method"), "POST");
  EXPECT_EQ(entries(send("GET /Patient/_history")), 3U);
  EXPECT_EQ(entries(send("GET /_history")), 4U);
  const auto first = json(send("GET /_history?_count=3"));
  EXPECT_EQ(at(first, "link/1/relation"), "next");
  EXPECT_EQ(entries(send("GET " + at(first, "link/1/url").substr(std::string(base).size()))), 1U);
  EXPECT_EQ(send("GET /Patient/none/_history").status, 404);
  EXPECT_EQ(entries(send("GET /_history?_since=2100-01-01T00:00:00Z")), 0U);
}

TEST_F(RestTest, SummariesAndElementsAreTagged) {
  send("PUT /Patient/a", ann);
  const auto some = json(send("GET /Patient/a?_elements=gender,multipleBirth"));
  EXPECT_EQ(at(some, "gender"), "female");
  EXPECT_EQ(at(some, "multipleBirthInteger"), "2");
  EXPECT_EQ(at(some, "name"), "(none)");
  EXPECT_EQ(at(some, "meta/tag/0/code"), "SUBSETTED");
  const auto summary = json(send("GET /Patient/a?_summary=true"));
  EXPECT_EQ(at(summary, "multipleBirthInteger"), "(none)");
  EXPECT_EQ(at(summary, "name/0/family"), "Able");
  EXPECT_EQ(at(send("GET /Patient?_summary=data"), "entry/0/resource/meta/tag/0/code"), "SUBSETTED");
  EXPECT_EQ(send("GET /Patient/a?_summary=some").status, 400);
  EXPECT_EQ(at(send("GET /Patient/a?_summary=false"), "meta/tag"), "(none)");
  EXPECT_NE(send("GET /Patient/a?_pretty=true").body.find("\n  \"gender\": \"female\""), std::string::npos);
}

TEST_F(RestTest, ConditionalWrites) {
  const std::string body = R"({"resourceType":"Patient","identifier":[{"system":"http://s","value":"1"}]})";
  EXPECT_EQ(send("POST /Patient", body, {{"If-None-Exist", "identifier=http://s|1"}}).status, 201);
  EXPECT_EQ(send("POST /Patient", body, {{"If-None-Exist", "identifier=http://s|1"}}).status, 200);
  EXPECT_EQ(send("PUT /Patient?identifier=http://s|1", body).status, 200);
  EXPECT_EQ(send("PUT /Patient?identifier=http://s|2", R"({"resourceType":"Patient","identifier":[{"system":"http://s","value":"2"}]})").status, 201);
  EXPECT_EQ(send("PUT /Patient?identifier=http://s|3", R"({"resourceType":"Patient","id":"three","identifier":[{"system":"http://s","value":"3"}]})").status, 201);
  EXPECT_EQ(send("GET /Patient/three").status, 200);
  EXPECT_EQ(send("PUT /Patient?identifier=http://s|3", R"({"resourceType":"Patient","id":"four"})").status, 400);
  EXPECT_EQ(send("PUT /Patient?identifier=http://s|", body).status, 412);
  EXPECT_EQ(send("PUT /Patient", body).status, 400);  // no condition at all
  EXPECT_EQ(send("PUT /Patient?colour=red", body).status, 400);
  EXPECT_EQ(send("PATCH /Patient?identifier=http://s|3", R"([{"op":"add","path":"/gender","value":"other"}])", {{"Content-Type", "application/json-patch+json"}}).status, 200);
  EXPECT_EQ(at(send("GET /Patient/three"), "gender"), "other");
  EXPECT_EQ(send("DELETE /Patient?identifier=http://s|3").status, 204);
  EXPECT_EQ(send("GET /Patient/three").status, 410);
  EXPECT_EQ(send("DELETE /Patient?identifier=http://s|3").status, 204);
}

TEST_F(RestTest, PatchChangesWhatItNamesAndKeepsOtherDigits) {
  send("PUT /Patient/a", ann);
  const std::vector<Header> json_patch{{"Content-Type", "application/json-patch+json"}};
  const auto done = send("PATCH /Patient/a", R"([{"op":"replace","path":"/gender","value":"male"}])", json_patch);
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_NE(done.body.find("\"valueDecimal\":1.10"), std::string::npos);
  EXPECT_EQ(send("PATCH /Patient/a", R"([{"op":"test","path":"/gender","value":"female"}])", json_patch).status, 422);
  EXPECT_EQ(send("PATCH /Patient/a", R"([{"op":"replace","path":"/id","value":"b"}])", json_patch).status, 422);
  EXPECT_EQ(send("PATCH /Patient/a", R"([{"op":"remove","path":"/gender"}])", {{"Content-Type", "application/json-patch+json"}, {"If-Match", "W/\"1\""}}).status, 412);
  EXPECT_EQ(send("PATCH /Patient/a", "[]", {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(send("PATCH /Patient/a", "[", json_patch).status, 400);
  EXPECT_EQ(send("PATCH /Patient/a", "{}", json_patch).status, 400);
  EXPECT_EQ(send("PATCH /Patient/none", "[]", json_patch).status, 404);
  const auto path = send("PATCH /Patient/a", R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Patient.gender"},{"name":"value","valueCode":"other"}]}]})", {{"Content-Type", "application/fhir+json"}});
  EXPECT_EQ(at(path, "gender"), "other") << path.body;
}

TEST_F(RestTest, CapabilityAndOpenApiComeFromTheRouteTable) {
  const auto statement = json(send("GET /metadata"));
  EXPECT_EQ(at(statement, "fhirVersion"), "4.0.1");
  EXPECT_EQ(statement.find("rest")->items[0].find("resource")->items.size(), 146U);  // R4's 148 but for the abstract two
  const auto document = json(send("GET /openapi.json"));
  for (const Route& route : routes()) {
    const Json* path = document.find("paths")->find(route.pattern);
    ASSERT_NE(path, nullptr) << route.pattern;
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(c + 32);
    EXPECT_NE(path->find(method), nullptr) << route.pattern;
  }
}

// Sees nobody but one patient.
struct OnlyAnn final : fhir::Permit {
  bool everything() const override { return false; }
  bool allows(fhir::Action, const fhir::Asked& asked) const override { return asked.type == "Patient" && asked.id == "ann"; }
};

TEST_F(RestTest, DeniedAndAbsentAreTheSameAnswer) {
  send("PUT /Patient/ann", R"({"resourceType":"Patient","id":"ann"})");
  send("PUT /Patient/bob", R"({"resourceType":"Patient","id":"bob"})");
  send("PUT /Patient/gone", R"({"resourceType":"Patient","id":"gone"})");
  send("DELETE /Patient/gone");
  const OnlyAnn only;
  permit_ = &only;
  EXPECT_EQ(send("GET /Patient/ann").status, 200);
  const auto absent = send("GET /Patient/never");
  EXPECT_EQ(absent.status, 404);
  for (const char* line : {"GET /Patient/bob", "GET /Patient/gone", "GET /Patient/bob/_history/1"}) {
    const auto denied = send(line);
    EXPECT_EQ(denied.status, 404) << line;
    EXPECT_EQ(denied.body, absent.body) << line;
  }
  EXPECT_EQ(send("GET /Patient/bob/_history").body, send("GET /Patient/never/_history").body);
  EXPECT_EQ(entries(send("GET /Patient")), 1U);
  EXPECT_EQ(at(send("GET /Patient?_total=accurate"), "total"), "1");
  EXPECT_EQ(send("POST /Patient", R"({"resourceType":"Patient"})").status, 403);
  EXPECT_EQ(send("PUT /Patient/bob", R"({"resourceType":"Patient","id":"bob"})").status, 403);
  EXPECT_EQ(send("PUT /Patient/never", R"({"resourceType":"Patient","id":"never"})").status, 403);
  const auto patch = std::vector<Header>{{"Content-Type", "application/json-patch+json"}};
  EXPECT_EQ(send("PATCH /Patient/bob", "[]", patch).status, 404);
  EXPECT_EQ(send("DELETE /Patient/bob").status, 204);  // as if it were not there, and it stays
  EXPECT_EQ(send("PUT /Patient/ann", R"({"resourceType":"Patient","id":"ann","gender":"female"})").status, 200);
  permit_ = &everything_;
  EXPECT_EQ(send("GET /Patient/bob").status, 200);
}

}  // namespace
}  // namespace joinedup::rest
