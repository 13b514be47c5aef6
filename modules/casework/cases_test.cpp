// Cases from found to finished, under the permits that the policy gives.
#include "casework/test_support.hpp"

namespace joinedup::casework {
namespace {

using CasesTest = CaseworkTest;

TEST_F(CasesTest, FromFoundToFinished) {
  const auto accepted = call(cora(), "EpisodeOfCare/case-ann/$accept", {{"coordinator", "PractitionerRole/r-cora"}, {"accountable", "PractitionerRole/r-lea"}, {"comment", "Lives alone."}});
  ASSERT_EQ(accepted.status, 200) << accepted.json.dump();
  EXPECT_EQ(text_at(accepted.json, "status"), "waitlist");
  EXPECT_EQ(text_at(accepted.json, "careManager/reference"), "PractitionerRole/r-cora");
  EXPECT_EQ(text_at(accepted.json, "statusHistory/0/period/end"), "2026-06-01T12:00:00Z");
  EXPECT_EQ(text_at(accepted.json, "statusHistory/1/period/start"), "2026-06-01T12:00:00Z");
  EXPECT_EQ(text_at(accepted.json, "statusHistory/1/extension/0/valueString"), "Lives alone.");
  EXPECT_EQ(text_at(accepted.json, "statusHistory/1/extension/1/valueReference/reference"), "Practitioner/cora");
  const auto provenance = find("Provenance", "target=EpisodeOfCare/case-ann");
  ASSERT_EQ(provenance.size(), 1U);
  EXPECT_EQ(text_at(provenance[0], "agent/0/who/reference"), "Practitioner/cora");
  EXPECT_EQ(text_at(provenance[0], "reason/0/text"), "Lives alone.");
  ASSERT_EQ(accepted.written.size(), 2U);

  now_ += a_day;
  const auto early = call(cora(), "EpisodeOfCare/case-ann/$start");
  EXPECT_EQ(early.status, 409);
  EXPECT_EQ(early.sentence(), "The person has not agreed yet: record what they said first.");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$ask", {{"outcome", "agreed"}}).status, 200);
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$start").status, 200);
  now_ += a_day;
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$hold", {{"reason", "In hospital."}}).status, 200);
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$resume").status, 200);
  const auto finished = call(cora(), "EpisodeOfCare/case-ann/$finish", {{"reason", "Goals met."}, {"outcome", "Manages alone again."}});
  ASSERT_EQ(finished.status, 200) << finished.json.dump();
  EXPECT_EQ(text_at(finished.json, "status"), "finished");
  EXPECT_EQ(text_at(finished.json, "period/end"), "2026-06-03T12:00:00Z");
  // Its end closes the person's record to the team, and keeps the case itself readable.
  EXPECT_EQ(send(cora(), "GET /Patient/ann").status, 404);
  EXPECT_EQ(send(cora(), "GET /EpisodeOfCare/case-ann").status, 200);
}

TEST_F(CasesTest, WhatIsMissingIsSaidBesideItsField) {
  for (const auto& [operation, field] : std::vector<std::pair<std::string, std::string>>{{"decline", "reason"}, {"defer", "until"}, {"hand-over", "to"}, {"ask", "outcome"}}) {
    const auto answer = call(cora(), "EpisodeOfCare/case-ann/$" + operation);
    EXPECT_EQ(answer.status, 422) << operation;
    EXPECT_EQ(answer.about(), field);
    EXPECT_FALSE(answer.sentence().empty());
  }
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$accept", {{"coordinator", "PractitionerRole/nobody"}}).about(), "coordinator");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$accept", {{"coordinator", "Patient/ben"}}).about(), "coordinator");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$defer", {{"until", "2026-02-31"}, {"reason", "x"}}).about(), "until");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$defer", {{"until", "2026-05-31"}, {"reason", "x"}}).about(), "until");
  EXPECT_EQ(send(cora(), "POST /EpisodeOfCare/case-ann/$accept", "{\"resourceType\":\"Patient\"}").status, 400);
  EXPECT_EQ(send(cora(), "POST /EpisodeOfCare/case-ann/$accept", "{").status, 400);
  EXPECT_EQ(text_at(stored("EpisodeOfCare/case-ann"), "meta/versionId"), "1");
}

TEST_F(CasesTest, DeferredStaysToBeDecided) {
  const auto deferred = call(cora(), "EpisodeOfCare/case-ann/$defer", {{"until", "2026-07-01"}, {"reason", "Moves house."}});
  ASSERT_EQ(deferred.status, 200) << deferred.json.dump();
  EXPECT_EQ(text_at(deferred.json, "status"), "planned");
  EXPECT_EQ(text_at(*extension(deferred.json, "urn:joinedup:deferred-until"), "valueDate"), "2026-07-01");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$accept").status, 200);
}

TEST_F(CasesTest, AskingThePerson) {
  accepted("ann");
  const auto without = call(cora(), "EpisodeOfCare/case-ann/$ask", {{"outcome", "lacks-capacity"}});
  EXPECT_EQ(without.status, 422);
  EXPECT_EQ(without.about(), "note");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$ask", {{"outcome", "declined"}}).status, 200);
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$start").status, 409);
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$ask", {{"outcome", "lacks-capacity"}, {"note", "Daughter consulted."}}).status, 200);
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$start").status, 200);
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$ask", {{"outcome", "agreed"}, {"on", "2026-06-02"}}).about(), "on");
}

TEST_F(CasesTest, AWrongStateSaysWhatItIs) {
  const auto start = call(cora(), "EpisodeOfCare/case-ann/$start");
  EXPECT_EQ(start.status, 409);
  EXPECT_EQ(start.sentence(), "Only a case that waits can start. It is found and not decided yet since 2026-05-01.");
  accepted("ann");
  const auto again = call(cora(), "EpisodeOfCare/case-ann/$accept");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.sentence(), "Only a case that is not decided yet can be accepted. It is accepted and waiting to start since 2026-06-01.");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$decline", {{"reason", "Said no."}}).status, 200);
  put("EpisodeOfCare", "draft", R"("status":"planned","type":[{"coding":[{"system":"urn:joinedup:case-finding","code":"draft"}]}],"patient":{"reference":"Patient/ben"},"team":[{"reference":"CareTeam/one"}])");
  EXPECT_EQ(call(cora(), "EpisodeOfCare/draft/$accept").status, 409);
}

TEST_F(CasesTest, WhoMayNotSeeLearnsNothing) {
  const auto denied = call(out(), "EpisodeOfCare/case-ann/$accept"), absent = call(out(), "EpisodeOfCare/case-nobody/$accept");
  EXPECT_EQ(denied.status, 404);
  EXPECT_EQ(denied.json, absent.json);
  EXPECT_EQ(text_at(stored("EpisodeOfCare/case-ann"), "meta/versionId"), "1");
}

TEST_F(CasesTest, AVersionThatWasReadIsHeldTo) {
  accepted("ann");
  const auto late = call(cora(), "EpisodeOfCare/case-ann/$ask", {{"outcome", "agreed"}}, {{"If-Match", "W/\"1\""}});
  EXPECT_EQ(late.status, 412);
  EXPECT_NE(late.sentence().find("version 2"), std::string::npos);
}

TEST_F(CasesTest, HandOverTakesTheirTasksAlong) {
  accepted("ann");
  const auto task = [&](const std::string& id, const std::string& owner, const std::string& status, const std::string& person) {
    put("Task", id, R"("status":")" + status + R"(","intent":"order","for":{"reference":"Patient/)" + person + R"("},"owner":{"reference":")" + owner + "\"}");
  };
  task("t1", "PractitionerRole/r-cora", "requested", "ann"), task("t2", "Practitioner/cora", "in-progress", "ann"), task("t3", "PractitionerRole/r-cora", "completed", "ann");
  task("t4", "PractitionerRole/r-ned", "requested", "ann"), task("t5", "PractitionerRole/r-cora", "requested", "ben");
  const auto done = call(cora(), "EpisodeOfCare/case-ann/$hand-over", {{"to", "PractitionerRole/r-lea"}, {"note", "Rings on Fridays."}});
  ASSERT_EQ(done.status, 200) << done.json.dump();
  EXPECT_EQ(done.json["parameter"][1]["valueInteger"], 2);
  EXPECT_EQ(text_at(stored("EpisodeOfCare/case-ann"), "careManager/reference"), "PractitionerRole/r-lea");
  for (const auto& [id, owner] : std::map<std::string, std::string>{{"t1", "PractitionerRole/r-lea"}, {"t2", "PractitionerRole/r-lea"}, {"t3", "PractitionerRole/r-cora"}, {"t4", "PractitionerRole/r-ned"}, {"t5", "PractitionerRole/r-cora"}})
    EXPECT_EQ(text_at(stored("Task/" + id), "owner/reference"), owner) << id;
  EXPECT_EQ(call(cora(), "EpisodeOfCare/case-ann/$hand-over", {{"to", "PractitionerRole/r-lea"}, {"note", "Again."}}).status, 409);
}

TEST_F(CasesTest, CapacityCountsCasesAndWhatIsOverdue) {
  accepted("ann"), started("ben");
  put("Task", "late", R"("status":"requested","intent":"order","for":{"reference":"Patient/ann"},"owner":{"reference":"PractitionerRole/r-cora"},"restriction":{"period":{"end":"2026-05-31"}})");
  put("Task", "undated", R"("status":"requested","intent":"order","for":{"reference":"Patient/ann"},"owner":{"reference":"PractitionerRole/r-cora"})");
  const auto capacity = send(lea(), "GET /CareTeam/one/$capacity");
  ASSERT_EQ(capacity.status, 200) << capacity.json.dump();
  std::map<std::string, int> numbers;
  for (const auto& one : capacity.json["parameter"]) {
    if (one.contains("valueInteger")) numbers[one["name"]] = one["valueInteger"];
    else if (text_at(one, "part/0/valueReference/reference") == "PractitionerRole/r-cora") {
      EXPECT_EQ(text_at(one, "part/1/valueString"), "Of cora");
      numbers["cora"] = one["part"][3]["valueInteger"], numbers["cora overdue"] = one["part"][4]["valueInteger"];
    }
  }
  EXPECT_EQ(numbers, (std::map<std::string, int>{{"capacity", 40}, {"active", 1}, {"waiting", 1}, {"unassigned", 0}, {"cora", 2}, {"cora overdue", 1}}));
  for (const auto& one : capacity.shown) EXPECT_NE(one.type, "EpisodeOfCare");  // totals leave, nobody's case
}

}  // namespace
}  // namespace joinedup::casework
