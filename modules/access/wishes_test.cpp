// Labels, the person's own wishes, proxies, emergencies and what is withheld.
#include <sqlite3.h>

#include <map>
#include <set>
#include <thread>

#include "access/test_support.hpp"

namespace joinedup::access {
namespace {

using WishesTest = AccessTest;

constexpr const char* legal_basis = R"("policyRule":{"coding":[{"system":"https://fhir.nhs.uk/England/CodeSystem/England-NHSProxyLegalBasis","code":")";

std::string proxy_consent(const std::string& patient, const std::string& related, const std::string& basis, const std::string& status = "active") {
  return R"("status":")" + status + R"(","scope":{"text":"x"},"category":[{"text":"x"}],"patient":{"reference":"Patient/)" + patient + R"("},)" + legal_basis + basis +
         R"("}]},"provision":{"type":"permit","actor":[{"role":{"text":"x"},"reference":{"reference":"RelatedPerson/)" + related + R"("}}]})";
}

std::string refusal(const std::string& patient, const std::string& what) {
  return R"("status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":{"reference":"Patient/)" + patient + R"("},"provision":{"type":"deny")" +
         (what.empty() ? "" : "," + what) + "}";
}

TEST_F(WishesTest, ALabelIsSeenByTheRolesThatItNames) {
  two_practices();
  const std::map<std::string, std::set<std::string>> may = {
      {"safeguarding", {"safeguarding_lead", "social_worker", "gp"}}, {"sexual_health", {"gp", "nurse", "safeguarding_lead"}},
      {"mental_health", {"gp", "nurse", "social_worker", "co_ordinator", "team_lead", "safeguarding_lead"}}, {"protected_address", {"gp", "co_ordinator", "social_worker", "safeguarding_lead"}},
      {"gender_recognition", {"gp"}}, {"fertility", {"gp", "nurse"}}, {"a_label_of_next_year", {}}};
  for (const auto& [label, roles] : may) {
    put("Observation", "oa", observation("pa", label));
    for (const auto role : {"gp", "nurse", "social_worker", "co_ordinator", "team_lead", "safeguarding_lead"}) {
      const auto who = worker("w", role, "PRACa");
      EXPECT_EQ(total(who, "Observation"), roles.contains(role) ? 1U : 0U) << label << " " << role;
      EXPECT_EQ(status(who, "GET /Observation/oa"), roles.contains(role) ? 200 : 404) << label << " " << role;
    }
    EXPECT_EQ(total(person("pa"), "Observation"), label == "safeguarding" || roles.empty() ? 0U : 1U) << label;
  }
  put("Observation", "oa", observation("pa", "fertility"));
  EXPECT_EQ(rule(worker("w", "team_lead", "PRACa"), "Observation/oa"), "label:fertility");
}

TEST_F(WishesTest, AnOlderVersionWithoutItsLabelStaysHidden) {
  two_practices();
  put("Observation", "oa", observation("pa", "safeguarding"));
  const auto nurse = worker("n", "nurse", "PRACa");
  EXPECT_EQ(status(nurse, "GET /Observation/oa/_history/1"), 404);
  EXPECT_EQ(status(nurse, "GET /Observation/oa/_history"), 404);
  EXPECT_EQ(send(nurse, "GET /Observation/_history").body.find("\"resourceType\":\"Observation\""), std::string::npos);
  EXPECT_EQ(status(gp_a(), "GET /Observation/oa/_history/1"), 200);
  remove("Observation", "oa");
  EXPECT_EQ(status(gp_a(), "GET /Observation/oa/_history/1"), 404);
}

TEST_F(WishesTest, AVersionAboutSomebodyElseStaysHidden) {
  two_practices();
  put("Observation", "oa", observation("pb"));  // filed under the wrong person, put right
  EXPECT_EQ(status(gp_a(), "GET /Observation/oa/_history/1"), 404);
  EXPECT_EQ(status(worker("gp-b", "gp", "PRACb"), "GET /Observation/oa/_history/1"), 404);
  EXPECT_EQ(status(worker("gp-b", "gp", "PRACb"), "GET /Observation/oa/_history/2"), 200);
}

TEST_F(WishesTest, ARefusalActsOnTheNextRequestAndItsWithdrawalToo) {
  two_practices();
  put("Condition", "c", R"("subject":{"reference":"Patient/pa"},"code":{"text":"x"})");
  EXPECT_EQ(total(gp_a(), "Observation"), 1U);
  put("Consent", "no", refusal("pa", R"("class":[{"code":"Observation"}])"));
  EXPECT_EQ(total(gp_a(), "Observation"), 0U);
  EXPECT_EQ(total(gp_a(), "Condition"), 1U);
  EXPECT_EQ(rule(gp_a(), "Observation/oa"), "consent");
  EXPECT_EQ(total(person("pa"), "Observation"), 1U);
  put("Consent", "no", refusal("pa", R"("actor":[{"role":{"text":"x"},"reference":{"reference":"Organization/practice-b"}}])"));
  EXPECT_EQ(total(gp_a(), "Observation"), 1U);
  put("Consent", "no", refusal("pa", R"("actor":[{"role":{"text":"x"},"reference":{"reference":"Practitioner/gp-a"}}])"));
  EXPECT_EQ(total(gp_a(), "Observation"), 0U);
  EXPECT_EQ(total(worker("other", "gp", "PRACa"), "Observation"), 1U);
  put("Consent", "no", refusal("pa", R"("period":{"end":"2026-05-01"})"));
  EXPECT_EQ(total(gp_a(), "Observation"), 1U);
  put("Consent", "no", refusal("pa", R"("purpose":[{"code":"HRESCH"}])"));
  EXPECT_EQ(total(gp_a(), "Observation"), 1U);
  put("Observation", "m", observation("pa", "mental_health"));
  put("Consent", "no", refusal("pa", R"("securityLabel":[{"system":"urn:joinedup:label","code":"mental_health"}])"));
  EXPECT_EQ(total(gp_a(), "Observation"), 1U);
  put("Consent", "no", refusal("pa", ""));
  EXPECT_EQ(total(gp_a(), "Patient"), 0U);
  remove("Consent", "no");
  EXPECT_EQ(total(gp_a(), "Observation"), 2U);
}

TEST_F(WishesTest, AProxySeesWhatTheirAuthorityReaches) {
  two_practices();
  put("Appointment", "ap", R"("status":"booked","participant":[{"actor":{"reference":"Patient/pa"},"status":"accepted"}])");
  put("RelatedPerson", "r", R"("patient":{"reference":"Patient/pa"})");
  EXPECT_EQ(total(proxy("r"), "Patient"), 0U);
  put("Consent", "c", proxy_consent("pa", "r", "best-interest"));
  EXPECT_EQ(total(proxy("r"), "Appointment"), 1U);
  EXPECT_EQ(total(proxy("r"), "Observation"), 0U);
  EXPECT_EQ(rule(proxy("r"), "Observation/oa"), "authority");
  put("Consent", "c", proxy_consent("pa", "r", "court-appointed-personal-welfare-deputy"));
  EXPECT_EQ(total(proxy("r"), "Observation"), 1U);
  put("Observation", "oa", observation("pa", "sexual_health"));
  EXPECT_EQ(total(proxy("r"), "Observation"), 0U);
  put("Observation", "oa", observation("pa", "mental_health"));
  EXPECT_EQ(total(proxy("r"), "Observation"), 1U);
  // Who looked is the person's alone, and so is what they allow to others.
  put("AuditEvent", "log", R"("type":{"code":"rest"},"recorded":"2026-06-01T12:00:00Z","agent":[{"requestor":true}],"source":{"observer":{"display":"x"}},"entity":[{"what":{"reference":"Patient/pa"}}])");
  EXPECT_EQ(total(proxy("r"), "AuditEvent"), 0U);
  EXPECT_EQ(total(person("pa"), "AuditEvent"), 1U);
  EXPECT_EQ(total(gp_a(), "AuditEvent"), 0U);
  EXPECT_EQ(total(proxy("r"), "Consent"), 0U);
  // Revoked: at once.
  put("Consent", "c", proxy_consent("pa", "r", "court-appointed-personal-welfare-deputy", "inactive"));
  EXPECT_EQ(total(proxy("r"), "Observation"), 0U);
  put("Consent", "c", proxy_consent("pa", "r", "court-appointed-personal-welfare-deputy"));
  EXPECT_EQ(total(proxy("r"), "Observation"), 1U);
  put("RelatedPerson", "r", R"("active":false,"patient":{"reference":"Patient/pa"})");
  EXPECT_EQ(total(proxy("r"), "Observation"), 0U);
  put("Consent", "c", proxy_consent("pb", "r", "court-appointed-personal-welfare-deputy"));
  put("RelatedPerson", "r", R"("patient":{"reference":"Patient/pa"})");
  EXPECT_EQ(total(proxy("r"), "Patient"), 0U) << "the relation is to one person, the consent is another's";
}

TEST_F(WishesTest, AParentsAuthorityEndsOnTheSixteenthBirthday) {
  two_practices();
  put("Patient", "child", R"("birthDate":"2010-06-02")");
  put("RelatedPerson", "m", R"("patient":{"reference":"Patient/child"})");
  put("Consent", "c", proxy_consent("child", "m", "parental-responsibility"));
  EXPECT_EQ(total(proxy("m"), "Patient"), 1U);
  now_ += 12 * an_hour;
  EXPECT_EQ(total(proxy("m"), "Patient"), 0U);
  put("Patient", "grown", R"("birthDate":"1980-01-01")");
  put("RelatedPerson", "m2", R"("patient":{"reference":"Patient/grown"})");
  put("Consent", "c2", proxy_consent("grown", "m2", "parental-responsibility"));
  EXPECT_EQ(total(proxy("m2"), "Patient"), 0U);
}

TEST_F(WishesTest, EmergencyAccessIsForAReasonAndATimeAndIsReviewed) {
  two_practices();
  auto nurse = worker("n", "nurse", "HOSP");
  put("Observation", "ob", observation("pb", "mental_health"));
  put("Observation", "f", observation("pb", "fertility"));
  put("Consent", "no", refusal("pb", ""));
  EXPECT_FALSE(access_->emergency(nurse, "pb", "why"));
  EXPECT_EQ(access_->emergency(nurse, "nobody", "found unconscious at home").error().code, ErrorCode::not_found);
  EXPECT_FALSE(access_->emergency(person("pa"), "pb", "found unconscious at home"));
  EXPECT_FALSE(access_->emergency(worker("x", "analyst", "HOSP"), "pb", "found unconscious at home"));
  auto app = nurse;
  app.scopes.emplace();
  EXPECT_FALSE(access_->emergency(app, "pb", "found unconscious at home"));
  EXPECT_EQ(total(nurse, "Observation"), 0U);
  const auto opened = access_->emergency(nurse, "pb", "found unconscious at home");
  ASSERT_TRUE(opened);
  EXPECT_EQ(total(nurse, "Observation"), 2U);
  EXPECT_EQ(rule(nurse, "Observation/ob"), "emergency-reads");
  EXPECT_EQ(status(nurse, "POST /Observation", R"({"resourceType":"Observation",)" + observation("pb") + "}"), 403);
  EXPECT_EQ(total(worker("n2", "nurse", "HOSP"), "Observation"), 0U);
  EXPECT_FALSE(access_->review_emergency(nurse, opened->id, "justified", {}));
  auto own = worker("n", "guardian", "HOSP");
  EXPECT_FALSE(access_->review_emergency(own, opened->id, "justified", {})) << "nobody reviews their own access";
  EXPECT_FALSE(access_->emergencies()->front().overdue(now_));
  EXPECT_TRUE(access_->emergencies()->front().overdue(now_ + 73 * an_hour));
  now_ += 3 * an_hour;
  EXPECT_EQ(total(nurse, "Observation"), 2U);
  now_ += 2 * an_hour;
  EXPECT_EQ(total(nurse, "Observation"), 0U);
  ASSERT_TRUE(access_->review_emergency(worker("g", "guardian", "HOSP"), opened->id, "justified", "Rang the ward: it was so"));
  EXPECT_EQ(access_->emergencies()->front().comment, "Rang the ward: it was so");
  EXPECT_FALSE(access_->review_emergency(worker("g", "guardian", "HOSP"), opened->id, "justified", std::string(1001, 'x')));
  EXPECT_FALSE(access_->emergencies()->front().overdue(now_ + 99 * an_hour));
  // One that was not justified ends at once.
  const auto second = access_->emergency(nurse, "pb", "curious about a neighbour");
  ASSERT_TRUE(second);
  EXPECT_EQ(total(nurse, "Observation"), 2U);
  ASSERT_TRUE(access_->review_emergency(worker("g", "guardian", "HOSP"), second->id, "not_justified", {}));
  EXPECT_EQ(total(nurse, "Observation"), 0U);
  reopen();
  EXPECT_EQ(access_->emergencies()->size(), 2U);
}

// A register from before reviews had a comment: nothing of it is lost, and the next review keeps one.
TEST_F(WishesTest, ARegisterFromBeforeIsTakenUp) {
  two_practices();
  const auto opened = access_->emergency(worker("n", "nurse", "HOSP"), "pb", "found unconscious at home");
  ASSERT_TRUE(opened);
  access_.reset();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open((folder_->path() + "/access.sqlite").c_str(), &handle), SQLITE_OK);
  for (const auto* column : {"emergency DROP COLUMN comment", "emergency DROP COLUMN reviewer_practitioner", "withheld DROP COLUMN practitioner"})
    ASSERT_EQ(sqlite3_exec(handle, (std::string("ALTER TABLE ") + column).c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
  reopen();
  ASSERT_TRUE(access_->review_emergency(worker("g", "guardian", "HOSP"), opened->id, "justified", "Rang the ward"));
  const auto all = *access_->emergencies();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().reason, "found unconscious at home");
  EXPECT_EQ(all.front().comment, "Rang the ward");
}

TEST_F(WishesTest, TheCommandLinesReviewActsInTheServer) {
  two_practices();
  const auto nurse = worker("n", "nurse", "HOSP");
  const auto opened = access_->emergency(nurse, "pb", "found unconscious at home");
  ASSERT_TRUE(opened);
  EXPECT_EQ(total(nurse, "Observation"), 1U);
  ASSERT_TRUE(review_emergency(folder_->path(), opened->id, {.reviewer = "guardian", .practitioner = {}, .outcome = "not_justified", .comment = {}}, now_));
  std::this_thread::sleep_for(std::chrono::milliseconds(150));  // it is looked for ten times a second
  EXPECT_EQ(total(nurse, "Observation"), 0U);
  EXPECT_EQ(read_emergencies(folder_->path())->front().outcome, "not_justified");
}

TEST_F(WishesTest, WhatIsWithheldCannotBeNoticed) {
  two_practices();
  put("Observation", "plan", observation("pa"));
  put("RelatedPerson", "r", R"("patient":{"reference":"Patient/pa"})");
  put("Consent", "c", proxy_consent("pa", "r", "court-appointed-personal-welfare-deputy"));
  const auto lead = worker("l", "safeguarding_lead", "PRACa");
  Withheld what;
  what.resource = "Observation/plan", what.patient = "pa", what.from = Withheld::From::proxies;
  EXPECT_FALSE(access_->withhold(lead, what)) << "no reason";
  what.reason = "the proxy is suspected of coercion", what.review_due = now_ + 30 * a_day;
  EXPECT_FALSE(access_->withhold(gp_a(), what));
  EXPECT_FALSE(access_->withhold(worker("l2", "safeguarding_lead", "PRACb"), what)) << "no relationship";
  const auto done = access_->withhold(lead, what);
  ASSERT_TRUE(done);
  EXPECT_EQ(total(proxy("r"), "Observation"), 1U);
  EXPECT_EQ(total(person("pa"), "Observation"), 2U);
  EXPECT_EQ(total(gp_a(), "Observation"), 2U);
  for (const auto way : {"", "/_history", "/_history/1", "/$everything"})
    EXPECT_EQ(send(proxy("r"), "GET /Observation/plan" + std::string(way)).body, send(proxy("r"), "GET /Observation/zz" + std::string(way)).body) << way;
  what.from = Withheld::From::person_and_proxies;
  ASSERT_TRUE(access_->withhold(lead, what));
  EXPECT_EQ(total(person("pa"), "Observation"), 1U);
  ASSERT_TRUE(access_->show_again(lead, done->id));
  const auto all = access_->withheld(lead);
  ASSERT_TRUE(all);
  for (const auto& one : *all)
    if (one.ended == 0) { ASSERT_TRUE(access_->show_again(lead, one.id)); }
  EXPECT_EQ(total(person("pa"), "Observation"), 2U);
  EXPECT_EQ(total(proxy("r"), "Observation"), 2U);
}

TEST_F(WishesTest, WhereStaffLiveIsNotShownToPersons) {
  two_practices();
  put("Practitioner", "p1", R"("address":[{"use":"home","city":"Leeds"}])");
  put("Practitioner", "p2", R"("telecom":[{"use":"work","value":"1"}])");
  EXPECT_EQ(total(person("pa"), "Practitioner"), 1U);
  EXPECT_EQ(total(person("pa"), "Practitioner?address=leeds"), 0U);
  EXPECT_EQ(total(gp_a(), "Practitioner"), 2U);
  EXPECT_EQ(rule(person("pa"), "Practitioner/p1"), "staff-home");
}

}  // namespace
}  // namespace joinedup::access
