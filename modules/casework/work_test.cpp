// Referrals, meetings, pathways and slots, under the permits that the policy gives.
#include "casework/test_support.hpp"

namespace joinedup::casework {
namespace {

using WorkTest = CaseworkTest;

TEST_F(WorkTest, AReferralGoesToAnotherPartnerAndBack) {
  put("PractitionerRole", "r-out", R"("active":true,"practitioner":{"reference":"Practitioner/out"},"organization":{"reference":"Organization/practice-b"},"healthcareService":[{"reference":"HealthcareService/physio"}])");
  accepted("ann");
  put("Observation", "o", R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/ann"})");
  const std::vector<std::pair<std::string, std::string>> asked{{"patient", "Patient/ann"}, {"service", "HealthcareService/physio"}, {"reason", "Falls at night."}, {"urgency", "urgent"}};
  const auto made = call(cora(), "ServiceRequest/$refer", asked);
  ASSERT_EQ(made.status, 200) << made.json.dump();
  const auto request = text_at(made.json, "entry/0/resource/id"), task = text_at(made.json, "entry/1/resource/id");
  EXPECT_EQ(text_at(made.json, "entry/1/resource/focus/reference"), "ServiceRequest/" + request);
  EXPECT_EQ(text_at(made.json, "entry/1/resource/restriction/period/end"), "2026-06-04");
  EXPECT_EQ(text_at(made.json, "entry/0/resource/requester/reference"), "Practitioner/cora");

  // What is offered is seen, and nothing else of the person; once it is accepted their record is open, until it is completed.
  EXPECT_EQ(send(out(), "GET /Task/" + task).status, 200);
  EXPECT_EQ(send(out(), "GET /ServiceRequest/" + request).status, 200);
  EXPECT_EQ(send(out(), "GET /Observation/o").status, 404);
  const auto skipped = call(out(), "Task/" + task + "/$answer", {{"answer", "completed"}, {"outcome", "x"}});
  EXPECT_EQ(skipped.status, 409);
  EXPECT_EQ(skipped.sentence(), "The referral is waiting for an answer: it cannot become completed.");
  EXPECT_EQ(call(out(), "Task/" + task + "/$answer", {{"answer", "rejected"}}).about(), "reason");
  const auto taken = call(out(), "Task/" + task + "/$answer", {{"answer", "accepted"}});
  ASSERT_EQ(taken.status, 200) << taken.json.dump();
  EXPECT_EQ(send(out(), "GET /Observation/o").status, 200);
  EXPECT_EQ(call(out(), "Task/" + task + "/$answer", {{"answer", "in-progress"}}).status, 200);
  EXPECT_EQ(call(out(), "Task/" + task + "/$answer", {{"answer", "completed"}}).about(), "outcome");
  const auto over = call(out(), "Task/" + task + "/$answer", {{"answer", "completed"}, {"outcome", "Walks with a frame."}});
  ASSERT_EQ(over.status, 200) << over.json.dump();
  EXPECT_EQ(send(out(), "GET /Observation/o").status, 404);
  const auto seen = send(cora(), "GET /Task/" + task);
  EXPECT_EQ(text_at(seen.json, "output/0/valueString"), "Walks with a frame.");
  EXPECT_EQ(text_at(stored("ServiceRequest/" + request), "status"), "completed");
  EXPECT_EQ(find("Provenance", "target=Task/" + task).size(), 4U);

  // One like it within 90 days is pointed out, and sent where that is meant.
  const auto twice = call(cora(), "ServiceRequest/$refer", asked);
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(text_at(twice.json, "issue/0/code"), "duplicate");
  EXPECT_EQ(twice.about(), "confirm");
  EXPECT_NE(twice.sentence().find("2026-06-01, completed: \"Falls at night.\""), std::string::npos) << twice.sentence();
  auto meant = asked;
  meant.emplace_back("confirm", "true");
  EXPECT_EQ(call(cora(), "ServiceRequest/$refer", meant).status, 200);
  meant.pop_back(), meant.emplace_back("kind", "advice");
  EXPECT_EQ(call(cora(), "ServiceRequest/$refer", meant).status, 200);
  now_ += 91 * a_day;
  EXPECT_EQ(call(cora(), "ServiceRequest/$refer", asked).status, 409);  // the second is still open
}

TEST_F(WorkTest, AReferralThatIsRejectedSaysWhy) {
  put("PractitionerRole", "r-out", R"("active":true,"practitioner":{"reference":"Practitioner/out"},"organization":{"reference":"Organization/practice-b"},"healthcareService":[{"reference":"HealthcareService/physio"}])");
  const auto made = call(cora(), "ServiceRequest/$refer", {{"patient", "Patient/ann"}, {"service", "HealthcareService/physio"}, {"reason", "x"}, {"urgency", "routine"}});
  ASSERT_EQ(made.status, 200) << made.json.dump();
  const auto task = text_at(made.json, "entry/1/resource/id");
  EXPECT_EQ(call(out(), "Task/" + task + "/$answer", {{"answer", "rejected"}, {"reason", "Full until August."}}).status, 200);
  EXPECT_EQ(text_at(send(cora(), "GET /Task/" + task).json, "statusReason/text"), "Full until August.");
  EXPECT_EQ(call(out(), "ServiceRequest/$refer", {{"patient", "Patient/ann"}, {"service", "HealthcareService/physio"}, {"reason", "x"}, {"urgency", "routine"}}).about(), "patient");
  EXPECT_EQ(call(cora(), "ServiceRequest/$refer", {{"patient", "Patient/ann"}, {"service", "HealthcareService/physio"}, {"reason", "x"}, {"urgency", "soon"}}).about(), "urgency");
}

TEST_F(WorkTest, AMeetingFromItsAgendaToWhatIsCarriedOver) {
  started("ben");
  put("CarePlan", "plan-ben", R"("status":"active","intent":"plan","category":[{"coding":[{"system":"urn:joinedup:plan","code":"care-and-support"}]}],"subject":{"reference":"Patient/ben"},)"
                              R"("extension":[{"url":"urn:joinedup:review","extension":[{"url":"date","valueDate":"2026-06-02"}]}])");
  const auto planned = call(lea(), "Appointment/$plan-meeting", {{"team", "CareTeam/one"}, {"start", "2026-06-03T10:00:00Z"}, {"minutes", "30"}});
  ASSERT_EQ(planned.status, 200) << planned.json.dump();
  const auto meeting = text_at(planned.json, "entry/0/resource/id");
  EXPECT_EQ(text_at(planned.json, "entry/0/resource/status"), "booked");
  EXPECT_EQ(text_at(planned.json, "entry/0/resource/end"), "2026-06-03T10:30:00Z");
  EXPECT_EQ(text_at(planned.json, "entry/1/resource/identifier/0/value"), meeting);
  EXPECT_EQ(planned.json["entry"][1]["resource"].dump().find("Patient/"), std::string::npos);
  EXPECT_EQ(planned.json["entry"][0]["resource"].dump().find("Patient/"), std::string::npos);
  ASSERT_EQ(planned.json["entry"].size(), 4U);
  EXPECT_EQ(text_at(planned.json, "entry/2/resource/for/reference"), "Patient/ben");  // due before new
  EXPECT_EQ(text_at(planned.json, "entry/2/resource/extension/1/valueCode"), "due");
  EXPECT_EQ(text_at(planned.json, "entry/3/resource/extension/1/valueCode"), "new");
  const auto first = text_at(planned.json, "entry/2/resource/id"), second = text_at(planned.json, "entry/3/resource/id");
  EXPECT_EQ(call(lea(), "Appointment/$plan-meeting", {{"team", "CareTeam/one"}, {"start", "2026-06-03T10:00:00Z"}, {"minutes", "30"}}).status, 409);

  EXPECT_EQ(call(lea(), "Task/" + first + "/$decide", {{"text", "Order a frame."}, {"owner", "PractitionerRole/r-ned"}}).about(), "due");
  EXPECT_EQ(call(lea(), "Task/" + first + "/$decide", {{"text", "Order a frame."}, {"owner", "PractitionerRole/r-ned"}, {"due", "2026-05-01"}}).about(), "due");
  const auto decided = call(lea(), "Task/" + first + "/$decide", {{"text", "Order a frame."}, {"owner", "PractitionerRole/r-ned"}, {"due", "2026-06-10"}});
  ASSERT_EQ(decided.status, 200) << decided.json.dump();
  EXPECT_EQ(text_at(decided.json, "groupIdentifier/value"), meeting);
  EXPECT_EQ(text_at(decided.json, "focus/reference"), "Task/" + first);
  EXPECT_EQ(text_at(stored("Task/" + first), "status"), "completed");
  EXPECT_EQ(call(lea(), "Task/" + text_at(decided.json, "id") + "/$decide", {{"text", "x"}, {"owner", "PractitionerRole/r-ned"}, {"due", "2026-06-10"}}).status, 409);

  const auto closed = call(lea(), "Appointment/" + meeting + "/$close-meeting");
  ASSERT_EQ(closed.status, 200) << closed.json.dump();
  EXPECT_EQ(text_at(stored("Appointment/" + meeting), "status"), "fulfilled");
  EXPECT_EQ(text_at(stored("Task/" + second), "status"), "on-hold");
  EXPECT_EQ(call(lea(), "Appointment/" + meeting + "/$close-meeting").status, 409);
  EXPECT_EQ(call(lea(), "Task/" + second + "/$decide", {{"text", "x"}, {"owner", "PractitionerRole/r-ned"}, {"due", "2026-06-10"}}).status, 409);

  // What was not talked about comes back, before what is due, and once only.
  now_ += 3 * a_day;
  const auto next = call(lea(), "Appointment/$plan-meeting", {{"team", "CareTeam/one"}, {"start", "2026-06-17T10:00"}, {"minutes", "30"}});
  ASSERT_EQ(next.status, 200) << next.json.dump();
  EXPECT_EQ(text_at(next.json, "entry/2/resource/for/reference"), "Patient/ann");
  EXPECT_EQ(text_at(next.json, "entry/2/resource/extension/1/valueCode"), "carried-over");
  EXPECT_EQ(text_at(stored("Task/" + second), "status"), "cancelled");
  // The decision is carried out by its owner.
  const auto done = call(subject("ned", "nurse", "PRACa"), "Task/" + text_at(decided.json, "id") + "/$done", {{"outcome", "Delivered."}});
  EXPECT_EQ(done.status, 200) << done.json.dump();
  EXPECT_EQ(call(lea(), "Task/" + text_at(decided.json, "id") + "/$done").status, 409);
}

TEST_F(WorkTest, AnAgendaShowsEachReaderTheirPart) {
  const auto planned = call(lea(), "Appointment/$plan-meeting", {{"team", "CareTeam/one"}, {"start", "2026-06-03T10:00:00+01:00"}, {"minutes", "30"}});
  ASSERT_EQ(planned.status, 200) << planned.json.dump();
  EXPECT_EQ(text_at(planned.json, "entry/0/resource/end"), "2026-06-03T09:30:00Z");
  EXPECT_EQ(send(out(), "GET /Task/" + text_at(planned.json, "entry/2/resource/id")).status, 404);
}

class PathwayTest : public CaseworkTest {
 protected:
  void SetUp() override {
    CaseworkTest::SetUp();
    put("PlanDefinition", "copd", R"("url":"urn:joinedup:pathway:copd","version":"1","status":"active","title":"COPD","action":[)"
                                  R"x({"id":"confirm","title":"Confirm","condition":[{"kind":"applicability","expression":{"language":"text/fhirpath","expression":"entry.resource.ofType(Condition).where(code.coding.where(code = '13645005').exists()).exists()"}}],"timingDuration":{"value":4,"unit":"weeks","code":"wk"}},)x"
                                  R"({"id":"smoking","title":"Smoking","description":"Offer support.","relatedAction":[{"actionId":"confirm","relationship":"after-end"}],"timingDuration":{"value":14,"unit":"days","code":"d"}},)"
                                  R"({"id":"never","title":"Never","condition":[{"kind":"applicability","expression":{"language":"text/fhirpath","expression":"false"}}]},)"
                                  R"({"id":"unread","title":"Unread","condition":[{"kind":"applicability","expression":{"description":"Something holds","language":"text/cql","expression":"?"}}]}])");
    put("Condition", "c", R"("code":{"coding":[{"system":"http://snomed.info/sct","code":"13645005"}]},"subject":{"reference":"Patient/ann"})");
  }
};

TEST_F(PathwayTest, StepsThatApplyBecomeTasksWithTheirLimits) {
  const auto begun = call(cora(), "PlanDefinition/copd/$apply", {{"subject", "Patient/ann"}});
  ASSERT_EQ(begun.status, 200) << begun.json.dump();
  ASSERT_EQ(begun.json["entry"].size(), 4U);
  const auto plan = "CarePlan/" + text_at(begun.json, "entry/0/resource/id");
  EXPECT_EQ(text_at(begun.json, "entry/0/resource/instantiatesCanonical/0"), "urn:joinedup:pathway:copd|1");
  EXPECT_EQ(text_at(begun.json, "entry/1/resource/restriction/period/end"), "2026-06-29");
  EXPECT_EQ(text_at(begun.json, "entry/2/resource/restriction/period/end"), "2026-07-13");  // after the step before it
  EXPECT_EQ(text_at(begun.json, "entry/2/resource/basedOn/0/reference"), plan);
  EXPECT_EQ(due_of(begun.json["entry"][3]["resource"]), "");
  EXPECT_NE(text_at(begun.json, "entry/3/resource/note/0/text").find("Something holds"), std::string::npos);
  const auto twice = call(cora(), "PlanDefinition/copd/$apply", {{"subject", "Patient/ann"}});
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(twice.sentence(), "The person is on this pathway already, since 2026-06-01.");
  // Without the condition its step is left out.
  const auto other = call(cora(), "PlanDefinition/copd/$apply", {{"subject", "Patient/ben"}});
  ASSERT_EQ(other.status, 200);
  EXPECT_EQ(other.json["entry"].size(), 3U);
  EXPECT_EQ(call(out(), "PlanDefinition/copd/$apply", {{"subject", "Patient/ann"}}).about(), "subject");
}

TEST_F(PathwayTest, ASlotIsBookedOnce) {
  put("ServiceRequest", "sr", R"("status":"active","intent":"order","subject":{"reference":"Patient/ann"})");
  put("Schedule", "sch", R"("actor":[{"reference":"HealthcareService/physio"}])");
  put("Slot", "free", R"("schedule":{"reference":"Schedule/sch"},"status":"free","start":"2026-06-05T10:00:00Z","end":"2026-06-05T10:30:00Z")");
  put("Slot", "past", R"("schedule":{"reference":"Schedule/sch"},"status":"free","start":"2026-05-05T10:00:00Z","end":"2026-05-05T10:30:00Z")");
  const auto booked = call(cora(), "Slot/free/$book", {{"request", "ServiceRequest/sr"}});
  ASSERT_EQ(booked.status, 200) << booked.json.dump();
  EXPECT_EQ(text_at(booked.json, "participant/1/actor/reference"), "HealthcareService/physio");
  EXPECT_EQ(text_at(stored("Slot/free"), "status"), "busy");
  EXPECT_EQ(call(cora(), "Slot/free/$book", {{"request", "ServiceRequest/sr"}}).sentence(), "This slot is taken. Choose another.");
  EXPECT_EQ(call(cora(), "Slot/past/$book", {{"request", "ServiceRequest/sr"}}).status, 409);
  EXPECT_EQ(call(out(), "Slot/free/$book", {{"request", "ServiceRequest/sr"}}).about(), "request");
}

}  // namespace
}  // namespace joinedup::casework
