// Writes that attack, agreements, apps' scopes.
#include "access/test_support.hpp"

namespace joinedup::access {
namespace {

class WriteTest : public AccessTest {
 protected:
  static std::string whole(const std::string& type, const std::string& id, const std::string& rest) {
    return R"({"resourceType":")" + type + "\"" + (id.empty() ? "" : R"(,"id":")" + id + "\"") + "," + rest + "}";
  }
  int put_as(const Subject& who, const std::string& id, const std::string& rest) { return status(who, "PUT /Observation/" + id, whole("Observation", id, rest)); }
  int post_as(const Subject& who, const std::string& type, const std::string& rest) { return status(who, "POST /" + type, whole(type, "", rest)); }
};

TEST_F(WriteTest, NothingMovesToAnotherPerson) {
  two_practices();
  put("CareTeam", "t", R"("status":"active","subject":{"reference":"Patient/pb"},"participant":[{"member":{"reference":"Practitioner/gp-a"}}])");
  EXPECT_EQ(put_as(gp_a(), "oa", observation("pa")), 200);
  EXPECT_EQ(put_as(gp_a(), "oa", observation("pb")), 403) << "even where both are open to the writer";
  EXPECT_EQ(put_as(gp_a(), "oa", R"("status":"final","code":{"text":"x"})"), 403);
  EXPECT_EQ(status(gp_a(), "PATCH /Observation/oa", R"([{"op":"replace","path":"/subject/reference","value":"Patient/pb"}])"), 403);
  EXPECT_EQ(status(gp_a(), "PATCH /Observation/oa", R"([{"op":"replace","path":"/status","value":"amended"}])"), 200);
  EXPECT_EQ(send(gp_a(), "POST /", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + whole("Observation", "oa", observation("pb")) +
                                       R"(,"request":{"method":"PUT","url":"Observation/oa"}}]})").status, 403);
}

TEST_F(WriteTest, LabelsAndSourcesAreNotTheWritersToChange) {
  two_practices();
  put("Observation", "s", observation("pa", "safeguarding"));
  const auto lead = worker("l", "safeguarding_lead", "PRACa");
  EXPECT_EQ(put_as(gp_a(), "s", observation("pa")), 403) << "a label is not taken off by leaving it out";
  EXPECT_EQ(status(gp_a(), "PATCH /Observation/s", R"([{"op":"remove","path":"/meta/security"}])"), 403);
  EXPECT_EQ(put_as(gp_a(), "s", observation("pa", "safeguarding")), 200);
  EXPECT_EQ(put_as(lead, "s", observation("pa")), 200);
  EXPECT_EQ(put_as(gp_a(), "oa", observation("pa", "safeguarding")), 403);
  EXPECT_EQ(put_as(gp_a(), "oa", observation("pa", "a_label_of_mine")), 403);
  EXPECT_EQ(put_as(gp_a(), "oa", observation("pa", "fertility")), 200);
  EXPECT_EQ(post_as(gp_a(), "Observation", observation("pa", "", "urn:joinedup:feed:ecds")), 403);
  EXPECT_EQ(put_as(gp_a(), "oa", observation("pa", "fertility", "urn:joinedup:feed:ecds")), 403);
  EXPECT_EQ(rule(gp_a(), "Observation/s", fhir::Action::write), "practice-writes");
}

TEST_F(WriteTest, APersonWritesInTheirOwnNameOnly) {
  two_practices();
  const std::string answer = R"("status":"completed","subject":{"reference":"Patient/pa"})";
  EXPECT_EQ(post_as(person("pa"), "QuestionnaireResponse", answer + R"(,"source":{"reference":"Patient/pa"})"), 201);
  EXPECT_EQ(post_as(person("pa"), "QuestionnaireResponse", answer), 403);
  EXPECT_EQ(post_as(person("pa"), "QuestionnaireResponse", answer + R"(,"source":{"reference":"Practitioner/gp-a"})"), 403);
  EXPECT_EQ(post_as(person("pa"), "QuestionnaireResponse", answer + R"(,"source":{"reference":"Patient/pa"},"author":{"reference":"Practitioner/gp-a"})"), 403);
  EXPECT_EQ(post_as(person("pa"), "QuestionnaireResponse", R"("status":"completed","subject":{"reference":"Patient/pb"},"source":{"reference":"Patient/pa"})"), 403);
  EXPECT_EQ(post_as(person("pa"), "QuestionnaireResponse", answer + R"(,"meta":{"security":[{"system":"urn:joinedup:label","code":"mental_health"}]},"source":{"reference":"Patient/pa"})"), 403);
  put("QuestionnaireResponse", "by-nurse", answer + R"(,"source":{"reference":"Practitioner/n"})");
  EXPECT_EQ(status(person("pa"), "PUT /QuestionnaireResponse/by-nurse", whole("QuestionnaireResponse", "by-nurse", answer + R"(,"source":{"reference":"Patient/pa"})")), 403);
  EXPECT_EQ(status(person("pa"), "DELETE /QuestionnaireResponse/by-nurse"), 403);
}

TEST_F(WriteTest, APersonChoosesAHelperButClaimsNoAuthority) {
  two_practices();
  put("RelatedPerson", "r", R"("patient":{"reference":"Patient/pa"})");
  const auto consent = [](const std::string& basis) {
    return R"("status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":{"reference":"Patient/pa"},"performer":[{"reference":"Patient/pa"}],"policyRule":{"coding":[{"system":"urn:joinedup:proxy-authority","code":")" +
           basis + R"("}]},"provision":{"type":"permit","actor":[{"role":{"text":"x"},"reference":{"reference":"RelatedPerson/r"}}]})";
  };
  EXPECT_EQ(post_as(person("pa"), "Consent", consent("deputy")), 403);
  EXPECT_EQ(post_as(person("pa"), "Consent", consent("chosen")), 201);
  EXPECT_EQ(total(proxy("r"), "Patient"), 1U);
  EXPECT_EQ(total(proxy("r"), "Observation"), 0U);
  EXPECT_EQ(post_as(proxy("r"), "Consent", consent("deputy")), 403);
}

TEST_F(WriteTest, NobodyMakesTheirOwnRelationship) {
  two_practices();
  const auto nurse = worker("n", "nurse", "PRACa");
  EXPECT_EQ(post_as(nurse, "CareTeam", R"("status":"active","subject":{"reference":"Patient/pb"},"participant":[{"member":{"reference":"Practitioner/n"}}])"), 403);
  EXPECT_EQ(post_as(nurse, "CareTeam", R"("status":"active","participant":[{"member":{"reference":"Practitioner/n"}}])"), 403) << "a standing team is the directory's";
  EXPECT_EQ(post_as(nurse, "Task", R"("status":"accepted","intent":"order","for":{"reference":"Patient/pb"},"owner":{"reference":"Practitioner/n"})"), 403);
  EXPECT_EQ(post_as(nurse, "Task", R"("status":"accepted","intent":"order","for":{"reference":"Patient/pa"},"focus":{"reference":"Observation/ob"},"owner":{"reference":"Practitioner/n"})"), 201);
  EXPECT_EQ(status(nurse, "GET /Observation/ob"), 404);
  EXPECT_EQ(post_as(nurse, "PractitionerRole", R"("practitioner":{"reference":"Practitioner/n"})"), 403);
  EXPECT_EQ(status(nurse, "PUT /Organization/practice-b", whole("Organization", "practice-b", R"("identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"PRACa"}])")), 403);
  EXPECT_EQ(post_as(nurse, "EpisodeOfCare", R"("status":"active","patient":{"reference":"Patient/pb"},"careManager":{"reference":"Practitioner/n"})"), 403);
}

TEST_F(WriteTest, APatientIsRegisteredWithTheWritersOwnPractice) {
  two_practices();
  EXPECT_EQ(post_as(gp_a(), "Patient", R"("generalPractitioner":[{"reference":"Organization/practice-a"}])"), 201);
  EXPECT_EQ(post_as(gp_a(), "Patient", R"("generalPractitioner":[{"reference":"Organization/practice-b"}])"), 403);
  EXPECT_EQ(post_as(gp_a(), "Patient", R"("active":true)"), 403);
  EXPECT_EQ(total(gp_a(), "Patient"), 2U);
}

TEST_F(WriteTest, AConditionalCreateDoesNotTellOfWhatIsHidden) {
  two_practices();
  const auto body = whole("Patient", "", R"("identifier":[{"system":"urn:x","value":"1"}],"generalPractitioner":[{"reference":"Organization/practice-a"}])");
  put("Patient", "hidden", R"("identifier":[{"system":"urn:x","value":"1"}],"generalPractitioner":[{"reference":"Organization/practice-b"}])");
  EXPECT_EQ(send(gp_a(), "POST /Patient", body, {{"If-None-Exist", "identifier=urn:x|1"}}).status, 201);
  EXPECT_EQ(send(gp_a(), "POST /Patient", body, {{"If-None-Exist", "identifier=urn:x|1"}}).status, 200);
}

// --- agreements ---

place::Place with_agreements() {
  place::Place place;
  place.partners = {{"HOSP", "Hospital", "hospital"}, {"COUNCIL", "Council", "social_care"}, {"PRACa", "Practice", "general_practice"}};
  place.feeds["ecds"] = {"HOSP", ""};
  place.feeds["asc_cld"] = {"COUNCIL", ""};
  const auto add = [&](const std::string& partner, const std::string& purpose) {
    place::Agreement a;
    a.partner = partner, a.purpose = purpose, a.from = Date::from_civil(2025, 1, 1), a.id = partner + purpose;
    place.agreements.push_back(a);
  };
  add("HOSP", "direct_care"), add("HOSP", "secondary_use"), add("COUNCIL", "direct_care"), add("PRACa", "direct_care");
  return place;
}

TEST_F(WriteTest, WhatAnEndedAgreementSharedIsReadInTheWindDownAndThenNotAtAll) {
  auto place = with_agreements();
  place.agreements[0].until = Date::from_civil(2026, 6, 3);
  place.agreements[0].wind_down_days = 10;
  begin(place);
  two_practices();
  put("Observation", "hospital", observation("pa", "", "urn:joinedup:feed:ecds"));
  EXPECT_EQ(total(gp_a(), "Observation"), 2U);
  now_ += 3 * a_day;  // the day after
  EXPECT_EQ(total(gp_a(), "Observation"), 2U);
  EXPECT_EQ(put_as(gp_a(), "hospital", observation("pa", "", "urn:joinedup:feed:ecds")), 403);
  EXPECT_EQ(put_as(gp_a(), "oa", observation("pa")), 200);
  put("Patient", "late", R"("generalPractitioner":[{"reference":"Organization/practice-a"}])");
  put("Observation", "late", observation("late", "", "urn:joinedup:feed:ecds"));
  EXPECT_EQ(status(gp_a(), "GET /Observation/late"), 404);
  EXPECT_EQ(status(gp_a(), "GET /Patient/late"), 200);
  now_ += 11 * a_day;
  EXPECT_EQ(total(gp_a(), "Observation"), 1U);
  EXPECT_EQ(rule(gp_a(), "Observation/hospital"), "agreement-source");
}

// What a hospital's messages wrote is its own, and under its agreement, as what its extracts wrote.
TEST_F(WriteTest, WhatAPartnersMessagesWroteIsUnderItsAgreement) {
  auto place = with_agreements();
  place.agreements[0].until = Date::from_civil(2026, 6, 3);
  place.agreements[0].wind_down_days = 10;
  begin(place);
  two_practices();
  put("Observation", "hospital", observation("pa", "", "urn:joinedup:messages:HOSP"));
  put("Observation", "unknown", observation("pa", "", "urn:joinedup:messages"));
  EXPECT_EQ(total(gp_a(), "Observation"), 3U);
  EXPECT_EQ(total(backend("HOSP"), "Observation"), 1U);
  EXPECT_EQ(rule(backend("HOSP"), "Observation/hospital"), "partner-reads-own");
  for (const auto* other : {"COUNCIL", "HOS", "HOSPX", ""}) EXPECT_EQ(total(backend(other), "Observation"), 0U) << other;
  EXPECT_EQ(put_as(gp_a(), "oa", observation("pa", "", "urn:joinedup:messages:HOSP")), 403) << "nobody makes it a partner's";
  now_ += 3 * a_day;  // the day after
  EXPECT_EQ(total(gp_a(), "Observation"), 3U);
  EXPECT_EQ(put_as(gp_a(), "hospital", observation("pa", "", "urn:joinedup:messages:HOSP")), 403);
  put("Patient", "late", R"("generalPractitioner":[{"reference":"Organization/practice-a"}])");
  put("Observation", "late", observation("late", "", "urn:joinedup:messages:HOSP"));
  EXPECT_EQ(status(gp_a(), "GET /Observation/late"), 404);
  now_ += 11 * a_day;
  EXPECT_EQ(total(gp_a(), "Observation"), 2U);
  EXPECT_EQ(rule(gp_a(), "Observation/hospital"), "agreement-source");
  EXPECT_EQ(total(backend("HOSP"), "Observation"), 0U);
}

TEST_F(WriteTest, StaffOfAPartnerWhoseAgreementEndedReadOnAboutWhoIsInCareAndNobodyNew) {
  auto place = with_agreements();
  place.agreements[0].until = Date::from_civil(2026, 6, 3);
  place.agreements[0].wind_down_days = 10;
  begin(place);
  two_practices();
  const auto nurse = worker("n", "nurse", "HOSP");
  const auto team = [](const std::string& who) { return R"("status":"active","subject":{"reference":"Patient/)" + who + R"("},"participant":[{"member":{"reference":"Practitioner/n"}}])"; };
  put("CareTeam", "ta", team("pa"));
  EXPECT_EQ(post_as(nurse, "Observation", observation("pa")), 201);
  now_ += 3 * a_day;
  EXPECT_EQ(status(nurse, "GET /Observation/oa"), 200);
  EXPECT_EQ(post_as(nurse, "Observation", observation("pa")), 403);
  put("CareTeam", "tb", team("pb"));
  EXPECT_EQ(status(nurse, "GET /Observation/ob"), 404);
  EXPECT_EQ(rule(nurse, "Observation/ob"), "new-relationship");
  now_ += 11 * a_day;
  EXPECT_EQ(total(nurse, "Observation"), 0U);
}

TEST_F(WriteTest, APartnerJoinsInPhases) {
  auto place = with_agreements();
  place.agreements.erase(place.agreements.begin());  // the hospital: pseudonymised feeds only
  begin(place);
  two_practices();
  const auto nurse = worker("n", "nurse", "HOSP");
  put("CareTeam", "ta", R"("status":"active","subject":{"reference":"Patient/pa"},"participant":[{"member":{"reference":"Practitioner/n"}}])");
  EXPECT_EQ(total(nurse, "Observation"), 0U);
  EXPECT_EQ(rule(nurse, "Observation/oa"), "agreement-reader");
  place = with_agreements();
  place.agreements[0].access = place::Agreement::Access::view;
  begin(place);
  two_practices();
  put("CareTeam", "ta", R"("status":"active","subject":{"reference":"Patient/pa"},"participant":[{"member":{"reference":"Practitioner/n"}}])");
  EXPECT_EQ(total(nurse, "Observation"), 1U);
  EXPECT_EQ(post_as(nurse, "Observation", observation("pa")), 403);
  EXPECT_EQ(total(worker("s", "nurse", "STRANGER"), "Patient"), 0U);
  begin(with_agreements());
  two_practices();
  put("CareTeam", "ta", R"("status":"active","subject":{"reference":"Patient/pa"},"participant":[{"member":{"reference":"Practitioner/n"}}])");
  EXPECT_EQ(post_as(nurse, "Observation", observation("pa")), 201);
}

TEST_F(WriteTest, DataSharedWithSomePartnersAreHiddenFromTheOthers) {
  auto place = with_agreements();
  place.agreements[2].with = {"HOSP"};  // the council's
  begin(place);
  two_practices();
  put("Observation", "council", observation("pa", "", "urn:joinedup:feed:asc_cld"));
  EXPECT_EQ(total(gp_a(), "Observation"), 1U);
  put("CareTeam", "ta", R"("status":"active","subject":{"reference":"Patient/pa"},"participant":[{"member":{"reference":"Practitioner/n"}}])");
  EXPECT_EQ(total(worker("n", "nurse", "HOSP"), "Observation"), 2U);
  EXPECT_EQ(total(person("pa"), "Observation"), 2U);
}

TEST_F(WriteTest, APartnersSystemSeesAndWritesItsOwnData) {
  begin(with_agreements());
  two_practices();
  put("Observation", "council", observation("pa", "", "urn:joinedup:feed:asc_cld"));
  const auto system = backend("HOSP");
  EXPECT_EQ(post_as(system, "Observation", observation("pa", "", "urn:joinedup:feed:ecds")), 201);
  EXPECT_EQ(post_as(system, "Observation", observation("pa", "", "urn:joinedup:feed:asc_cld")), 403);
  EXPECT_EQ(post_as(system, "Observation", observation("pa")), 403);
  EXPECT_EQ(total(system, "Observation"), 1U);
  EXPECT_EQ(status(system, "GET /Patient/pa"), 404);
  EXPECT_EQ(post_as(system, "CareTeam", R"("meta":{"source":"urn:joinedup:feed:ecds"},"status":"active","subject":{"reference":"Patient/pa"},"participant":[{"member":{"reference":"Organization/hosp"}}])"), 403);
  auto secondary = system;
  secondary.purpose = Purpose::secondary_use;
  EXPECT_EQ(total(secondary, "Observation"), 1U);
  auto council = backend("COUNCIL");
  EXPECT_EQ(total(council, "Observation"), 1U);
  council.purpose = Purpose::secondary_use;
  EXPECT_EQ(total(council, "Observation"), 0U) << "no agreement for secondary use";
}

TEST_F(WriteTest, AnOptOutActsOnEverythingButCare) {
  begin(with_agreements());
  place_.objections_file = "objections.csv";
  folder_->write("objections.csv", "nhs_number,purpose,from,until\n9000000001,national_data_opt_out,2020-01-01,\n9000000002,national_data_opt_out,2020-01-01,2021-01-01\n");
  reopen();
  two_practices();
  for (const auto who : {"a", "b"}) put("Observation", std::string("h") + who, observation(std::string("p") + who, "", "urn:joinedup:feed:ecds"));
  auto system = backend("HOSP");
  EXPECT_EQ(total(system, "Observation"), 2U);
  system.purpose = Purpose::secondary_use;
  EXPECT_EQ(total(system, "Observation"), 1U);
  EXPECT_EQ(rule(system, "Observation/ha"), "opt-out");
  EXPECT_EQ(total(gp_a(), "Observation"), 2U);
  auto lists = worker("c", "co_ordinator", "PRACa");
  lists.purpose = Purpose::administration;
  put("Appointment", "ap", R"("status":"booked","participant":[{"actor":{"reference":"Patient/pa"},"status":"accepted"}])");
  EXPECT_EQ(total(lists, "Appointment"), 0U);
}

// --- apps ---

Scope scope(Scope::Level level, const std::string& type, const std::string& letters, const std::string& constraint = {}) {
  Scope s;
  s.level = level, s.type = type, s.constraint = constraint;
  for (const char c : letters) (c == 'c' ? s.create : c == 'r' ? s.read : c == 'u' ? s.update : c == 'd' ? s.remove : s.search) = true;
  return s;
}

TEST_F(WriteTest, AnAppSeesWhatItsScopesSayAndNoMore) {
  two_practices();
  put("Observation", "v", R"("status":"final","category":[{"coding":[{"system":"urn:c","code":"vital-signs"}]}],"code":{"text":"x"},"subject":{"reference":"Patient/pa"})");
  auto app = gp_a();
  app.client = "app";
  app.scopes.emplace();
  EXPECT_EQ(total(app, "Observation"), 0U);
  app.scopes = {scope(Scope::Level::user, "Observation", "rs", "category=vital-signs")};
  EXPECT_EQ(total(app, "Observation"), 1U);
  EXPECT_EQ(status(app, "GET /Observation/oa"), 404);
  EXPECT_EQ(rule(app, "Observation/oa"), "app-scope");
  EXPECT_EQ(total(app, "Patient"), 0U);
  EXPECT_EQ(total(app, "Observation?subject:Patient.birthdate=1950-01-01"), 0U) << "a chain through a type that the app was not given";
  EXPECT_EQ(send(app, "GET /Observation?_include=Observation:subject").body.find("\"resourceType\":\"Patient\""), std::string::npos);
  app.scopes = {scope(Scope::Level::user, "Observation", "r")};
  EXPECT_EQ(status(app, "GET /Observation/oa"), 200);
  EXPECT_EQ(total(app, "Observation"), 0U);
  app.scopes = {scope(Scope::Level::user, "Observation", "rsu")};
  EXPECT_EQ(post_as(app, "Observation", observation("pa")), 403);
  EXPECT_EQ(put_as(app, "oa", observation("pa")), 200);
  app.scopes = {scope(Scope::Level::user, "*", "cruds", "category=vital-signs")};
  EXPECT_EQ(total(app, "Observation"), 0U) << "a constraint that cannot be held to opens nothing";
  app.scopes = {scope(Scope::Level::user, "Observation", "rs", "subject:Patient.family=x")};
  EXPECT_EQ(total(app, "Observation"), 0U);
  app.scopes = {scope(Scope::Level::system, "*", "cruds")};
  EXPECT_EQ(total(app, "Observation"), 0U);
}

TEST_F(WriteTest, AnAppOpenedForOnePersonSeesThatPersonOnly) {
  two_practices();
  put("Patient", "pa2", R"("generalPractitioner":[{"reference":"Organization/practice-a"}])");
  put("Observation", "oa2", observation("pa2"));
  auto app = gp_a();
  app.client = "app", app.launch_patient = "pa2", app.scopes = {scope(Scope::Level::patient, "Observation", "rs"), scope(Scope::Level::user, "Patient", "rs")};
  EXPECT_EQ(total(app, "Observation"), 1U);
  EXPECT_EQ(total(app, "Patient"), 1U);
  EXPECT_EQ(status(app, "GET /Observation/oa2"), 200);
  EXPECT_EQ(status(app, "GET /Observation/oa"), 404);
  EXPECT_EQ(status(app, "GET /Patient/pa"), 404);
}

}  // namespace
}  // namespace joinedup::access
