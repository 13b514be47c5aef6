// Every operation by everybody who might ask, under the policy's own permits, beside reference/operations_by_role.csv: written by hand.
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "casework/test_support.hpp"

namespace joinedup::casework {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Row {
  std::string operation, state, answer, why;
  std::vector<std::string> askers;
};
std::vector<Row> rows() {
  const auto text = read_file(JOINEDUP_SOURCE_DIR "/modules/casework/reference/operations_by_role.csv");
  EXPECT_TRUE(text);
  std::vector<Row> out;
  if (!text) return out;
  for (const auto line : split(*text, '\n')) {
    const auto cells = split(line, ',');
    if (line.empty() || line.starts_with('#') || line.starts_with("operation,")) continue;
    Row row;
    EXPECT_EQ(cells.size(), 5U) << line;
    if (cells.size() != 5) continue;
    row.operation = cells[0], row.state = cells[2], row.answer = cells[3], row.why = cells[4];
    for (const auto one : split(cells[1], '|')) row.askers.emplace_back(one);
    out.push_back(std::move(row));
  }
  return out;
}

const std::vector<std::string> askers = {"co_ordinator", "gp", "nurse", "social_worker", "team_lead", "safeguarding_lead", "analyst", "guardian", "administrator", "board", "person", "proxy", "backend", "stranger", "service_worker"};

class OperationsByRole : public CaseworkTest {
 protected:
  void SetUp() override {
    CaseworkTest::SetUp();
    // In the team: co-ordinator, lead, nurse, social worker, safeguarding lead. The doctor is of the practice only, and phil of a service.
    worker("gil", "general_practitioner", "practice-a"), worker("sam", "social_worker", "practice-b"), worker("sue", "safeguarding_lead", "practice-b");
    worker("ana", "analyst", "practice-a"), worker("gus", "caldicott_guardian", "practice-a"), worker("ada", "administrator", "practice-a"), worker("bo", "board_member", "practice-a");
    put("Practitioner", "phil", R"("name":[{"family":"Of phil"}])");
    put("PractitionerRole", "r-phil", R"("active":true,"practitioner":{"reference":"Practitioner/phil"},"organization":{"reference":"Organization/practice-b"},"healthcareService":[{"reference":"HealthcareService/physio"}])");
    put("CareTeam", "one", R"("identifier":[{"system":"urn:joinedup:team","value":"Team one"}],"status":"active","name":"Team one","participant":[{"member":{"reference":"Practitioner/cora"}},)"
                           R"({"member":{"reference":"Practitioner/lea"}},{"member":{"reference":"Practitioner/ned"}},{"member":{"reference":"PractitionerRole/r-sam"}},{"member":{"reference":"Practitioner/sue"}},)"
                           R"({"member":{"reference":"Practitioner/out"},"period":{"end":"2026-05-31"}}])");
    put("PlanDefinition", "path", R"("url":"urn:test:path","version":"1","status":"active","title":"A pathway","action":[{"id":"a","title":"A step"}])");
    put("Questionnaire", "q", R"("url":"urn:test:form","status":"active","item":[{"linkId":"1","text":"How are you?","type":"string"}])");
    put("Schedule", "one", R"("actor":[{"reference":"HealthcareService/physio"}])");
  }

  // Somebody new to every question: what was asked before does not matter.
  void somebody(const std::string& operation, const std::string& state) {
    ++number_;
    const auto n = std::to_string(number_);
    const bool not_yet = state == "not_yet";
    const std::map<std::string, std::pair<std::string, std::string>> states = {{"$accept", {"planned", "waitlist"}}, {"$decline", {"waitlist", "active"}}, {"$defer", {"planned", "active"}}, {"$ask", {"waitlist", "planned"}},
                                                                               {"$start", {"waitlist", "planned"}},  {"$hold", {"active", "waitlist"}},    {"$resume", {"onhold", "active"}}, {"$finish", {"active", "planned"}},
                                                                               {"$hand-over", {"active", "finished"}}, {"$record-contact", {"active", "finished"}}};
    const auto found = states.find(operation);
    const auto status = found == states.end() ? "active" : not_yet ? found->second.second : found->second.first;
    const std::string about = R"({"reference":"Patient/p)" + n + R"("})";
    put("Patient", "p" + n, R"("birthDate":"1950-01-01","generalPractitioner":[{"reference":"Organization/practice-a"}])");
    put("RelatedPerson", "rp" + n, R"("active":true,"patient":)" + about);
    put("Consent", "con" + n, R"("status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],)"
                              R"("patient":)" + about + R"(,"policyRule":{"coding":[{"system":"urn:joinedup:proxy-authority","code":"chosen"}]},"provision":{"type":"permit","actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"DAUC"}]},)"
                              R"("reference":{"reference":"RelatedPerson/rp)" + n + R"("}}]})");
    put("EpisodeOfCare", "e" + n, R"("extension":[{"url":"urn:joinedup:asked","extension":[{"url":"outcome","valueCode":"agreed"}]}],"status":")" + status + R"(","statusHistory":[{"status":")" + status +
                                  R"(","period":{"start":"2026-05-01"}}],"type":[{"coding":[{"system":"urn:joinedup:case-finding","code":"released"}]}],"patient":)" + about +
                                  R"(,"period":{"start":"2026-05-01"},"team":[{"reference":"CareTeam/one"}],"careManager":{"reference":"PractitionerRole/r-cora"})");
    put("CareTeam", "ct" + n, R"("status":"active","subject":)" + about + R"(,"participant":[{"member":{"reference":"CareTeam/one"}}])");  // a closed case leaves the team the person
    const auto task = [&](const std::string& id, const std::string& code, const std::string& task_status, const std::string& more) {
      put("Task", id + n, R"("status":")" + task_status + R"(","intent":"order","code":{"coding":[{"system":"urn:joinedup:task","code":")" + code + R"("}]},"for":)" + about + R"(,"authoredOn":"2026-05-02T10:00:00Z")" + more);
    };
    task("d", "agenda-item", not_yet ? "cancelled" : "requested", "");
    task("t", "review", not_yet ? "completed" : "requested", R"(,"owner":{"reference":"PractitionerRole/r-cora"})");
    task("w", "pathway-step", not_yet ? "completed" : "requested", "");
    put("ServiceRequest", "s" + n, R"("status":"active","intent":"order","subject":)" + about + R"(,"authoredOn":"2025-05-02","requester":{"reference":"Practitioner/cora"},"performer":[{"reference":"HealthcareService/physio"}])");
    task("r", "referral", "requested", R"(,"focus":{"reference":"ServiceRequest/s)" + n + R"("},"owner":{"reference":"HealthcareService/physio"})");
    put("Slot", "sl" + n, R"("schedule":{"reference":"Schedule/one"},"status":")" + std::string(not_yet ? "busy" : "free") + R"(","start":"2026-06-10T10:00:00Z","end":"2026-06-10T10:30:00Z")");
    put("Communication", "a" + n, R"("status":"completed","subject":)" + about + R"(,"sent":"2026-05-31T10:00:00Z","payload":[{"contentString":"Admitted to hospital."}])" + (not_yet ? R"(,"received":"2026-05-31T11:00:00Z")" : ""));
    put("CarePlan", "c" + n, R"("status":"active","intent":"plan","category":[{"coding":[{"system":"urn:joinedup:plan","code":"care-and-support"}]}],"subject":)" + about);
    put("Appointment", "m" + n, R"("extension":[{"url":"urn:joinedup:team","valueReference":{"reference":"CareTeam/one"}}],"status":")" + std::string(not_yet ? "fulfilled" : "booked") +
                                    R"(","serviceType":[{"coding":[{"system":"urn:joinedup:appointment","code":"team-meeting"}]}],"start":"2026-06-02T10:00:00Z","end":"2026-06-02T11:00:00Z","participant":[{"actor":{"reference":"HealthcareService/team-one"},"status":"accepted"}])");
  }

  access::Subject asker(const std::string& who) const {
    const auto n = std::to_string(number_);
    const std::map<std::string, std::array<const char*, 3>> workers = {{"co_ordinator", {"cora", "co_ordinator", "PRACa"}}, {"gp", {"gil", "gp", "PRACa"}}, {"nurse", {"ned", "nurse", "PRACa"}},
                                                                       {"social_worker", {"sam", "social_worker", "PRACb"}}, {"team_lead", {"lea", "team_lead", "PRACa"}}, {"safeguarding_lead", {"sue", "safeguarding_lead", "PRACb"}},
                                                                       {"analyst", {"ana", "analyst", "PRACa"}}, {"guardian", {"gus", "guardian", "PRACa"}}, {"administrator", {"ada", "administrator", "PRACa"}}, {"board", {"bo", "board", "PRACa"}},
                                                                       {"stranger", {"out", "nurse", "PRACb"}}, {"service_worker", {"phil", "nurse", "PRACb"}}};
    if (const auto found = workers.find(who); found != workers.end()) return subject(found->second[0], found->second[1], found->second[2]);
    access::Subject out;
    out.user = "u-" + who, out.roles = {who}, out.purpose = access::Purpose::own_record;
    if (who == "person") out.kind = access::Subject::Kind::person, out.patient = "p" + n;
    if (who == "proxy") out.kind = access::Subject::Kind::proxy, out.related_person = "rp" + n;
    if (who == "backend") out.kind = access::Subject::Kind::backend, out.organisation = "PRACb", out.purpose = access::Purpose::direct_care;
    return out;
  }

  Answer do_it(const std::string& operation, const access::Subject& who, const std::string& state, const std::string& id) {
    const auto n = std::to_string(number_);
    const auto episode = "EpisodeOfCare/" + (id.empty() ? "e" + n : id) + "/" + operation, task = "Task/" + id;
    const auto at = [&](const std::string& type, const std::string& letter) { return type + "/" + (id.empty() ? letter + n : id) + "/" + operation; };
    const bool silent = state == "silent", not_yet = state == "not_yet";
    if (operation == "$accept") return call(who, episode, {{"comment", "x"}});
    if (operation == "$decline") return call(who, episode, silent ? Parameters{} : Parameters{{"reason", "x"}, {"tasks", "3"}});
    if (operation == "$record-contact") {
      Parameters all{{"on", "2026-05-20"}, {"how", "telephone"}, {"minutes", "10"}, {"who", "PractitionerRole/r-cora"}};
      if (!silent) all.emplace_back("about", "x");
      return call(who, episode, all);
    }
    if (operation == "$leave-out") return call(who, at("Task", "w"), silent ? Parameters{} : Parameters{{"reason", "x"}});
    if (operation == "$defer") return call(who, episode, {{"until", "2026-07-01"}, {"reason", "x"}});
    if (operation == "$ask") return call(who, episode, {{"outcome", "agreed"}});
    if (operation == "$start" || operation == "$resume") return call(who, episode);
    if (operation == "$finish") return call(who, episode, {{"reason", "x"}, {"tasks", "3"}});
    if (operation == "$hold") return call(who, episode, {{"reason", "x"}});
    if (operation == "$hand-over") return call(who, episode, {{"to", "PractitionerRole/r-ned"}, {"note", "x"}});
    if (operation == "$capacity" || operation == "$figures") return send(who, "GET /CareTeam/" + (id.empty() ? std::string("one") : id) + "/" + operation);
    if (operation == "$plan-meeting") {
      const auto minute = std::to_string(100 + number_ % 60).substr(1), hour = std::to_string(100 + number_ / 60 % 24).substr(1);
      Parameters all{{"team", "CareTeam/one"}, {"minutes", "30"}};
      if (!silent) all.emplace_back("start", "2026-06-02T" + hour + ":" + minute + ":00Z");
      return call(who, "Appointment/$plan-meeting", all);
    }
    if (operation == "$decide") return call(who, at("Task", "d"), {{"text", "x"}, {"owner", "PractitionerRole/r-ned"}, {"due", "2026-06-20"}});
    if (operation == "$close-meeting") return call(who, at("Appointment", "m"));
    if (operation == "$refer") return call(who, "ServiceRequest/$refer", {{"patient", "Patient/p" + n}, {"service", "HealthcareService/physio"}, {"reason", "x"}, {"urgency", "routine"}, {"confirm", "true"}});
    if (operation == "$answer") {
      if (not_yet) put("Task", "r" + n, R"("status":"rejected","intent":"order","code":{"coding":[{"system":"urn:joinedup:task","code":"referral"}]},"for":{"reference":"Patient/p)" + n + R"("},"owner":{"reference":"HealthcareService/physio"})");
      return call(who, at("Task", "r"), {{"answer", "accepted"}});
    }
    if (operation == "$opened") return call(who, at("Communication", "a"));
    if (operation == "$done") return call(who, at("Task", "t"));
    if (operation == "$apply") return call(who, "PlanDefinition/path/$apply", {{"subject", "Patient/p" + n}});
    if (operation == "$book") return call(who, "Slot/sl" + n + "/$book", {{"request", "ServiceRequest/s" + n}});
    if (operation == "$submit")
      return send(who, "POST /QuestionnaireResponse/$submit", R"({"resourceType":"Parameters","parameter":[{"name":"response","resource":{"resourceType":"QuestionnaireResponse","questionnaire":"urn:test:form","status":"in-progress","subject":{"reference":"Patient/p)" + n +
                                                                  R"("},"item":[{"linkId":"1","answer":[{"valueString":"Well"}]}]}}]})");
    if (operation == "$document") return send(who, "GET /" + at("CarePlan", "c"));
    if (operation == "$save-draft") return call(who, "$save-draft", {{"form", "f"}, {"about", "Patient/p" + n}, {"content", "x"}});
    if (operation == "$discard-draft") return call(who, "$discard-draft", {{"form", "f"}});
    if (operation == "$drafts" || operation == "$feeds") return send(who, "GET /" + operation);
    ADD_FAILURE() << operation << " is not known to this test";
    return {};
  }
  std::uint64_t changes() const { return store_->figures().rows; }
  int number_ = 0;
};

TEST_F(OperationsByRole, WhatTheTableSays) {
  const std::set<std::string> about_one_thing = {"$accept", "$decline", "$defer", "$ask", "$start", "$hold", "$resume", "$finish", "$hand-over", "$record-contact", "$leave-out", "$decide", "$close-meeting", "$answer", "$done", "$opened", "$document"};
  std::map<std::string, std::set<std::string>> asked;  // by operation, where it is ready
  std::size_t questions = 0;
  for (const auto& row : rows())
    for (const auto& who : row.askers) {
      SCOPED_TRACE(row.operation + " by " + who + ", " + row.state + ": " + row.why);
      EXPECT_FALSE(row.why.empty());
      if (row.state == "ready") { EXPECT_TRUE(asked[row.operation].insert(who).second) << "asked twice"; }
      somebody(row.operation, row.state);
      const auto subject = asker(who);
      const int expected = row.answer == "done" ? 200 : std::stoi(row.answer);
      const auto before = changes();
      const auto answer = do_it(row.operation, subject, row.state, {});
      EXPECT_EQ(answer.status, expected) << answer.json.dump().substr(0, 600);
      ++questions;
      if (answer.status < 400) continue;
      EXPECT_TRUE(answer.written.empty());
      if (row.operation != "$answer" || row.state == "ready") { EXPECT_EQ(changes(), before) << "refused, and something was written"; }
      if (answer.status == 404 && about_one_thing.contains(row.operation)) {  // denied and absent are the same answer
        const auto absent = do_it(row.operation, subject, row.state, "absent");
        EXPECT_EQ(absent.status, 404);
        EXPECT_EQ(absent.json.dump(), answer.json.dump());
      }
    }
  // Nobody and nothing is left out.
  std::set<std::string> operations;
  for (const auto& one : casework_->operations()) operations.insert("$" + one.name);
  for (const auto& operation : operations) EXPECT_EQ(asked[operation], std::set<std::string>(askers.begin(), askers.end())) << operation;
  EXPECT_EQ(asked.size(), operations.size());
  RecordProperty("questions", static_cast<int>(questions));
}

// What is counted is what may be seen: of people with whom there is no relationship, nothing.
TEST_F(OperationsByRole, NumbersAreOfWhatTheAskerMaySee) {
  somebody("$hold", "ready");
  somebody("$hold", "ready");
  const auto active = [&](const std::string& who) {
    const auto answer = do_it("$capacity", asker(who), "ready", {});
    for (const auto& one : answer.json.at("parameter"))
      if (one.value("name", "") == "active") return one.value("valueInteger", -1);
    return -2;
  };
  EXPECT_EQ(active("co_ordinator"), 2);
  EXPECT_EQ(active("gp"), 2);
  EXPECT_EQ(active("person"), 1) << "their own";
  EXPECT_EQ(active("proxy"), 1);
  for (const auto* who : {"stranger", "service_worker", "guardian", "administrator", "board", "backend"}) EXPECT_EQ(active(who), 0) << who;
}

}  // namespace
}  // namespace joinedup::casework
