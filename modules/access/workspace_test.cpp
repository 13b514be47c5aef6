// What the workspace's pages read and write, under every role: the program through its REST door, against a specification that shares nothing
// with it, and against rows worked by hand.
#include "access/reference/workspace_specification.hpp"
#include "access/test_support.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup::access {
namespace {

using workspace::Question;

const std::vector<std::string> roles = {"gp", "nurse", "co_ordinator", "social_worker", "team_lead", "safeguarding_lead", "analyst", "board", "guardian", "administrator", "person", "proxy", "backend"};
const std::vector<std::string> interactions = {"read", "search", "create", "update", "delete"};  // the destructive one last
const std::vector<std::string> agreements = {"in_force", "reader_winding_down", "reader_ended", "reader_view_only"};

struct Thing {
  std::string type, body;  // SELF: who asks
  std::string by = "Practitioner/w";  // SELF of the one that is there
};
std::string to(const std::string& what) { return R"({"reference":")" + what + "\"}"; }

const std::map<std::string, Thing>& things() {
  const std::string consent = R"("status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":)" + to("Patient/own");
  const auto task = [](const std::string& status, const std::string& patient, const std::string& owner) {
    return R"("status":")" + status + R"(","intent":"order","for":)" + to("Patient/" + patient) + R"(,"owner":)" + to(owner);
  };
  const auto trail = [](const std::string& targets) { return R"("target":[)" + targets + R"(],"recorded":"2026-06-01T12:00:00Z","agent":[{"who":{"reference":"SELF"}},{"who":{"reference":"Device/d"}}])"; };
  static const std::map<std::string, Thing> all = {
      {"meeting", {"Appointment", R"("status":"booked","participant":[{"actor":)" + to("PractitionerRole/r") + R"(,"status":"accepted"}])"}},
      {"agenda", {"List", R"("status":"current","mode":"working","entry":[{"item":)" + to("Task/item") + R"(},{"item":)" + to("Task/item-of-other") + "}]"}},
      {"visit", {"Appointment", R"("status":"booked","participant":[{"actor":)" + to("Patient/team") + R"(,"status":"accepted"}])"}},
      {"item", {"Task", task("requested", "team", "PractitionerRole/other")}},
      {"item_of_other", {"Task", task("requested", "other", "PractitionerRole/other")}},
      {"slot", {"Slot", R"("schedule":{"reference":"Schedule/s"},"status":"free","start":"2026-06-09T09:00:00Z","end":"2026-06-09T09:20:00Z")"}},
      {"standing_team", {"CareTeam", R"("status":"active","participant":[{"member":)" + to("Practitioner/w") + "}]"}},
      {"practitioner", {"Practitioner", R"("name":[{"family":"Worker"}])"}},
      {"practitioner_home", {"Practitioner", R"("address":[{"use":"home","city":"Leeds"}])"}},
      {"questionnaire", {"Questionnaire", R"("status":"active")"}},
      {"offered", {"Task", task("requested", "offered", "HealthcareService/ours")}},
      {"offered_to_organisation", {"Task", task("requested", "offered2", "HealthcareService/unstaffed")}},
      {"offered_elsewhere", {"Task", task("requested", "elsewhere", "HealthcareService/theirs")}},
      {"accepted_record", {"Observation", R"("status":"final","code":{"text":"x"},"subject":)" + to("Patient/accepted")}},
      {"past_case", {"EpisodeOfCare", R"("status":"finished","patient":)" + to("Patient/past") + R"(,"team":[)" + to("CareTeam/standing-team") + "]"}},
      {"past_record", {"Observation", R"("status":"final","code":{"text":"x"},"subject":)" + to("Patient/past")}},
      {"trail", {"Provenance", trail(to("EpisodeOfCare/open"))}},
      {"trail_of_hidden", {"Provenance", trail(to("Patient/team") + "," + to("Observation/hidden"))}},
      {"own_task", {"Task", task("accepted", "own", "Patient/own")}},
      {"own_team", {"CareTeam", R"("status":"active","subject":)" + to("Patient/own")}},
      {"own_appointment", {"Appointment", R"("status":"booked","participant":[{"actor":)" + to("Patient/own") + R"(,"status":"accepted"}])"}},
      {"message_to_own", {"Communication", R"("status":"completed","subject":)" + to("Patient/own") + R"(,"sender":)" + to("Practitioner/w")}},
      {"own_message", {"Communication", R"("status":"completed","subject":)" + to("Patient/own") + R"(,"sender":)" + to("SELF"), "Patient/own"}},
      {"own_answers", {"QuestionnaireResponse", R"("status":"completed","subject":)" + to("Patient/own") + R"(,"source":)" + to("SELF"), "Patient/own"}},
      {"own_score", {"Observation", R"("status":"final","code":{"coding":[{"system":"urn:joinedup:score","code":"a"}]},"subject":)" + to("Patient/own") + R"(,"derivedFrom":[)" + to("QuestionnaireResponse/own-answers") + "]"}},
      {"own_finding", {"Observation", R"("status":"final","code":{"coding":[{"system":"urn:joinedup:score","code":"a"},{"system":"http://loinc.org","code":"1"}]},"subject":)" + to("Patient/own") + R"(,"derivedFrom":[)" + to("QuestionnaireResponse/own-answers") + "]"}},
      {"own_choice", {"Consent", consent + R"(,"performer":[)" + to("SELF") + R"(],"provision":{"type":"deny","class":[{"code":"Procedure"}]})", "Patient/own"}},
      {"own_trail", {"Provenance", trail(to("Patient/own") + "," + to("Communication/own-message")), "Patient/own"}}};
  return all;
}

class WorkspaceTest : public AccessTest {
 protected:
  static std::string name(std::string text) {
    std::replace(text.begin(), text.end(), '_', '-');
    return text;
  }
  static std::string body(const std::string& what, const std::string& self) {
    std::string out = things().at(what).body;
    if (const auto at = out.find("SELF"); at != out.npos) out.replace(at, 4, self);
    return out;
  }
  void arrange(const std::string& state) {
    place::Place place;
    place.partners = {{"ORG", "Ours", "community"}};
    place::Agreement a;
    a.partner = "ORG", a.purpose = "direct_care", a.from = Date::from_civil(2025, 1, 1), a.id = "ORG";
    if (state == "reader_winding_down") a.until = Date::from_civil(2026, 6, 1), a.wind_down_days = 30;
    if (state == "reader_ended") a.until = Date::from_civil(2026, 6, 1);
    if (state == "reader_view_only") a.access = place::Agreement::Access::view;
    place.agreements.push_back(a);
    now_ = noon;
    begin(place);
    put("Organization", "org", R"("identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"ORG"}])");
    put("PractitionerRole", "r", R"("practitioner":)" + to("Practitioner/w") + R"(,"healthcareService":[)" + to("HealthcareService/ours") + "]");
    put("PractitionerRole", "other", R"("practitioner":)" + to("Practitioner/x") + R"(,"healthcareService":[)" + to("HealthcareService/theirs") + "]");
    put("HealthcareService", "ours", R"("name":"Ours")");
    for (const std::string id : {"theirs", "unstaffed"}) put("HealthcareService", id, R"("name":"x","providedBy":)" + to("Organization/org"));
    for (const std::string id : {"team", "other", "offered", "offered2", "elsewhere", "accepted", "past", "own"}) put("Patient", id, R"("active":true)");
    for (const auto& [what, thing] : things()) put(thing.type, name(what), body(what, thing.by));
    put("EpisodeOfCare", "open", R"("status":"active","patient":)" + to("Patient/team") + R"(,"team":[)" + to("CareTeam/standing-team") + "]");
    put("Task", "taken", R"("status":"accepted","intent":"order","for":)" + to("Patient/accepted") + R"(,"owner":)" + to("HealthcareService/ours"));
    put("Observation", "hidden", observation("team", "safeguarding"));
    put("RelatedPerson", "rp", R"("patient":)" + to("Patient/own"));
    put("Consent", "proxy", R"("status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":)" + to("Patient/own") +
                                R"(,"policyRule":{"coding":[{"system":"urn:joinedup:proxy-authority","code":"deputy"}]},"provision":{"type":"permit","actor":[{"role":{"text":"x"},"reference":)" + to("RelatedPerson/rp") + "}]}");
    now_ += 2 * a_day;
  }
  static Subject asker(const Question& q) {
    Subject s = worker("w", q.role, "ORG");
    s.patient = "own", s.related_person = "rp";
    if (q.role == "person") s.kind = Subject::Kind::person, s.purpose = Purpose::own_record;
    if (q.role == "proxy") s.kind = Subject::Kind::proxy, s.purpose = Purpose::own_record;
    if (q.role == "backend") s.kind = Subject::Kind::backend;
    if (q.role == "analyst" || q.role == "board") s.purpose = Purpose::secondary_use;
    if (q.role == "guardian" || q.role == "administrator") s.purpose = Purpose::administration;
    return s;
  }
  bool ask(const Question& q) {
    const auto who = asker(q);
    const auto& thing = things().at(q.what);
    const auto id = name(q.what), address = thing.type + "/" + id;
    const auto begun = R"({"resourceType":")" + thing.type + "\",";
    if (q.interaction == "read") return status(who, "GET /" + address) == 200;
    if (q.interaction == "search") return send(who, "GET /" + thing.type + "?_id=" + id + "&_summary=count").body.find("\"total\":1") != std::string::npos;
    if (q.interaction == "create") {
      const auto answer = send(who, "POST /" + thing.type, begun + body(q.what, q.role == "person" ? "Patient/own" : q.role == "proxy" ? "RelatedPerson/rp" : "Practitioner/w") + "}");
      if (answer.status != 201) return false;
      const auto at = std::string(answer.header("Location"));
      const auto from = at.find(thing.type) + thing.type.size() + 1;
      remove(thing.type, at.substr(from, at.find('/', from) - from));
      return true;
    }
    if (q.interaction == "update") return status(who, "PUT /" + address, begun + R"("id":")" + id + "\"," + body(q.what, thing.by) + "}") == 200;
    status(who, "DELETE /" + address);
    const bool gone = !store_->read(thing.type, id, fhir::PermitAll());
    if (gone) put(thing.type, id, body(q.what, thing.by));
    return gone;
  }
};

TEST_F(WorkspaceTest, TheProgramDoesWhatTheSpecificationSays) {
  std::size_t asked = 0, allowed = 0, wrong = 0;
  ASSERT_EQ(things().size(), workspace::things.size());
  for (const auto& agreement : agreements) {
    ASSERT_NO_FATAL_FAILURE(arrange(agreement));
    for (const auto& role : roles)
      for (const auto& [what, thing] : things())
        for (const auto& interaction : interactions) {
          const Question q{role, interaction, what, agreement};
          const bool expected = workspace::may(q), found = ask(q);
          ++asked, allowed += expected ? 1U : 0U;
          if (found == expected || ++wrong > 25) continue;
          ADD_FAILURE() << role << " " << interaction << " " << what << " " << agreement << ": the specification says " << (expected ? "yes" : "no") << "; "
                        << rule(asker(q), thing.type + "/" + name(what), interaction == "update" || interaction == "create" ? fhir::Action::write : fhir::Action::read);
        }
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(asked, roles.size() * things().size() * interactions.size() * agreements.size());
  EXPECT_GT(allowed, 800U);
  RecordProperty("asked", static_cast<int>(asked));
  RecordProperty("allowed", static_cast<int>(allowed));
}

TEST_F(WorkspaceTest, RowsWorkedByHand) {
  const auto text = read_file(JOINEDUP_SOURCE_DIR "/modules/access/reference/worked_workspace.csv");
  ASSERT_TRUE(text);
  std::map<std::string, std::vector<std::pair<Question, bool>>> rows;
  std::size_t count = 0;
  for (const auto line : split(*text, '\n')) {
    const auto columns = split(trim(line), ',');
    if (line.starts_with('#') || columns.size() != 6 || columns[0] == "role") continue;
    const Question q{std::string(columns[0]), std::string(columns[1]), std::string(columns[2]), std::string(columns[3])};
    EXPECT_EQ(workspace::may(q), columns[4] == "yes") << line;
    rows[q.agreement].emplace_back(q, columns[4] == "yes");
    ++count;
  }
  EXPECT_GE(count, 50U);
  for (const auto& [agreement, all] : rows) {
    ASSERT_NO_FATAL_FAILURE(arrange(agreement));
    for (const auto& [q, expected] : all) EXPECT_EQ(ask(q), expected) << q.role << " " << q.interaction << " " << q.what << " " << agreement;
  }
}

TEST_F(WorkspaceTest, WhoWroteIsSaidInOnesOwnNameOnly) {
  arrange("in_force");
  const auto w = worker("w", "nurse", "ORG");
  const auto trail = [](const std::string& who) { return R"({"resourceType":"Provenance","target":[{"reference":"EpisodeOfCare/open"}],"recorded":"2026-06-01T12:00:00Z","agent":[)" + who + "]}"; };
  EXPECT_EQ(status(w, "POST /Provenance", trail(R"({"who":{"reference":"PractitionerRole/r"},"onBehalfOf":{"reference":"Organization/org"}})")), 201);
  EXPECT_EQ(status(w, "POST /Provenance", trail(R"({"who":{"reference":"Practitioner/x"}})")), 403);
  EXPECT_EQ(status(w, "POST /Provenance", trail(R"({"who":{"reference":"Practitioner/w"}},{"who":{"reference":"Practitioner/x"}})")), 403);
  EXPECT_EQ(status(w, "POST /Provenance", trail(R"({"who":{"reference":"Device/d"}})")), 403);
}

TEST_F(WorkspaceTest, AMeetingBecomesNobodysVisitAndNoVisitAMeeting) {
  arrange("in_force");
  const auto w = worker("w", "co_ordinator", "ORG");
  const auto whole = [&](const std::string& id, const std::string& like) { return R"({"resourceType":"Appointment","id":")" + id + "\"," + body(like, "") + "}"; };
  EXPECT_EQ(status(w, "PUT /Appointment/visit", whole("visit", "meeting")), 403);
  EXPECT_EQ(status(w, "PUT /Appointment/meeting", whole("meeting", "visit")), 403);
  EXPECT_EQ(total(w, "Appointment"), 2U);
  EXPECT_EQ(total(person("own"), "Appointment"), 1U);
}

TEST_F(WorkspaceTest, WhatTellsOfAHiddenEntryIsHiddenWithIt) {
  arrange("in_force");
  const auto nurse = worker("w", "nurse", "ORG");
  EXPECT_EQ(total(nurse, "Provenance?target=Observation/hidden"), 0U);
  EXPECT_EQ(rule(nurse, "Provenance/trail-of-hidden"), "target");
  EXPECT_EQ(total(worker("w", "social_worker", "ORG"), "Provenance?target=Observation/hidden"), 1U);
  EXPECT_EQ(send(nurse, "GET /Provenance/trail-of-hidden").body, send(nurse, "GET /Provenance/none").body);
}

}  // namespace
}  // namespace joinedup::access
