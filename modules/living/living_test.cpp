#include "living/living.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "access/access.hpp"
#include "base/test_folder.hpp"
#include "fhirpath/fhirpath.hpp"
#include "living/room.hpp"
#include "validation/validation.hpp"

namespace joinedup::living {
namespace {

using access::Subject;

// A place as a refresh leaves it: two practices, one team, and people whom case finding found.
class LivingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    place_.folder = folder_.path(), place_.name = "Test place", place_.people = place::People::synthetic;
    for (const auto& [code, type] : std::map<std::string, std::string>{{"ZC1", "community"}, {"991", "social_care"}, {"ZM1", "mental_health"}, {"ZH1", "housing"}, {"ZV1", "voluntary"}, {"ZA1", "hospital"}, {"ZP1", "general_practice"}}) place_.partners.push_back({code, code, type});
    auto opened = fhir::open_store({.path = folder_.file("shared-record.sqlite")});
    ASSERT_TRUE(opened);
    store_ = std::move(*opened);
  }
  void put(const std::string& type, const std::string& id, json body) {
    body["resourceType"] = type, body["id"] = id;
    const auto done = store_->write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = body.dump(), .if_match = {}}});
    ASSERT_TRUE(done) << done.error().text();
  }
  void staff() {
    const auto ods = [](const std::string& code) { return json::array({{{"system", "https://fhir.nhs.uk/Id/ods-organization-code"}, {"value", code}}}); };
    for (const auto& partner : place_.partners) {
      put("Organization", "org-" + partner.code, {{"identifier", ods(partner.code)}, {"name", partner.name}});
      put("HealthcareService", "service-" + partner.code, {{"active", true}, {"name", partner.name}, {"providedBy", reference("Organization/org-" + partner.code)}, {"category", json::array({concept_of("urn:joinedup:partner-type", partner.type)})}});
    }
    for (const char* practice : {"A", "B"}) put("Organization", std::string("practice-") + practice, {{"identifier", ods(std::string("PRACTICE") + practice)}, {"name", practice}});
    put("HealthcareService", "team", {{"identifier", json::array({{{"system", "urn:joinedup:team"}, {"value", "Team one"}}})}, {"active", true}, {"name", "Team one"}});
    json participants = json::array();
    const auto worker = [&](const std::string& id, const std::string& code, const std::string& organisation, bool is_member) {
      put("Practitioner", id, {{"active", true}, {"name", json::array({{{"family", id}}})}});
      put("PractitionerRole", id, {{"active", true}, {"practitioner", reference("Practitioner/" + id)}, {"organization", reference("Organization/" + organisation)}, {"code", json::array({concept_of("urn:joinedup:role", code)})}});
      if (is_member) participants.push_back({{"member", reference("Practitioner/" + id)}});
    };
    worker("coordinator", "care_coordinator", "org-ZC1", true), worker("lead", "team_lead", "org-ZC1", true), worker("nurse", "community_nurse", "org-ZC1", true);
    worker("social", "social_worker", "org-991", true), worker("mental", "mental_health_nurse", "org-ZM1", true), worker("link", "link_worker", "org-ZV1", true), worker("housing", "housing_officer", "org-ZH1", true);
    worker("doctor-a", "general_practitioner", "practice-A", true), worker("doctor-b", "general_practitioner", "practice-B", true);
    worker("safeguarding", "safeguarding_lead", "org-ZC1", false), worker("consultant", "hospital_doctor", "org-ZA1", false), worker("stranger", "community_nurse", "practice-elsewhere", false);
    put("CareTeam", "one", {{"status", "active"}, {"name", "Team one"}, {"participant", participants}});
  }
  void person(int nth, bool is_found) {
    const auto id = "p" + std::to_string(nth);
    const std::string practice = nth % 2 == 0 ? "Organization/practice-A" : "Organization/practice-B";
    put("Patient", id, {{"active", true}, {"name", json::array({{{"family", "Family" + std::to_string(nth)}, {"given", json::array({"Given"})}}})}, {"gender", "female"}, {"birthDate", "19" + std::to_string(30 + nth % 40) + "-01-02"},
                        {"identifier", json::array({{{"system", "https://fhir.nhs.uk/Id/nhs-number"}, {"value", numbers[nth % 4]}}})}, {"generalPractitioner", json::array({reference(practice)})}, {"managingOrganization", reference(practice)}});
    constexpr const char* codes[] = {"13645005", "73211009", "433144002", "84114007", "52448006"};
    if (is_found)
      put("EpisodeOfCare", "e" + std::to_string(nth), {{"meta", {{"source", "urn:joinedup:caseload"}}}, {"status", "planned"}, {"statusHistory", json::array({{{"status", "planned"}, {"period", {{"start", "2026-03-31"}}}}})},
                                     {"type", json::array({concept_of("urn:joinedup:case-finding", "draft")})}, {"patient", reference("Patient/" + id)}, {"managingOrganization", reference(practice)}, {"period", {{"start", "2026-03-31"}}},
                                     {"team", json::array({reference("CareTeam/one")})}});
    put("Condition", "c" + std::to_string(nth), {{"category", json::array({concept_of("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item")})}, {"code", {{"coding", json::array({coding("http://snomed.info/sct", codes[nth % 5])})}}},
                                                  {"clinicalStatus", concept_of("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")}, {"subject", reference("Patient/" + id)}});
  }
  void people(int found, int referred = 0) {
    staff();
    for (int i = 0; i < found + referred; ++i) person(i, i < found);
  }
  Written write(Date day = Date::from_civil(2026, 11, 22)) {
    const auto written = write_caseload(place_, *store_, {.day = day, .seed = 1, .patient = "p0", .related = {}});
    EXPECT_TRUE(written) << written.error().text();
    return written ? *written : Written{};
  }
  std::vector<json> all(const std::string& type, const std::string& query = {}) {
    auto found = find(*store_, type, query);
    EXPECT_TRUE(found) << found.error().text();
    return found ? *found : std::vector<json>{};
  }
  std::uint64_t last_change() {
    const auto page = store_->changes(0, 1, fhir::PermitAll());
    return page ? page->last : 0;
  }
  static constexpr const char* numbers[] = {"9990000018", "9990000026", "9990000034", "9990000042"};
  TestFolder folder_;
  place::Place place_;
  std::unique_ptr<fhir::DurableStore> store_;
};

constexpr const char* types[] = {"EpisodeOfCare", "CarePlan", "Condition", "Goal", "Task", "QuestionnaireResponse", "Observation", "Appointment", "List", "ServiceRequest", "Schedule", "Slot", "Communication", "Consent", "RelatedPerson", "Encounter", "Flag",
                                 "AllergyIntolerance", "HealthcareService", "Questionnaire", "PlanDefinition", "Device"};

TEST_F(LivingTest, EverythingWrittenIsValid) {
  people(28);
  write();
  for (const char* type : types) {
    const auto found = all(type);
    EXPECT_FALSE(found.empty()) << type;
    for (const auto& one : found) {
      const auto text = one.dump();
      fhirpath::Document document;
      ASSERT_TRUE(document.parse(text));
      for (const auto& issue : validation::Validator::r4().validate(document))
        EXPECT_GT(issue.severity, validation::Severity::error) << issue.expression << ": " << issue.sentence << "\n" << text.substr(0, 800);
    }
  }
}

TEST_F(LivingTest, EveryStageHasSomebodyAndItsHistoryIsAWalkWithoutGaps) {
  people(28);
  const auto written = write();
  EXPECT_EQ(written.by_stage.size(), 11U);
  std::set<std::string> standing;
  for (const auto& episode : all("EpisodeOfCare")) {
    standing.insert(episode["status"]);
    const auto& history = episode["statusHistory"];
    EXPECT_EQ(history.back()["status"], episode["status"]);
    EXPECT_EQ(episode["period"]["start"], history.front()["period"]["start"]);
    for (std::size_t i = 0; i + 1 < history.size(); ++i) {
      EXPECT_EQ(history[i]["period"]["end"], history[i + 1]["period"]["start"]) << history.dump();
      EXPECT_LE(history[i]["period"]["start"].get<std::string>(), history[i + 1]["period"]["start"].get<std::string>()) << history.dump();
      EXPECT_EQ(history[i + 1]["extension"].size(), 2U) << "who and why: " << history.dump();
    }
    EXPECT_LE(history.back()["period"]["start"].get<std::string>(), "2026-11-22");
    EXPECT_EQ(episode.contains("period") && episode["period"].contains("end"), episode["status"] == "finished" || episode["status"] == "cancelled");
  }
  EXPECT_EQ(standing, (std::set<std::string>{"planned", "waitlist", "active", "onhold", "finished", "cancelled"}));
}

TEST_F(LivingTest, TheSecondTimeNothingIsWrittenWhateverBecameOfIt) {
  people(12);
  EXPECT_FALSE(write().was_there);
  const auto task = all("Task", "code=urn:joinedup:task|action&status=accepted").front();
  auto done = task;
  done["status"] = "completed";
  put("Task", done["id"], done);
  const auto before = last_change();
  const auto again = write(Date::from_civil(2026, 11, 30));
  EXPECT_TRUE(again.was_there);
  EXPECT_TRUE(again.by_type.empty());
  EXPECT_EQ(last_change(), before);
}

TEST_F(LivingTest, ARunThatWasCutShortIsCompletedAndWritesNothingTwice) {
  people(12);
  write();
  const auto count = [&] {
    std::size_t sum = 0;
    for (const char* type : types) sum += all(type).size();
    return sum;
  };
  const auto whole = count();
  const auto gone = all("Goal").front()["id"].get<std::string>();
  ASSERT_TRUE(store_->write({{.kind = fhir::Write::Kind::remove, .type = "Goal", .id = gone, .body = {}, .if_match = {}}, {.kind = fhir::Write::Kind::remove, .type = "Device", .id = "joinedup-demonstration", .body = {}, .if_match = {}}}));
  const auto written = write();
  EXPECT_EQ(written.by_type.at("Goal"), 1U);
  EXPECT_FALSE(written.by_type.contains("Task"));
  EXPECT_FALSE(written.by_type.contains("EpisodeOfCare"));
  EXPECT_EQ(count(), whole);
}

TEST_F(LivingTest, TheSameDayAndSeedGiveTheSameCaseload) {
  people(6);
  write();
  std::set<std::string> first;
  for (const auto& one : all("Task")) first.insert(one["id"].get<std::string>() + one["status"].get<std::string>());
  Book one(Date::from_civil(2026, 11, 22), 1), other(Date::from_civil(2026, 11, 22), 2);
  EXPECT_EQ(one.id("Task", "a"), Book(Date::from_civil(2026, 11, 22), 1).id("Task", "a"));
  EXPECT_NE(one.id("Task", "a"), other.id("Task", "a"));
  store_.reset();
  std::filesystem::remove_all(folder_.path());
  std::filesystem::create_directories(folder_.path());
  SetUp();
  people(6);
  write();
  std::set<std::string> second;
  for (const auto& each : all("Task")) second.insert(each["id"].get<std::string>() + each["status"].get<std::string>());
  EXPECT_GT(first.size(), 50U);
  EXPECT_EQ(first, second);
}

TEST_F(LivingTest, TasksAreDueOverdueDoneAndWithoutADate) {
  people(12);
  write();
  std::map<std::string, int> found;
  for (const auto& task : all("Task")) {
    const auto code = task["code"]["coding"][0]["code"].get<std::string>(), due = task.value("/restriction/period/end"_json_pointer, std::string());
    const bool is_open = task["status"] != "completed" && task["status"] != "cancelled" && task["status"] != "rejected";
    ++found[code + (!is_open ? " over" : due.empty() ? " no date" : due < "2026-11-22" ? " overdue" : " to come")];
  }
  for (const char* kind : {"action over", "action overdue", "action to come", "action no date", "decision over", "decision overdue", "review overdue", "review to come", "referral over", "referral overdue", "referral to come", "pathway-step over", "agenda-item over", "agenda-item no date"})
    EXPECT_GT(found[kind], 0) << kind;
}

TEST_F(LivingTest, AMeetingNamesNobodyAndEachDecisionHasOneOwnerAndOneDate) {
  people(12);
  write();
  const auto meetings = all("Appointment", "status=fulfilled");
  EXPECT_EQ(meetings.size(), 4U);
  for (const auto& meeting : meetings) EXPECT_EQ(meeting.dump().find("Patient/"), std::string::npos);
  for (const auto& list : all("List")) EXPECT_EQ(list.dump().find("Patient/"), std::string::npos);
  const auto decisions = all("Task", "code=urn:joinedup:task|decision");
  EXPECT_GE(decisions.size(), 8U);
  for (const auto& decision : decisions) {
    EXPECT_TRUE(decision.contains("owner") && decision["restriction"]["period"].contains("end")) << decision.dump();
    EXPECT_TRUE(decision["focus"]["reference"].get<std::string>().starts_with("Task/"));
  }
}

TEST_F(LivingTest, ScoresAreThreePointsOfATrendAndFitTheAnswers) {
  people(12);
  write();
  const auto points = all("Observation", "subject=Patient/p0&code=urn:joinedup:score|wellbeing");
  ASSERT_EQ(points.size(), 3U);
  for (const auto& point : points) {
    const auto response = store_->read("QuestionnaireResponse", bare(point["derivedFrom"][0]["reference"]), fhir::PermitAll());
    ASSERT_TRUE(response);
    double sum = 0;
    const std::map<std::string, double> worth{{"not-at-all", 0}, {"a-little", 1}, {"mostly", 2}, {"completely", 3}};
    const auto answers = json::parse(response->body);
    for (const auto& item : answers["item"])
      if (const auto found = worth.find(item["answer"][0].value("/valueCoding/code"_json_pointer, "")); found != worth.end()) sum += found->second;
    EXPECT_NEAR(point["valueQuantity"]["value"].get<double>(), 100 * sum / 18, 0.06);
  }
}

TEST_F(LivingTest, AlertsComeFromHospitalsMessagesSomeAreReadAndSomeAreNot) {
  people(12);
  write();
  const auto alerts = all("Communication", "category=alert");
  const auto read = std::count_if(alerts.begin(), alerts.end(), [](const json& one) { return one.contains("received"); });
  EXPECT_GT(read, 0);
  EXPECT_LT(read, static_cast<std::ptrdiff_t>(alerts.size()));
}

TEST_F(LivingTest, WhereNobodyWasFoundPeopleAreReferred) {
  people(0, 8);
  write();
  const auto referred = all("EpisodeOfCare", "type=urn:joinedup:case-finding|referred");
  EXPECT_EQ(referred.size(), 8U);
  EXPECT_FALSE(all("CarePlan", "subject=Patient/p0").empty());
}

TEST_F(LivingTest, TheEldestOfTheTeamsPracticesAreOpenedWhereTooFewWereFound) {
  people(2, 0);
  for (int i = 10; i < 20; ++i)
    put("Patient", "p" + std::to_string(i), {{"active", true}, {"birthDate", "19" + std::to_string(40 - i) + "-01-01"}, {"managingOrganization", reference("Organization/practice-A")}});
  const auto people = people_to_open(*store_, 6);
  ASSERT_TRUE(people) << people.error().text();
  EXPECT_EQ(*people, (std::vector<std::string>{"p19", "p18", "p17", "p16"}));
  EXPECT_TRUE(people_to_open(*store_, 2)->empty());
  EXPECT_EQ(*people_to_open(*store_, 2, "p12"), (std::vector<std::string>{"p12"}));
}

TEST_F(LivingTest, RealPeopleHaveNoCaseloadMadeUp) {
  people(2);
  place_.people = place::People::real;
  const auto before = last_change();
  const auto written = write_caseload(place_, *store_, {.day = Date::from_civil(2026, 11, 22)});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::forbidden);
  EXPECT_EQ(last_change(), before);
}

TEST_F(LivingTest, APlaceWithoutATeamIsToldWhatItLacks) {
  const auto written = write_caseload(place_, *store_, {.day = Date::from_civil(2026, 11, 22)});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::not_found);
}

// Each who signs in to a demonstration has something to see; who works elsewhere sees nobody.
class SeenTest : public LivingTest {
 protected:
  void SetUp() override {
    LivingTest::SetUp();
    people(28);
    put("RelatedPerson", "carer", {{"active", true}, {"patient", reference("Patient/p0")}});
    put("Consent", "carer", {{"status", "active"}, {"patient", reference("Patient/p0")}, {"scope", concept_of("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")}, {"category", json::array({concept_of("http://loinc.org", "59284-0")})},
                             {"policyRule", concept_of("urn:joinedup:proxy-authority", "chosen")}, {"provision", {{"type", "permit"}, {"actor", json::array({{{"role", {{"text", "daughter"}}}, {"reference", reference("RelatedPerson/carer")}}})}}}});
    write();
    auto opened = access::Access::open(*store_, place_, {});
    ASSERT_TRUE(opened) << opened.error().text();
    access_ = std::move(*opened);
  }
  std::size_t sees(const Subject& who, const std::string& type, const std::string& query = {}) {
    const auto permit = access_->permit(who);
    EXPECT_TRUE(permit) << permit.error().text();
    auto asked = fhir::parse_query(type, query);
    EXPECT_TRUE(asked);
    asked->count = 1000;
    const auto page = store_->search(*asked, **permit);
    EXPECT_TRUE(page);
    return page ? page->entries.size() : 0;
  }
  static Subject worker(const std::string& practitioner, const std::string& role, const std::string& organisation) {
    return {.user = "u-" + practitioner, .practitioner = practitioner, .organisation = organisation, .roles = {role}};
  }
  std::unique_ptr<access::Access> access_;
};

TEST_F(SeenTest, TheTeamSeesItsCaseload) {
  for (const auto& who : {worker("coordinator", "co_ordinator", "ZC1"), worker("nurse", "nurse", "ZC1"), worker("social", "social_worker", "991"), worker("lead", "team_lead", "ZC1"), worker("doctor-a", "gp", "PRACTICEA")})
    for (const char* type : {"EpisodeOfCare", "CarePlan", "Goal", "Task", "Communication", "ServiceRequest", "QuestionnaireResponse", "Observation", "Appointment", "List", "Slot", "Consent"}) EXPECT_GT(sees(who, type), 0U) << who.roles[0] << " " << type;
  EXPECT_GT(sees(worker("coordinator", "co_ordinator", "ZC1"), "Task", "owner=PractitionerRole/coordinator&status=accepted"), 3U);
  EXPECT_GT(sees(worker("doctor-a", "gp", "PRACTICEA"), "EpisodeOfCare", "organization=Organization/practice-A"), 5U);
}

TEST_F(SeenTest, RestrictedNotesAreForThoseWhoMayReadThem) {
  const std::string notes = "category=urn:joinedup:message|note";
  EXPECT_GT(sees(worker("social", "social_worker", "991"), "Communication", notes), 0U);
  EXPECT_GT(sees(worker("safeguarding", "safeguarding_lead", "ZC1"), "Communication", notes), 0U);
  EXPECT_EQ(sees(worker("nurse", "nurse", "ZC1"), "Communication", notes), 0U);
}

TEST_F(SeenTest, TheSafeguardingLeadSeesThoseWhoseEnquiryIsTheirsAndNotTheWholeCaseload) {
  const auto lead = worker("safeguarding", "safeguarding_lead", "ZC1");
  const auto people = sees(lead, "Patient");
  EXPECT_GT(people, 0U);
  EXPECT_LT(people, 28U);
  const auto enquiries = all("Task", "owner=PractitionerRole/safeguarding");
  EXPECT_GT(enquiries.size(), 0U);
  for (const auto& enquiry : enquiries) EXPECT_EQ(sees(lead, "Patient", "_id=" + bare(enquiry["for"]["reference"])), 1U);
  // That an enquiry is made is restricted as its note is.
  EXPECT_EQ(sees(lead, "Task", "owner=PractitionerRole/safeguarding"), enquiries.size());
  for (const auto& other : {worker("nurse", "nurse", "ZC1"), worker("coordinator", "co_ordinator", "ZC1")}) EXPECT_EQ(sees(other, "Task", "owner=PractitionerRole/safeguarding"), 0U);
}

TEST_F(SeenTest, ThePersonAndTheirCarerSeeThePlanMessagesAndWhatComesNext) {
  const Subject person{.kind = Subject::Kind::person, .user = "u-p0", .patient = "p0", .roles = {"person"}, .purpose = access::Purpose::own_record};
  const Subject carer{.kind = Subject::Kind::proxy, .user = "u-carer", .related_person = "carer", .roles = {"proxy"}, .purpose = access::Purpose::own_record};
  for (const auto& who : {person, carer})
    for (const char* type : {"CarePlan", "Goal", "Task", "Communication", "Appointment", "QuestionnaireResponse", "EpisodeOfCare"}) EXPECT_GT(sees(who, type), 0U) << who.roles[0] << " " << type;
  EXPECT_GE(sees(person, "Appointment", "status=booked"), 3U);
  EXPECT_EQ(sees(person, "Patient"), 1U);
}

TEST_F(SeenTest, AnalystAdministratorAndGuardianSeeFormsAndNoPeople) {
  for (const char* role : {"analyst", "board", "administrator", "guardian"}) {
    const Subject who{.user = std::string("u-") + role, .organisation = "ZC1", .roles = {role}, .purpose = std::string(role) == "analyst" || std::string(role) == "board" ? access::Purpose::secondary_use : access::Purpose::administration};
    EXPECT_EQ(sees(who, "Questionnaire"), 7U) << role;
    EXPECT_EQ(sees(who, "PlanDefinition"), 4U) << role;
    for (const char* type : {"Patient", "EpisodeOfCare", "CarePlan", "Task", "Communication"}) EXPECT_EQ(sees(who, type), 0U) << role << " " << type;
  }
}

TEST_F(SeenTest, WhoWorksElsewhereSeesNobody) {
  const auto stranger = worker("stranger", "nurse", "ZX999");
  for (const char* type : {"Patient", "EpisodeOfCare", "CarePlan", "Goal", "Condition", "Communication", "ServiceRequest", "QuestionnaireResponse", "Observation", "Encounter", "Consent", "RelatedPerson", "Flag"}) EXPECT_EQ(sees(stranger, type), 0U) << type;
  EXPECT_EQ(sees(stranger, "Task", "patient:missing=false"), 0U);
}

}  // namespace
}  // namespace joinedup::living
