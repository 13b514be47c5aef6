// Drafts, feeds, figures, and what is watched.
#include <sys/stat.h>

#include "casework/test_support.hpp"

namespace joinedup::casework {
namespace {

using DraftsTest = CaseworkTest;

TEST_F(DraftsTest, AreTheirAccountsAlone) {
  EXPECT_EQ(call(cora(), "$save-draft", {{"form", "plan/ann"}, {"about", "Patient/ann"}, {"content", "Likes tea."}}).status, 200);
  EXPECT_EQ(call(cora(), "$save-draft", {{"form", "plan/ann"}, {"about", "Patient/ann"}, {"content", "Likes tea, weak."}}).status, 200);
  EXPECT_EQ(call(cora(), "$save-draft", {{"form", "note"}, {"content", "x"}}).status, 200);
  const auto mine = send(cora(), "GET /$drafts?form=plan%2Fann");
  ASSERT_EQ(mine.status, 200);
  EXPECT_EQ(text_at(mine.json, "parameter/2/valueString"), "Likes tea, weak.");
  EXPECT_EQ(send(cora(), "GET /$drafts").json["parameter"].size(), 2U);
  EXPECT_FALSE(send(lea(), "GET /$drafts?form=plan%2Fann").json.contains("parameter"));
  EXPECT_TRUE(find("QuestionnaireResponse", "").empty());
  struct stat found {};
  ASSERT_EQ(::stat(folder_->file("drafts.sqlite").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  EXPECT_EQ(call(cora(), "$discard-draft", {{"form", "plan/ann"}}).status, 200);
  EXPECT_FALSE(send(cora(), "GET /$drafts?form=plan%2Fann").json.contains("parameter"));
  // What was discarded is nowhere in the file.
  EXPECT_EQ(folder_->read("drafts.sqlite").find("Likes tea"), std::string::npos);
}

TEST_F(DraftsTest, AboutSomebodyWhomOneMayNoLongerReadIsNotGiven) {
  accepted("ann");
  EXPECT_EQ(call(cora(), "$save-draft", {{"form", "f"}, {"about", "Patient/ann"}, {"content", "x"}}).status, 200);
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$decline", {{"reason", "Moved."}}).status, 200);
  EXPECT_FALSE(send(cora(), "GET /$drafts?form=f").json.contains("parameter"));
  EXPECT_EQ(call(out(), "$save-draft", {{"form", "f"}, {"about", "Patient/ann"}, {"content", "x"}}).about(), "about");
  EXPECT_EQ(call(cora(), "$save-draft", {{"content", "x"}}).about(), "form");
  EXPECT_EQ(call(cora(), "$save-draft", {{"form", "f"}}).about(), "content");
}

using FiguresTest = CaseworkTest;

std::map<std::string, double> month_of(const Json& figures, const std::string& month) {
  std::map<std::string, double> out;
  for (const auto& one : figures["parameter"]) {
    if (one["name"] != "series") continue;
    for (const auto& part : one["part"])
      if (part["name"] == "point" && text_at(part, "part/0/valueString") == month && text_at(part, "part/1/name") == "value") out[text_at(one, "part/0/valueString")] = part["part"][1]["valueDecimal"];
  }
  return out;
}

// Worked by hand: Ann waits 10 days (20 to 30 April), is active from 30 April, on hold in May, finished on 1 June; three nights in hospital from 10 May.
TEST_F(FiguresTest, ByHand) {
  const std::string step = R"({"status":")", start = R"(","period":{"start":")", end = R"(","end":")", close = R"("}})";
  put("EpisodeOfCare", "case-ann", R"("status":"active","statusHistory":[)" + step + "planned" + start + "2026-04-01" + end + "2026-04-20" + close + "," + step + "waitlist" + start + "2026-04-20" + end + "2026-04-30" + close + "," +
                                       step + "active" + start + "2026-04-30" + R"("}}],"patient":{"reference":"Patient/ann"},"team":[{"reference":"CareTeam/one"}])");
  const std::string about = R"("subject":{"reference":"Patient/ann"},)", feed = R"("meta":{"source":"urn:joinedup:partner:X:feed:apc"},)";
  put("Encounter", "stay", feed + R"("status":"finished","class":{"code":"IMP"},)" + about + R"("period":{"start":"2026-05-10","end":"2026-05-13"})");
  put("Encounter", "before", feed + R"("status":"finished","class":{"code":"IMP"},)" + about + R"("period":{"start":"2026-04-28","end":"2026-05-02"})");
  put("Encounter", "emergency", feed + R"("status":"finished","class":{"code":"EMER"},)" + about + R"("period":{"start":"2026-05-10"})");
  put("Encounter", "visit", R"("status":"finished","class":{"code":"HH"},)" + about + R"("period":{"start":"2026-05-20"})");
  const std::string decision = R"("intent":"order","code":{"coding":[{"system":"urn:joinedup:task","code":"decision"}]},"for":{"reference":"Patient/ann"},)";
  put("Task", "d1", R"("status":"completed",)" + decision + R"("restriction":{"period":{"end":"2026-05-10"}})");
  put("Task", "d2", R"("status":"requested",)" + decision + R"("restriction":{"period":{"end":"2026-05-11"}})");
  put("Task", "d3", R"("status":"requested",)" + decision + R"("restriction":{"period":{"end":"2026-07-11"}})");
  put("Task", "r1", R"("status":"completed","intent":"order","code":{"coding":[{"system":"urn:joinedup:task","code":"review"}]},"for":{"reference":"Patient/ann"},"restriction":{"period":{"end":"2026-05-15"}},"executionPeriod":{"end":"2026-06-01"})");
  const std::map<std::string, double> may{{"caseload", 1}, {"starts", 0}, {"ends", 0}, {"reviews_overdue", 1}, {"contacts", 1}, {"admissions", 1}, {"bed_days", 4}, {"decisions", 50}};
  const auto before = send(lea(), "GET /CareTeam/one/$figures?months=3");
  ASSERT_EQ(before.status, 200) << before.json.dump();
  EXPECT_EQ(month_of(before.json, "2026-05"), may);
  EXPECT_EQ(month_of(before.json, "2026-04"), (std::map<std::string, double>{{"caseload", 1}, {"starts", 1}, {"ends", 0}, {"waits", 10}, {"reviews_overdue", 0}, {"contacts", 0}, {"admissions", 0}, {"bed_days", 1}}));
  for (const auto& one : before.shown) EXPECT_TRUE(one.type == "CareTeam") << one.type;
  // The split: all of it in the most deprived fifth.
  bool split = false;
  for (const auto& one : before.json["parameter"])
    if (one["name"] == "split" && text_at(one, "part/0/valueString") == "bed_days")
      for (const auto& part : one["part"])
        if (part["name"] == "fifth") {
          const bool first = part["part"][0]["valueInteger"] == 1;
          EXPECT_EQ(part["part"][2]["part"][1]["valueDecimal"], first ? 4.0 : 0.0);
          EXPECT_EQ(part["part"][2]["part"][2]["valueBoolean"], first);
          split = true;
        }
  EXPECT_TRUE(split);
  // Her case is finished and her record closed: May stays as it was but for reviews.
  const auto finished = call(lea(), "EpisodeOfCare/case-ann/$finish", {{"reason", "Goals met."}, {"tasks", "2"}});
  ASSERT_EQ(finished.status, 200) << finished.json.dump();
  auto kept = may;
  kept["reviews_overdue"] = 0;
  const auto after = send(lea(), "GET /CareTeam/one/$figures?months=3");
  EXPECT_EQ(month_of(after.json, "2026-05"), kept);
  EXPECT_EQ(month_of(after.json, "2026-06")["ends"], 1);
  EXPECT_EQ(send(lea(), "GET /CareTeam/one/$figures?months=100").status, 422);
}

using WatchTest = CaseworkTest;

TEST_F(WatchTest, AnAlertThatNobodyOpensGoesToTheLeadOnce) {
  const auto alert = [&](const std::string& id, const std::string& more) {
    put("Communication", id, R"("status":"completed","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/communication-category","code":"alert"}]}],"subject":{"reference":"Patient/ann"},"payload":[{"contentString":"Admitted to hospital."}])" + more);
  };
  alert("old", R"(,"sent":"2026-06-01T10:30:00Z")"), alert("opened", R"(,"sent":"2026-06-01T10:30:00Z","received":"2026-06-01T10:40:00Z")"), alert("fresh", R"(,"sent":"2026-06-01T11:30:00Z")");
  const auto round = casework_->watch_once(*api_);
  ASSERT_TRUE(round) << round.error().text();
  EXPECT_EQ(round->escalated, 1U);
  const auto tasks = find("Task", "code=urn:joinedup:task|alert");
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(text_at(tasks[0], "owner/reference"), "PractitionerRole/r-lea");
  EXPECT_EQ(text_at(tasks[0], "focus/reference"), "Communication/old");
  EXPECT_EQ(casework_->watch_once(*api_)->escalated, 0U);
  alert("old", R"(,"sent":"2026-06-01T10:30:00Z","received":"2026-06-01T12:05:00Z")");
  now_ += an_hour;
  EXPECT_EQ(casework_->watch_once(*api_)->escalated, 1U);
  EXPECT_EQ(text_at(stored("Task/" + text_at(tasks[0], "id")), "status"), "completed");  // opened after all
}

TEST_F(WatchTest, AReviewThatIsDueIsSaidOnce) {
  put("CarePlan", "p", R"("status":"active","intent":"plan","category":[{"coding":[{"system":"urn:joinedup:plan","code":"care-and-support"}]}],"subject":{"reference":"Patient/ann"},)"
                       R"("extension":[{"url":"urn:joinedup:review","extension":[{"url":"date","valueDate":"2026-06-14"},{"url":"responsible","valueReference":{"reference":"PractitionerRole/r-cora"}}]}])");
  EXPECT_EQ(casework_->watch_once(*api_)->reviews, 1U);
  EXPECT_EQ(casework_->watch_once(*api_)->reviews, 0U);
  const auto tasks = find("Task", "code=urn:joinedup:task|review");
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(due_of(tasks[0]), "2026-06-14");
  EXPECT_EQ(text_at(tasks[0], "owner/reference"), "PractitionerRole/r-cora");
  // Reviewed: the task is over, and the next is said when its time comes.
  put("CarePlan", "p", R"("status":"active","intent":"plan","category":[{"coding":[{"system":"urn:joinedup:plan","code":"care-and-support"}]}],"subject":{"reference":"Patient/ann"},)"
                       R"("extension":[{"url":"urn:joinedup:review","extension":[{"url":"date","valueDate":"2026-12-14"}]}])");
  EXPECT_EQ(casework_->watch_once(*api_)->reviews, 0U);
  EXPECT_EQ(text_at(stored("Task/" + text_at(tasks[0], "id")), "status"), "completed");
}

TEST_F(WatchTest, FeedsSayWhenTheyLastSpoke) {
  now_ = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::filesystem::create_directories(folder_->file("feeds/apc"));
  std::filesystem::create_directories(folder_->file("feeds/deaths"));
  folder_->write("feeds/apc/1.csv", "x\n");
  const auto feeds = send(cora(), "GET /$feeds");
  ASSERT_EQ(feeds.status, 200);
  ASSERT_EQ(feeds.json["parameter"].size(), 2U) << feeds.json.dump();
  EXPECT_EQ(feeds.json["parameter"][0]["part"][2]["valueBoolean"], false) << feeds.json.dump();
  EXPECT_EQ(text_at(feeds.json, "parameter/1/part/0/valueString"), "deaths");
  EXPECT_EQ(feeds.json["parameter"][1]["part"][1]["valueBoolean"], true);
  now_ += 40 * a_day;
  EXPECT_EQ(send(cora(), "GET /$feeds").json["parameter"][0]["part"][2]["valueBoolean"], true);
}

}  // namespace
}  // namespace joinedup::casework
