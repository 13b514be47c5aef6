// What nobody means well by: each is answered with an OperationOutcome, soon, and leaves the record as it was.
#include <chrono>
#include <fstream>

#include "base/random.hpp"
#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

class HostileTest : public ApiTest {
 protected:
  void refused(const Response& response, const std::string& what) {
    EXPECT_GE(response.status, 400) << what;
    EXPECT_LT(response.status, 500) << what;
    EXPECT_EQ(at(response, "resourceType"), "OperationOutcome") << what;
  }
  // A line of the process's own account; 0 where there is none.
  static std::int64_t kilobytes(const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with(name)) return std::stoll(line.substr(name.size()));
    return 0;
  }
  static std::string repeat(const std::string& text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
  }
};

TEST_F(HostileTest, DeepNesting) {
  for (const std::string& body : {repeat("[", 1'000'000), repeat("{\"a\":", 1'000'000), R"({"resourceType":"Patient","extension":)" + repeat("[{\"extension\":", 500) + "[]" + repeat("}]", 500) + "}"}) {
    refused(send("POST /Patient", body), "deep");
    refused(send("POST /", body), "deep");
    refused(send("PATCH /Patient/a", body, {{"Content-Type", "application/json-patch+json"}}), "deep");
    refused(send("POST /Patient?_pretty=true", body), "deep");
  }
}

TEST_F(HostileTest, HugeNumbersAreKeptAndSearchedWithoutHarm) {
  const std::string digits = repeat("9", 100'000);
  for (const std::string& number : {std::string("1e999999999"), std::string("-1e-999999999"), digits, "0." + digits, "1e" + digits}) {
    const auto made = send("POST /Observation", R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":)" + number + R"(,"unit":"g"}})");
    EXPECT_EQ(made.status, 201);
    EXPECT_NE(made.body.find(":" + number + ","), std::string::npos);
    EXPECT_LT(send("GET /Observation?value-quantity=gt" + number).status, 500);
    EXPECT_LT(send("GET /Observation?_count=" + number).status, 500);
    EXPECT_LT(send("GET /Patient/a/_history/" + number).status, 500);
    EXPECT_LT(send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a"})", {{"If-Match", "W/\"" + number + "\""}}).status, 500);
  }
}

TEST_F(HostileTest, ChainsThatWouldExplode) {
  refused(send("GET /Patient?" + repeat("link:Patient.", 50) + "name=x"), "chain");
  refused(send("GET /Patient?" + repeat("_has:Observation:patient:", 50) + "code=x"), "_has");
  refused(send("GET /Patient?_id=" + repeat("a,", 100'000)), "values");
  // A circle of patients, included over and over.
  for (int i = 0; i < 30; ++i)
    send("PUT /Patient/p" + std::to_string(i), R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + R"(","link":[{"type":"seealso","other":{"reference":"Patient/p)" + std::to_string((i + 1) % 30) + "\"}}]}");
  EXPECT_EQ(entries(send("GET /Patient?_id=p0&_include:iterate=Patient:link&_revinclude:iterate=Patient:link")), 30U);
}

TEST_F(HostileTest, BundlesThatAskForTooMuch) {
  std::string many;
  for (int i = 0; i < 20'001; ++i) many += std::string(i == 0 ? "" : ",") + R"({"request":{"method":"GET","url":"Patient/a"}})";
  refused(send("POST /", R"({"resourceType":"Bundle","type":"batch","entry":[)" + many + "]}"), "entries");
  // A small one whose answer would fill the memory.
  std::string big;
  for (int i = 0; i < 2000; ++i) big += std::string(i == 0 ? "" : ",") + R"({"request":{"method":"GET","url":"metadata"}})";
  for (const char* type : {"batch", "transaction"}) {
    const auto answer = send("POST /", std::string(R"({"resourceType":"Bundle","type":")") + type + R"(","entry":[)" + big + "]}");
    EXPECT_LT(answer.body.size(), 80U << 20);
    EXPECT_NE(answer.body.find("413 "), std::string::npos);
  }
  refused(send("POST /", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Bundle","type":"batch"},"request":{"method":"POST","url":""}}]})"), "nested");
  refused(send("POST /", R"({"resourceType":"Bundle","type":"transaction","entry":7})"), "no list");
}

TEST_F(HostileTest, ExpressionsThatRunLong) {
  send("PUT /Patient/a", R"({"resourceType":"Patient","id":"a","name":[)" + repeat(R"({"given":["x","y","z"]},)", 300) + "{}]}");
  const auto operation = [](const std::string& path) {
    return R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":")" + path + "\"}]}]}";
  };
  const std::vector<Header> json{{"Content-Type", "application/fhir+json"}};
  for (const std::string& path : {repeat("descendants().", 30) + "count()", std::string("Patient.repeat($this | (1 | 2)).count()"), "Patient" + repeat(".where(name.exists(", 40) + "true" + repeat("))", 40),
                                 repeat("(", 100'000), std::string("Patient.name.aggregate($total & $this.toString() & $total, 'x')")}) {
    const auto started = std::chrono::steady_clock::now();
    const auto answer = send("PATCH /Patient/a", operation(path), json);
    EXPECT_LT(answer.status, 500) << path.substr(0, 60);
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(20)) << path.substr(0, 60);
  }
}

// Requests that are nearly right: 20,000 of them, and every one is answered.
TEST_F(HostileTest, NearlyRightRequestsAreAnswered) {
  const std::vector<std::string> seeds = {
      R"({"resourceType":"Patient","id":"a","gender":"female","name":[{"family":"A\u00e9","given":["B",null],"_given":[null,{"id":"x"}]}],"multipleBirthInteger":1.10,"meta":{"versionId":"7","tag":[{"code":"x"}]}})",
      R"([{"op":"add","path":"/name/0/given/-","value":{"a":[1,2]}},{"op":"copy","from":"/name","path":"/x"},{"op":"move","from":"/x","path":"/y"},{"op":"test","path":"/id","value":"a"}])",
      R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"insert"},{"name":"path","valueString":"Patient.name"},{"name":"index","valueInteger":0},{"name":"value","valueHumanName":{"family":"X"}}]}]})",
      R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","text":{"div":"<a href=\"urn:uuid:2\">"}},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=s|1"}},{"fullUrl":"urn:uuid:2","resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:1"}},"request":{"method":"PUT","url":"Observation/o","ifMatch":"W/\"1\""}}]})",
  };
  const std::string pieces = "{}[]\",:\\u0e1-.\n /#?&=|$_%+";
  CounterRandom draw(20260722, 1, 1);
  const int rounds = std::getenv("JOINEDUP_LONG_TESTS") != nullptr ? 20'000 : 3'000;
  send("PUT /Patient/a", seeds[0]);
  // What this test takes, not what another in the same process took before it.
  std::ofstream("/proc/self/clear_refs") << "5";
  const auto before = kilobytes("VmRSS:");
  int answered = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string body = seeds[draw.below(seeds.size())];
    for (std::uint64_t edits = 1 + draw.below(4); edits-- > 0 && !body.empty();) {
      const auto place = draw.below(body.size());
      if (draw.chance(0.4)) body[place] = pieces[draw.below(pieces.size())];
      else if (draw.chance(0.5)) body.erase(place, 1 + draw.below(20));
      else body.insert(place, body.substr(draw.below(body.size()), draw.below(30)));
    }
    const auto kind = draw.below(7);
    Response response;
    if (kind == 0) response = send("POST /Patient", body);
    else if (kind == 1) response = send("PUT /Patient/a", body);
    else if (kind == 2) response = send("PATCH /Patient/a", body, {{"Content-Type", "application/json-patch+json"}});
    else if (kind == 3) response = send("PATCH /Patient/a", body, {{"Content-Type", "application/fhir+json"}});
    else if (kind == 4) response = send("POST /", body);
    else if (kind == 5) response = send("POST /Patient/$validate", body);
    else response = send("GET /Patient?" + body);
    EXPECT_NE(response.status, 500) << body;
    EXPECT_TRUE(response.body.empty() || Json::parse(response.body)) << body;
    ++answered;
  }
  EXPECT_EQ(answered, rounds);
  EXPECT_EQ(send("GET /Patient?_summary=count").status, 200);
  EXPECT_LT(kilobytes("VmHWM:") - before, 1'000'000);
}

}  // namespace
}  // namespace joinedup::rest
