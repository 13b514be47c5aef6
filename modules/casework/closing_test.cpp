// What ends with a case, what outlives it, and what the team records of its contacts.
#include "casework/test_support.hpp"

namespace joinedup::casework {
namespace {

class ClosingTest : public CaseworkTest {
 protected:
  void task(const std::string& id, const std::string& code, const std::string& more = {}) {
    put("Task", id, R"("status":"requested","intent":"order","code":{"coding":[{"system":"urn:joinedup:task","code":")" + code + R"("}]},"for":{"reference":"Patient/ann"},"owner":{"reference":"PractitionerRole/r-cora"})" + more);
  }
};

TEST_F(ClosingTest, NoTaskIsLeftOpenSilently) {
  started("ann");
  task("ring", "action"), task("visit", "action"), task("asked", "referral");
  const auto silent = call(cora(), "EpisodeOfCare/case-ann/$finish", {{"reason", "Goals met."}});
  EXPECT_EQ(silent.status, 422);
  EXPECT_EQ(silent.about(), "tasks");
  EXPECT_EQ(silent.sentence(), "2 tasks of this person are still open. Say which are handed over, and to whom; the others are cancelled.");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$finish", {{"reason", "x"}, {"tasks", "1"}}).status, 409);
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$finish", {{"reason", "x"}, {"tasks", "2"}, {"hand", "Task/visit"}}).about(), "to");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$finish", {{"reason", "x"}, {"tasks", "2"}, {"hand", "Task/asked"}, {"to", "PractitionerRole/r-lea"}}).about(), "hand");
  EXPECT_EQ(text_at(stored("EpisodeOfCare/case-ann"), "status"), "active");
  EXPECT_EQ(text_at(stored("Task/ring"), "status"), "requested");
  const auto done = call(cora(), "EpisodeOfCare/case-ann/$finish", {{"reason", "Goals met."}, {"tasks", "2"}, {"hand", "Task/visit"}, {"to", "PractitionerRole/r-lea"}});
  ASSERT_EQ(done.status, 200) << done.json.dump();
  EXPECT_EQ(text_at(stored("Task/ring"), "status"), "cancelled");
  EXPECT_EQ(text_at(stored("Task/ring"), "statusReason/text"), "Case finished");
  EXPECT_EQ(text_at(stored("Task/visit"), "status"), "requested");
  EXPECT_EQ(text_at(stored("Task/visit"), "owner/reference"), "PractitionerRole/r-lea");
  EXPECT_EQ(text_at(stored("Task/asked"), "status"), "requested") << "a referral is the service's that has it";
  const auto trail = find("Provenance", "target=Task/ring");
  ASSERT_EQ(trail.size(), 1U);
  EXPECT_EQ(text_at(trail[0], "activity/coding/0/code"), "finish");
}

TEST_F(ClosingTest, DecliningToo) {
  task("ring", "action");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$decline", {{"reason", "Moved."}}).about(), "tasks");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$decline", {{"reason", "Moved."}, {"tasks", "1"}}).status, 200);
  EXPECT_EQ(text_at(stored("Task/ring"), "statusReason/text"), "Case declined");
}

TEST_F(ClosingTest, AnotherOpenCaseOfThePersonKeepsItsTasks) {
  started("ann");
  task("ring", "action");
  put("EpisodeOfCare", "other", R"("status":"active","statusHistory":[{"status":"active","period":{"start":"2026-05-01"}}],"patient":{"reference":"Patient/ann"},"team":[{"reference":"CareTeam/one"}])");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$finish", {{"reason", "x"}}).status, 200);
  EXPECT_EQ(text_at(stored("Task/ring"), "status"), "requested");
}

TEST_F(ClosingTest, APathwayEndsWithItsLastStep) {
  started("ann");
  put("CarePlan", "path", R"("status":"active","intent":"plan","category":[{"coding":[{"system":"urn:joinedup:plan","code":"pathway"}]}],"subject":{"reference":"Patient/ann"},"period":{"start":"2026-05-01"})");
  const std::string of_path = R"(,"basedOn":[{"reference":"CarePlan/path"}])";
  task("one", "pathway-step", of_path), task("two", "pathway-step", of_path), task("three", "pathway-step", of_path), task("else", "action");
  EXPECT_EQ(call(cora(), "Task/one/$done").status, 200);
  EXPECT_EQ(text_at(stored("CarePlan/path"), "status"), "active");
  EXPECT_EQ(call(cora(), "Task/two/$leave-out").about(), "reason");
  EXPECT_EQ(call(cora(), "Task/else/$leave-out", {{"reason", "x"}}).status, 409);
  EXPECT_EQ(call(cora(), "Task/two/$leave-out", {{"reason", "Not wanted."}}).status, 200);
  EXPECT_EQ(text_at(stored("Task/two"), "status"), "cancelled");
  EXPECT_EQ(text_at(stored("CarePlan/path"), "status"), "active");
  EXPECT_EQ(call(cora(), "Task/three/$leave-out", {{"reason", "Not wanted."}}).status, 200);
  EXPECT_EQ(text_at(stored("CarePlan/path"), "status"), "completed");
  EXPECT_EQ(text_at(stored("CarePlan/path"), "period/end"), "2026-06-01");
}

TEST_F(ClosingTest, APathwayEndsWithTheCaseThatItWasPartOf) {
  started("ann");
  put("CarePlan", "path", R"("status":"active","intent":"plan","category":[{"coding":[{"system":"urn:joinedup:plan","code":"pathway"}]}],"subject":{"reference":"Patient/ann"})");
  task("one", "pathway-step", R"(,"basedOn":[{"reference":"CarePlan/path"}])");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$finish", {{"reason", "x"}, {"tasks", "1"}}).status, 200);
  EXPECT_EQ(text_at(stored("CarePlan/path"), "status"), "completed");
}

// A case that was cancelled by an ordinary change, as another system does it: its months stay what they were.
TEST_F(ClosingTest, MonthsOfACaseClosedOtherwiseStay) {
  const std::string history = R"("statusHistory":[{"status":"active","period":{"start":"2026-04-10","end":"2026-05-20"}},{"status":"cancelled","period":{"start":"2026-05-20","end":"2026-05-20"}}],"patient":{"reference":"Patient/ann"},"team":[{"reference":"CareTeam/one"}])";
  put("Encounter", "v", R"("status":"finished","class":{"code":"HH"},"subject":{"reference":"Patient/ann"},"period":{"start":"2026-05-10"})");
  put("Encounter", "later", R"("status":"finished","class":{"code":"HH"},"subject":{"reference":"Patient/ann"},"period":{"start":"2026-05-25"})");
  put("EpisodeOfCare", "case-ann", R"("status":"cancelled",)" + history);
  const auto contacts = [&] {
    const auto figures = send(lea(), "GET /CareTeam/one/$figures?months=2");
    for (const auto& one : figures.json["parameter"])
      if (text_at(one, "part/0/valueString") == "contacts" && one["name"] == "series") return one["part"][2]["part"][1].value("valueDecimal", -1.0);
    return -2.0;
  };
  EXPECT_EQ(contacts(), 0) << "her record is closed to the team";
  const auto round = casework_->watch_once(*api_);
  ASSERT_TRUE(round) << round.error().text();
  EXPECT_EQ(round->counted, 1U);
  EXPECT_EQ(contacts(), 1);
  EXPECT_EQ(casework_->watch_once(*api_)->counted, 0U);
}

TEST_F(ClosingTest, ADecisionCancelledBeforeItWasDueIsNotOneThatNobodyCarriedOut) {
  started("ann");
  task("soon", "decision", R"(,"restriction":{"period":{"end":"2026-06-20"}})");
  ASSERT_EQ(call(cora(), "EpisodeOfCare/case-ann/$finish", {{"reason", "x"}, {"tasks", "1"}}).status, 200);
  now_ += 60 * a_day;
  ASSERT_TRUE(casework_->publish_figures(*api_));
  const auto report = find("MeasureReport", "identifier=urn:joinedup:published-figures|one/decisions");
  ASSERT_EQ(report.size(), 1U);
  for (const auto& group : report[0]["group"]) EXPECT_FALSE(group.contains("measureScore")) << group.dump();
}

using ContactTest = CaseworkTest;

TEST_F(ContactTest, IsAnEncounterOfTheCaseAndOneOfTheTeamsContacts) {
  started("ann");
  now_ += 10 * a_day;
  const auto made = call(cora(), "EpisodeOfCare/case-ann/$record-contact", {{"on", "2026-06-10"}, {"how", "visit"}, {"minutes", "25"}, {"about", "Her stairs."}});
  ASSERT_EQ(made.status, 200) << made.json.dump();
  EXPECT_EQ(text_at(made.json, "class/code"), "HH");
  EXPECT_EQ(text_at(made.json, "type/0/text"), "Home visit");
  EXPECT_EQ(made.json["length"]["value"], 25);
  EXPECT_EQ(text_at(made.json, "episodeOfCare/0/reference"), "EpisodeOfCare/case-ann");
  EXPECT_EQ(text_at(made.json, "participant/0/individual/reference"), "PractitionerRole/r-cora") << "the asker, where nobody else is named";
  EXPECT_EQ(text_at(made.json, "participant/0/type/0/coding/0/code"), "care_coordinator");
  EXPECT_EQ(text_at(made.json, "serviceProvider/reference"), "Organization/practice-a");
  const auto by_lea = call(cora(), "EpisodeOfCare/case-ann/$record-contact", {{"on", "2026-06-11"}, {"how", "video"}, {"minutes", "5"}, {"about", "x"}, {"who", "PractitionerRole/r-lea"}});
  EXPECT_EQ(text_at(by_lea.json, "class/code"), "VR");
  EXPECT_EQ(text_at(by_lea.json, "participant/0/individual/reference"), "PractitionerRole/r-lea");
  EXPECT_EQ(find("Provenance", "target=Encounter/" + text_at(made.json, "id")).size(), 1U);
  const auto figures = send(lea(), "GET /CareTeam/one/$figures?months=1");
  for (const auto& one : figures.json["parameter"])
    if (text_at(one, "part/0/valueString") == "contacts" && one["name"] == "series") { EXPECT_EQ(one["part"][2]["part"][1]["valueDecimal"], 2.0); }
}

TEST_F(ContactTest, SaysBesideTheFieldWhatIsWrong) {
  started("ann");
  const auto about = [&](const std::vector<std::pair<std::string, std::string>>& change) {
    std::map<std::string, std::string> all{{"on", "2026-06-01"}, {"how", "visit"}, {"minutes", "25"}, {"about", "x"}};
    for (const auto& [name, value] : change) all[name] = value;
    return call(cora(), "EpisodeOfCare/case-ann/$record-contact", {all.begin(), all.end()}).about();
  };
  EXPECT_EQ(about({{"on", "2026-06-02"}}), "on");
  EXPECT_EQ(about({{"on", "2025-05-31"}}), "on");
  EXPECT_EQ(about({{"on", "yesterday"}}), "on");
  EXPECT_EQ(about({{"how", "pigeon"}}), "how");
  EXPECT_EQ(about({{"minutes", "0"}}), "minutes");
  EXPECT_EQ(about({{"minutes", "601"}}), "minutes");
  EXPECT_EQ(about({{"about", " "}}), "about");
  EXPECT_EQ(about({{"who", "PractitionerRole/nobody"}}), "who");
  EXPECT_TRUE(find("Encounter", "").empty());
}

}  // namespace
}  // namespace joinedup::casework
