#include "access/test_support.hpp"

namespace joinedup::access {
namespace {

TEST_F(AccessTest, APracticeSeesItsOwnPeopleAndNobodyElses) {
  two_practices();
  EXPECT_EQ(status(gp_a(), "GET /Patient/pa"), 200);
  EXPECT_EQ(status(gp_a(), "GET /Observation/oa"), 200);
  EXPECT_EQ(status(gp_a(), "GET /Patient/pb"), 404);
  EXPECT_EQ(total(gp_a(), "Patient"), 1U);
  EXPECT_EQ(total(gp_a(), "Observation"), 1U);
  EXPECT_EQ(total(gp_a(), "Observation?subject:Patient.birthdate=1950-01-01"), 1U);
  EXPECT_EQ(rule(gp_a(), "Observation/oa"), "practice-reads");
  EXPECT_EQ(rule(gp_a(), "Observation/ob"), "no-relationship");
}

TEST_F(AccessTest, DeniedAndAbsentAreTheSameAnswer) {
  two_practices();
  const auto denied = send(gp_a(), "GET /Patient/pb"), absent = send(gp_a(), "GET /Patient/zz");
  EXPECT_EQ(denied.status, absent.status);
  EXPECT_EQ(denied.body, absent.body);
  EXPECT_EQ(send(gp_a(), "DELETE /Observation/ob").status, send(gp_a(), "DELETE /Observation/zz").status);
  EXPECT_EQ(send(gp_a(), "GET /Patient/pb/_history").body, send(gp_a(), "GET /Patient/zz/_history").body);
  EXPECT_EQ(send(gp_a(), "GET /Patient/pb/$everything").body, send(gp_a(), "GET /Patient/zz/$everything").body);
  for (const std::string id : {"ob", "zz"}) {
    const auto put_it = send(gp_a(), "PUT /Observation/" + id, R"({"resourceType":"Observation","id":")" + id + "\"," + observation("pa") + "}");
    EXPECT_EQ(put_it.status, 403) << id;
    EXPECT_EQ(put_it.body, send(gp_a(), "PUT /Observation/yy", R"({"resourceType":"Observation","id":"yy",)" + observation("pa") + "}").body);
    const auto starred = send(gp_a(), "PUT /Observation/" + id, R"({"resourceType":"Observation","id":")" + id + "\"," + observation("pa") + "}", {{"If-Match", "*"}});
    EXPECT_EQ(starred.status, 403) << id;
    EXPECT_EQ(send(gp_a(), "PATCH /Observation/" + id, R"([{"op":"replace","path":"/status","value":"amended"}])").status, 404) << id;
  }
}

TEST_F(AccessTest, ACareTeamMemberSeesThePersonUntilTheTeamEnds) {
  two_practices();
  const auto nurse = worker("n1", "nurse", "HOSP");
  EXPECT_EQ(total(nurse, "Observation"), 0U);
  const std::string members = R"("subject":{"reference":"Patient/pb"},"participant":[{"member":{"reference":"Practitioner/n1"}}])";
  put("CareTeam", "t", R"("status":"active",)" + members);
  EXPECT_EQ(total(nurse, "Observation"), 1U);
  EXPECT_EQ(rule(nurse, "Observation/ob"), "team-reads");
  put("CareTeam", "t", R"("status":"inactive",)" + members);
  EXPECT_EQ(total(nurse, "Observation"), 0U);
  put("CareTeam", "t", R"("status":"active","period":{"end":"2026-06-01T13:00:00Z"},)" + members);
  EXPECT_EQ(total(nurse, "Observation"), 1U);
  now_ += 2 * an_hour;
  EXPECT_EQ(total(nurse, "Observation"), 0U);
  now_ -= 2 * an_hour;
  remove("CareTeam", "t");
  EXPECT_EQ(total(nurse, "Observation"), 0U);
}

TEST_F(AccessTest, AnEpisodesTeamHasStandingMembers) {
  two_practices();
  put("CareTeam", "team", R"("status":"active","participant":[{"member":{"reference":"PractitionerRole/r1"}}])");
  put("PractitionerRole", "r1", R"("practitioner":{"reference":"Practitioner/c1"})");
  const auto co_ordinator = worker("c1", "co_ordinator", "PRACx");
  EXPECT_EQ(total(co_ordinator, "Observation"), 0U);
  put("EpisodeOfCare", "e", R"("status":"active","patient":{"reference":"Patient/pa"},"team":[{"reference":"CareTeam/team"}])");
  EXPECT_EQ(total(co_ordinator, "Observation"), 1U);
  put("PractitionerRole", "r1", R"("active":false,"practitioner":{"reference":"Practitioner/c1"})");
  EXPECT_EQ(total(co_ordinator, "Observation"), 0U);
  put("PractitionerRole", "r1", R"("active":true,"practitioner":{"reference":"Practitioner/c1"})");
  put("EpisodeOfCare", "e", R"("status":"finished","patient":{"reference":"Patient/pa"},"team":[{"reference":"CareTeam/team"}])");
  EXPECT_EQ(total(co_ordinator, "Observation"), 0U);
}

TEST_F(AccessTest, AReferralIsShownToWhoIsAskedAndOpensTheRecordWhenAccepted) {
  two_practices();
  const auto social = worker("s1", "social_worker", "COUNCIL");
  put("ServiceRequest", "sr", R"("status":"active","intent":"order","subject":{"reference":"Patient/pa"},"performer":[{"reference":"Practitioner/s1"}])");
  const std::string task = R"("intent":"order","for":{"reference":"Patient/pa"},"focus":{"reference":"ServiceRequest/sr"},"owner":{"reference":"Practitioner/s1"})";
  EXPECT_EQ(total(social, "ServiceRequest"), 0U);
  put("Task", "k", R"("status":"requested",)" + task);
  EXPECT_EQ(total(social, "Task"), 1U);
  EXPECT_EQ(total(social, "ServiceRequest"), 1U);
  EXPECT_EQ(total(social, "Observation"), 0U);
  EXPECT_EQ(status(social, "PUT /Task/k", R"({"resourceType":"Task","id":"k","status":"accepted",)" + task + "}"), 200);
  EXPECT_EQ(total(social, "Observation"), 1U);
  EXPECT_EQ(rule(social, "Observation/oa"), "referral-reads");
  put("Task", "k", R"("status":"completed",)" + task);
  EXPECT_EQ(total(social, "Observation"), 0U);
}

TEST_F(AccessTest, APersonSeesTheirOwnRecordOnly) {
  two_practices();
  EXPECT_EQ(total(person("pa"), "Observation"), 1U);
  EXPECT_EQ(status(person("pa"), "GET /Patient/pb"), 404);
  EXPECT_EQ(rule(person("pa"), "Observation/oa"), "own-record");
  EXPECT_EQ(status(person("pa"), "POST /Observation", R"({"resourceType":"Observation",)" + observation("pa") + "}"), 403);
}

TEST_F(AccessTest, AResourceThatNamesSeveralPeopleNeedsARelationshipToEach) {
  two_practices();
  put("Appointment", "both", R"("status":"booked","participant":[{"actor":{"reference":"Patient/pa"},"status":"accepted"},{"actor":{"reference":"Patient/pb"},"status":"accepted"}])");
  put("Appointment", "one", R"("status":"booked","participant":[{"actor":{"reference":"Patient/pa"},"status":"accepted"}])");
  EXPECT_EQ(total(gp_a(), "Appointment"), 1U);
  EXPECT_EQ(status(gp_a(), "GET /Appointment/both"), 404);
  put("CareTeam", "t", R"("status":"active","subject":{"reference":"Patient/pb"},"participant":[{"member":{"reference":"Practitioner/gp-a"}}])");
  EXPECT_EQ(total(gp_a(), "Appointment"), 2U);
}

TEST_F(AccessTest, RolesWithoutCareSeeNoRecords) {
  two_practices();
  for (const auto role : {"analyst", "board", "administrator", "guardian"})
    for (const auto purpose : {Purpose::direct_care, Purpose::administration, Purpose::secondary_use, Purpose::own_record}) {
      auto who = worker("x", role, "PRACa");
      who.purpose = purpose;
      for (const auto type : {"Patient", "Observation"}) EXPECT_EQ(total(who, type), 0U) << role << " " << type;
    }
  auto gp = gp_a();
  for (const auto purpose : {Purpose::secondary_use, Purpose::own_record}) {
    gp.purpose = purpose;
    EXPECT_EQ(total(gp, "Patient"), 0U);
  }
}

TEST_F(AccessTest, WhatNoRuleOpensIsClosed) {
  two_practices();
  put("Binary", "b", R"("contentType":"text/plain","data":"eA==")");
  put("Observation", "nobodys", R"("status":"final","code":{"text":"x"})");
  EXPECT_EQ(status(gp_a(), "GET /Binary/b"), 404);
  EXPECT_EQ(status(gp_a(), "GET /Observation/nobodys"), 404);
  EXPECT_EQ(rule(gp_a(), "Binary/b"), "default-deny");
  EXPECT_EQ(rule(gp_a(), "Patient/none"), "no-such-resource");
  EXPECT_EQ(status(gp_a(), "GET /_changes"), 403);
  EXPECT_EQ(status(gp_a(), "GET /$export"), 403);
  Subject nobody;
  EXPECT_EQ(total(nobody, "Patient"), 0U);
}

TEST_F(AccessTest, ARoleIsOfAKindOfSubject) {
  two_practices();
  auto worker_as_person = worker("w", "person", "PRACa");
  worker_as_person.patient = "pa", worker_as_person.purpose = Purpose::own_record;
  EXPECT_EQ(total(worker_as_person, "Patient"), 0U);
  auto person_as_doctor = person("pa");
  person_as_doctor.roles = {"person", "gp"}, person_as_doctor.organisation = "PRACb", person_as_doctor.practitioner = "gp-b", person_as_doctor.purpose = Purpose::direct_care;
  EXPECT_EQ(total(person_as_doctor, "Patient"), 0U);
}

TEST_F(AccessTest, WhatWasThereBeforeOpeningIsKnown) {
  two_practices();
  put("Observation", "secret", observation("pa", "gender_recognition"));
  reopen();
  EXPECT_EQ(total(gp_a(), "Observation"), 2U);
  EXPECT_EQ(total(worker("n", "nurse", "PRACa"), "Observation"), 1U);
}

}  // namespace
}  // namespace joinedup::access
