// Operations that other rooms add: routed, listed, under the asker's permit, and named in the log.
#include "rest/test_support.hpp"

namespace joinedup::rest {
namespace {

class OwnOperationsTest : public ApiTest {
 protected:
  ApiOptions options() const override {
    auto out = ApiTest::options();
    out.operations = {
        {.method = "POST", .pattern = "/Patient/{id}/$mark", .name = "mark", .summary = "Marks a person", .effect = Operation::Effect::changes,
         .handler = [](const OperationCall& call) {
           const auto read = call.handle({.method = "GET", .path = "/Patient/" + call.id});
           if (read.status != 200) return read;
           auto body = read.body;
           body.replace(body.find("male"), 4, "other");
           auto done = call.handle({.method = "PUT", .path = "/Patient/" + call.id, .headers = {{"If-Match", std::string(read.header("ETag"))}}, .body = body});
           done.shown.clear(), done.written.clear();
           return done;
         }},
        {.method = "GET", .pattern = "/$count-people", .name = "count-people", .summary = "How many there are", .effect = Operation::Effect::reads,
         .handler = [](const OperationCall& call) {
           const auto found = call.tally({.method = "GET", .path = "/Patient"});
           Response total;
           total.body = R"({"resourceType":"Parameters","id":"of-)" + (call.parameters.empty() ? "" : call.parameters[0].second) + "-" + std::to_string(entries(found)) + "\"}";
           return total;
         }},
        {.method = "GET", .pattern = "/$fails", .name = "fails", .summary = "Fails", .effect = Operation::Effect::reads,
         .handler = [](const OperationCall&) -> Response { throw std::runtime_error("a secret"); }}};
    return out;
  }
};

TEST_F(OwnOperationsTest, AreRoutedAndNameWhatTheyReadAndWrote) {
  send("PUT /Patient/ann", R"({"resourceType":"Patient","id":"ann","gender":"male"})");
  const auto done = send("POST /Patient/ann/$mark");
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(at(send("GET /Patient/ann"), "gender"), "other");
  ASSERT_EQ(done.written.size(), 1U);
  EXPECT_EQ(done.written[0].version, 2U);
  ASSERT_FALSE(done.shown.empty());
  EXPECT_EQ(done.shown[0].version, 1U);  // what it was made from
  EXPECT_EQ(send("POST /Patient/nobody/$mark").status, 404);
  const auto wrong = send("GET /Patient/ann/$mark");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("Allow"), "POST");
  EXPECT_EQ(send("POST /Observation/ann/$mark").status, 404);
}

TEST_F(OwnOperationsTest, TotalsAreNotShown) {
  send("PUT /Patient/ann", R"({"resourceType":"Patient","id":"ann"})");
  const auto counted = send("GET /$count-people?months=2%20x");
  EXPECT_EQ(counted.status, 200);
  EXPECT_EQ(at(counted, "id"), "of-2 x-1");
  EXPECT_TRUE(counted.shown.empty());
  const auto failed = send("GET /$fails");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body.find("secret"), std::string::npos);
}

struct OnlyReads final : fhir::Permit {
  bool everything() const override { return false; }
  bool allows(fhir::Action action, const fhir::Asked&) const override { return action != fhir::Action::write; }
};

TEST_F(OwnOperationsTest, HaveNoMoreThanTheAskersPermit) {
  send("PUT /Patient/ann", R"({"resourceType":"Patient","id":"ann","gender":"male"})");
  const OnlyReads only;
  permit_ = &only;
  EXPECT_EQ(send("POST /Patient/ann/$mark").status, 403);
  permit_ = &everything_;
  EXPECT_EQ(at(send("GET /Patient/ann"), "gender"), "male");
}

TEST_F(OwnOperationsTest, AreListed) {
  const auto metadata = send("GET /metadata").body;
  EXPECT_NE(metadata.find(R"({"name":"mark","definition":"https://joinedup.example/OperationDefinition/Patient-mark","documentation":"Marks a person"})"), std::string::npos);
  EXPECT_NE(metadata.find(R"({"name":"count-people","definition":"https://joinedup.example/OperationDefinition/count-people")"), std::string::npos);
  const auto document = json(send("GET /openapi.json"));
  EXPECT_EQ(at(*document.find("paths")->find("/Patient/{id}/$mark"), "post/summary"), "Marks a person");
}

TEST_F(OwnOperationsTest, AnswerWithinABatch) {
  const auto answer = json(send("POST /", R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"$count-people?months=3"}},{"request":{"method":"POST","url":"Patient/x/$mark"}}]})"));
  EXPECT_EQ(at(answer, "entry/0/resource/id"), "of-3-0");
  EXPECT_EQ(at(answer, "entry/1/response/status"), "404 Not Found");
}

}  // namespace
}  // namespace joinedup::rest
