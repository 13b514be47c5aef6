// A plan given to another system as one document.
#include "casework/test_support.hpp"

namespace joinedup::casework {
namespace {

struct DocumentTest : CaseworkTest {
  void SetUp() override {
    CaseworkTest::SetUp();
    accepted("ann");
    put("Condition", "need", R"("subject":{"reference":"Patient/ann"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"problem-list-item"}]}],"code":{"text":"Falls at <night>"},)"
                             R"("clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]})");
    put("Goal", "goal", R"("lifecycleStatus":"active","description":{"text":"I want to walk to the shop & back"},"subject":{"reference":"Patient/ann"},"extension":[{"url":"urn:joinedup:importance","valueInteger":9}])");
    put("CarePlan", "plan", R"("status":"active","intent":"plan","category":[{"coding":[{"system":"urn:joinedup:plan","code":"care-and-support"}]}],"subject":{"reference":"Patient/ann"},)"
                            R"("addresses":[{"reference":"Condition/need"}],"goal":[{"reference":"Goal/goal"}],)"
                            R"("extension":[{"url":"urn:joinedup:plan-section","extension":[{"url":"code","valueCode":"most-important"},{"url":"text","valueString":"My garden\nand my cat"}]},)"
                            R"({"url":"urn:joinedup:agreed","extension":[{"url":"with","valueCode":"person"},{"url":"on","valueDate":"2026-05-20"}]},)"
                            R"({"url":"urn:joinedup:review","extension":[{"url":"date","valueDate":"2026-08-01"}]}])");
    put("CarePlan", "contingency", R"("status":"active","intent":"plan","category":[{"coding":[{"system":"urn:joinedup:plan","code":"contingency"}]}],"subject":{"reference":"Patient/ann"},)"
                                   R"("extension":[{"url":"urn:joinedup:plan-section","extension":[{"url":"code","valueCode":"triggers"},{"url":"text","valueString":"More breathless"}]}])");
    put("Task", "action", R"("status":"requested","intent":"order","code":{"coding":[{"system":"urn:joinedup:task","code":"action"}]},"description":"Order a night light","for":{"reference":"Patient/ann"},)"
                          R"("basedOn":[{"reference":"CarePlan/plan"}],"focus":{"reference":"Goal/goal"},"restriction":{"period":{"end":"2026-06-10"}})");
  }
  static std::string words(const Json& document) {
    std::string out;
    for (const auto& section : document["entry"][0]["resource"]["section"]) out += section["title"].get<std::string>() + ": " + section["text"]["div"].get<std::string>() + "\n";
    return out;
  }
};

TEST_F(DocumentTest, HoldsThePlanWithAllThatItNamesInWordsForPeopleToo) {
  const auto given = send(cora(), "GET /CarePlan/plan/$document");
  ASSERT_EQ(given.status, 200) << given.json.dump();
  EXPECT_EQ(text_at(given.json, "type"), "document");
  EXPECT_EQ(text_at(given.json, "entry/0/resource/resourceType"), "Composition");
  EXPECT_EQ(text_at(given.json, "entry/0/resource/author/0/reference"), "Practitioner/cora");
  std::vector<std::string> urls;
  for (const auto& entry : given.json["entry"]) urls.push_back(entry["fullUrl"]);
  const std::string b = base;
  EXPECT_EQ(urls, (std::vector<std::string>{b + "/Composition/plan-1", b + "/Patient/ann", b + "/CarePlan/plan", b + "/Condition/need", b + "/Goal/goal", b + "/Task/action", b + "/CarePlan/contingency"}));
  const auto text = words(given.json);
  for (const char* part : {"My garden<br/>and my cat", "Falls at &lt;night&gt;", "shop &amp; back", "Importance to me: 9 of 10", "Order a night light", "by 2026-06-10", "More breathless", "Agreed with the person on 2026-05-20", "reviewed by 2026-08-01"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST_F(DocumentTest, IsValidR4) {
  const auto given = send(cora(), "GET /CarePlan/plan/$document");
  const auto judged = send(cora(), "POST /Bundle/$validate", given.json.dump());
  ASSERT_EQ(judged.status, 200) << judged.json.dump();
  for (const auto& issue : judged.json["issue"]) EXPECT_TRUE(issue["severity"] != "error" && issue["severity"] != "fatal") << issue.dump();
}

TEST_F(DocumentTest, NamesNobodyButWhomTheAskerMaySee) {
  EXPECT_EQ(send(out(), "GET /CarePlan/plan/$document").status, 404);
  put("Condition", "need", R"("subject":{"reference":"Patient/ann"},"meta":{"security":[{"system":"urn:joinedup:label","code":"safeguarding"}]},"code":{"text":"Falls at <night>"},)"
                           R"("clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]})");
  const auto given = send(cora(), "GET /CarePlan/plan/$document");
  ASSERT_EQ(given.status, 200) << given.json.dump();
  EXPECT_EQ(words(given.json).find("Falls"), std::string::npos);
  for (const auto& entry : given.json["entry"]) EXPECT_NE(entry["resource"]["resourceType"], "Condition");
}

TEST_F(DocumentTest, OnlyOfACareAndSupportPlan) { EXPECT_EQ(send(cora(), "GET /CarePlan/contingency/$document").status, 422); }

}  // namespace
}  // namespace joinedup::casework
