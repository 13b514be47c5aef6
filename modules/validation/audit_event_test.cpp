// AuditEvent as it leaves the server: valid under FHIR R4, and of the shape that IHE's Basic Audit Log Patterns ask for.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "audit/audit.hpp"
#include "fhirpath/document.hpp"
#include "validation/validation.hpp"

namespace joinedup::validation {
namespace {

using nlohmann::json;

audit::Kept event(const std::string& kind, std::vector<std::string> resources, std::vector<std::string> patients) {
  return {17, "serve",
          {.instant = 1'700'000'000'123'456, .kind = kind, .outcome = "allowed", .user = "u-17", .session = "s", .client = "app", .practitioner = "p-3", .organisation = "A81001", .purpose = "direct_care",
           .roles = {"gp"}, .address = "10.0.0.1", .request = "00ff", .rule = "registered-practice", .resources = std::move(resources), .patients = std::move(patients), .shape = kind == "search" ? "Patient?name" : ""}};
}

void expect_valid(const std::string& text) {
  fhirpath::Document document;
  ASSERT_TRUE(document.parse(text));
  for (const auto& issue : validation::Validator::r4().validate(document))
    EXPECT_GT(static_cast<int>(issue.severity), static_cast<int>(validation::Severity::error)) << issue.expression << ": " << issue.sentence << "\n" << text;
}

std::vector<json> agents_of_type(const json& event, const std::string& code) {
  std::vector<json> out;
  for (const auto& agent : event["agent"])
    if (agent["type"]["coding"][0]["code"] == code) out.push_back(agent);
  return out;
}
std::vector<json> entities_of_type(const json& event, const std::string& code) {
  std::vector<json> out;
  for (const auto& entity : event["entity"])
    if (entity["type"]["code"] == code) out.push_back(entity);
  return out;
}

TEST(AuditEvent, IsValidR4ForEveryKindAndOutcome) {
  for (const std::string kind : {"read", "search", "history", "create", "update", "patch", "delete", "remove", "transaction", "batch", "export", "operation", "sign_in", "sign_out", "decision", "emergency", "reidentify",
                                 "agreement", "administer", "receive", "deliver", "log", "never heard of"})
    for (const std::string outcome : {"allowed", "denied", "failed"})
      for (const std::size_t patients : {0, 1, 3}) {
        auto kept = event(kind, kind == "search" ? std::vector<std::string>{"Patient/1/_history/1", "Patient/2/_history/1"} : std::vector<std::string>{"Observation/4/_history/2"}, std::vector<std::string>({"1", "2", "3"}));
        kept.event.patients.resize(patients);
        kept.event.outcome = outcome;
        const auto all = audit::audit_events_json(kept);
        ASSERT_EQ(all.size(), std::max<std::size_t>(1, patients));
        for (const auto& text : all) expect_valid(text);
      }
  audit::Kept bare{1, "vault", {.instant = 1, .kind = "read", .outcome = "denied"}};
  expect_valid(audit::audit_events_json(bare)[0]);
}

// The constraints of each profile, as its page at profiles.ihe.net/ITI/BALP lists them.
TEST(AuditEvent, ClaimsABalpProfileOnlyInItsShape) {
  struct Case {
    const char *kind, *profile, *code, *action, *client, *server, *user;
  };
  for (const auto& c : {Case{"read", "PatientRead", "read", "R", "110152", "110153", "IRCP"}, Case{"search", "PatientQuery", "search", "E", "110153", "110152", "IRCP"},
                        Case{"create", "PatientCreate", "create", "C", "110153", "110152", "AUT"}, Case{"update", "PatientUpdate", "update", "U", "110153", "110152", "AUT"},
                        Case{"patch", "PatientUpdate", "patch", "U", "110153", "110152", "AUT"}, Case{"delete", "PatientDelete", "delete", "D", "110153", "110152", "AUT"}}) {
    for (const bool has_patient : {true, false}) {
      const auto kept = event(c.kind, {"Observation/4/_history/2"}, has_patient ? std::vector<std::string>{"9"} : std::vector<std::string>{});
      const auto one = json::parse(audit::audit_events_json(kept)[0]);
      SCOPED_TRACE(one.dump(1));
      EXPECT_EQ(one["meta"]["profile"][0], std::string("https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.") + (has_patient ? c.profile : std::string(c.profile).substr(7)));
      EXPECT_EQ(one["type"]["system"], "http://terminology.hl7.org/CodeSystem/audit-event-type");
      EXPECT_EQ(one["type"]["code"], "rest");
      EXPECT_EQ(one["subtype"][0]["system"], "http://hl7.org/fhir/restful-interaction");
      EXPECT_EQ(one["subtype"][0]["code"], c.code);
      EXPECT_EQ(one["action"], c.action);
      EXPECT_EQ(one["outcome"], "0");
      EXPECT_EQ(one["recorded"], "2023-11-14T22:13:20.123456Z");
      for (const auto* role : {c.client, c.server}) {
        const auto found = agents_of_type(one, role);
        ASSERT_EQ(found.size(), 1u);
        EXPECT_EQ(found[0]["type"]["coding"][0]["system"], "http://dicom.nema.org/resources/ontology/DCM");
        EXPECT_TRUE(found[0].contains("who"));
        EXPECT_TRUE(found[0].contains("network"));
        EXPECT_FALSE(found[0].contains("media"));
      }
      EXPECT_EQ(agents_of_type(one, c.client)[0]["network"]["address"], "10.0.0.1");
      const auto users = agents_of_type(one, c.user);
      ASSERT_EQ(users.size(), 1u);
      EXPECT_EQ(users[0]["requestor"], true);
      EXPECT_EQ(users[0]["who"]["reference"], "Practitioner/p-3");
      EXPECT_FALSE(users[0].contains("network"));
      EXPECT_EQ(users[0]["purposeOfUse"][0]["coding"][0]["code"], "TREAT");
      const auto patients = entities_of_type(one, "1");
      ASSERT_EQ(patients.size(), has_patient ? 1u : 0u);
      if (has_patient) {
        EXPECT_EQ(patients[0]["what"]["reference"], "Patient/9");
        EXPECT_EQ(patients[0]["role"]["code"], "1");
      }
      const auto objects = entities_of_type(one, "2");
      ASSERT_EQ(objects.size(), 1u);
      if (std::string(c.kind) == "search") {
        EXPECT_EQ(objects[0]["role"]["code"], "24");
        EXPECT_EQ(objects[0]["query"], "UGF0aWVudD9uYW1l") << "the names of the parameters only";
        EXPECT_FALSE(objects[0].contains("what"));
        EXPECT_FALSE(objects[0].contains("detail"));
      } else {
        EXPECT_EQ(objects[0]["what"]["reference"], "Observation/4/_history/2");
        EXPECT_EQ(objects[0]["role"]["code"], "4");
      }
      EXPECT_EQ(entities_of_type(one, "XrequestId")[0]["what"]["identifier"]["value"], "00ff");
    }
    auto denied = event(c.kind, {"Observation/4"}, {"9"});
    denied.event.outcome = "denied";
    const auto refused = json::parse(audit::audit_events_json(denied)[0]);
    EXPECT_FALSE(refused.contains("meta"));
    EXPECT_EQ(refused["outcome"], "8");
  }
}

TEST(AuditEvent, OfSeveralPeopleIsOneForEachAndNamesNoOther) {
  const auto kept = event("search", {"Observation/1/_history/1", "Observation/2/_history/1"}, {"7", "8", "9"});
  const auto all = audit::audit_events_json(kept);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(json::parse(all[0])["id"], "serve-17");
  EXPECT_EQ(json::parse(all[2])["id"], "serve-17.3");
  EXPECT_EQ(all[1].find("Patient/7"), std::string::npos);
  EXPECT_EQ(all[1].find("Observation/1"), std::string::npos) << "whose it is, the event does not say";
  const auto own = audit::audit_events_json(kept, "9");
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(json::parse(own[0])["id"], "serve-17");
  EXPECT_TRUE(audit::audit_events_json(kept, "10").empty());
}

}  // namespace
}  // namespace joinedup::validation
