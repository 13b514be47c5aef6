// Withholding and reviews over FHIR, with the policy and the log as they are: what the person sees, and that they see nothing of it.
#include "server/access_operations.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "base/test_folder.hpp"
#include "fhir/fhir.hpp"
#include "rest/rest.hpp"
#include "server/audit_events.hpp"
#include "server/doorkeeper.hpp"

namespace joinedup::server {
namespace {

constexpr std::int64_t noon = 1'780'315'200'000'000, a_day = 86'400'000'000;

struct WithholdTest : ::testing::Test {
  TestFolder folder;
  place::Place place;
  std::int64_t clock = noon;
  std::unique_ptr<fhir::DurableStore> store;
  std::unique_ptr<rest::Api> api;
  std::unique_ptr<access::Access> access;
  std::unique_ptr<audit::Log> log;
  std::unique_ptr<audit::Reader> reader;
  std::unique_ptr<Doorkeeper> door;
  access::Subject asking;

  void SetUp() override {
    place.folder = folder.path();
    store = std::move(*fhir::open_store({.path = folder.file("record.sqlite"), .base_url = "http://here/fhir", .clock = [this] { return clock; }}));
    api = std::make_unique<rest::Api>(*store, rest::ApiOptions{.base_url = "http://here/fhir"});
    access = std::move(*access::Access::open(*store, place, {.clock = [this] { return clock; }, .policy_folder = {}, .base_url = "http://here/fhir", .ledger = {}}));
    log = std::move(*audit::Log::open({.folder = folder.file("audit"), .writer = "test"}));
    reader = std::move(*audit::Reader::open(folder.file("audit")));
    door = std::make_unique<Doorkeeper>(DoorParts{
        .who = [this](const rest::Request&) -> Result<access::Subject> { return asking; },
        .permit = [this](const access::Subject& subject) { return access->permit(subject); },
        .note = [this](audit::Event event, std::function<void(Result<void>)> done) { log->append(std::move(event), std::move(done)); },
        .handle = [this](const rest::Request& request) { return api->handle(request); },
        .ruled = [this](const access::Subject& subject, const std::string& type, const std::string& id) -> Ruled {
          const auto decision = access->explain(subject, fhir::Action::read, type, id);
          return {decision->rule, decision->allowed};
        },
        .audit_events = [this](const access::Subject& subject, const rest::Request& request) {
          return audit_events(subject, request, *reader, [this](const audit::Event& event, std::string_view patient) { return access->hides_from_person(event.user, patient); },
                              [this, &subject](std::string_view type, std::string_view id) { return access->hides_entry(subject, type, id); }, "http://here/fhir");
        },
        .own_operations = [this](const access::Subject& subject, const rest::Request& request, audit::Event& event) { return access_operations(subject, request, *access, event); }});
    put("Organization", "o", R"("identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"ORG"}])");
    put("Patient", "p", R"("generalPractitioner":[{"reference":"Organization/o"}])");
    for (const std::string id : {"plain", "plan"}) put("Observation", id, R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"})");
    put("Provenance", "of-plan", R"("target":[{"reference":"Observation/plan"},{"reference":"Patient/p"}],"recorded":"2026-06-01T12:00:00Z","agent":[{"who":{"reference":"Practitioner/x"}}])");
    put("RelatedPerson", "r", R"("patient":{"reference":"Patient/p"})");
    put("Consent", "c", R"("status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":{"reference":"Patient/p"},"policyRule":{"coding":[{"system":"urn:joinedup:proxy-authority","code":"deputy"}]},)"
                        R"("provision":{"type":"permit","actor":[{"role":{"text":"x"},"reference":{"reference":"RelatedPerson/r"}}]})");
  }
  void put(const std::string& type, const std::string& id, const std::string& rest) {
    ASSERT_TRUE(store->write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = R"({"resourceType":")" + type + R"(","id":")" + id + R"(",)" + rest + "}", .if_match = {}}}));
  }
  static access::Subject worker(const std::string& user, const std::string& role) {
    return {.user = user, .practitioner = user, .organisation = "ORG", .roles = {role}, .purpose = role == "guardian" ? access::Purpose::administration : access::Purpose::direct_care};
  }
  static access::Subject person() { return {.kind = access::Subject::Kind::person, .user = "u-p", .patient = "p", .roles = {"person"}, .purpose = access::Purpose::own_record}; }
  static access::Subject deputy() { return {.kind = access::Subject::Kind::proxy, .user = "u-r", .related_person = "r", .roles = {"proxy"}, .purpose = access::Purpose::own_record}; }
  rest::Response ask(const access::Subject& who, const std::string& method, const std::string& path, const std::string& query = {}, const std::string& body = {}) {
    asking = who;
    rest::Request request{.method = method, .path = path, .query = query, .headers = {{"Content-Type", "application/fhir+json"}}, .body = body};
    auto response = door->answer(request);
    if (response.hold) {
      std::mutex mutex;
      std::condition_variable done;
      bool kept = false;
      response.hold([&](Result<void>) {
        const std::lock_guard lock(mutex);
        kept = true;
        done.notify_all();
      });
      std::unique_lock lock(mutex);
      done.wait(lock, [&] { return kept; });
    }
    return response;
  }
  static std::string parameters(const std::string& list) { return R"({"resourceType":"Parameters","parameter":[)" + list + "]}"; }
  static std::string withholding(const std::string& from) {
    return parameters(R"({"name":"resource","valueReference":{"reference":"Observation/plan"}},{"name":"from","valueCode":")" + from +
                      R"("},{"name":"reason","valueString":"the person is suspected to be coerced"},{"name":"review","valueDate":"2026-09-01"})");
  }
};

TEST_F(WithholdTest, WhatIsWithheldLeavesNoTraceForThePerson) {
  const auto lead = worker("lead", "safeguarding_lead"), gp = worker("gp", "gp");
  // Looked at, as everything is.
  ASSERT_EQ(ask(gp, "GET", "/Observation/plain").status, 200);
  ASSERT_EQ(ask(gp, "GET", "/Observation/plan").status, 200);
  ASSERT_EQ(ask(gp, "GET", "/Observation", "patient=p").status, 200);
  const auto before = ask(person(), "GET", "/AuditEvent");
  EXPECT_NE(before.body.find("Observation/plan/"), std::string::npos) << before.body;
  const auto made = ask(lead, "POST", "/Patient/p/$withhold", {}, withholding("person-and-proxies"));
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_NE(made.body.find("2026-09-01"), std::string::npos);
  for (const auto& who : {person(), deputy()}) {
    for (const std::string way : {"", "/_history", "/_history/1"}) {
      const auto denied = ask(who, "GET", "/Observation/plan" + way), absent = ask(who, "GET", "/Observation/none" + way);
      EXPECT_EQ(denied.status, absent.status) << way;
      EXPECT_EQ(denied.body, absent.body) << way;
      EXPECT_EQ(denied.header("Last-Modified"), absent.header("Last-Modified")) << way;
      EXPECT_EQ(denied.header("ETag"), absent.header("ETag")) << way;
    }
    EXPECT_NE(ask(who, "GET", "/Observation", "_summary=count").body.find("\"total\":1"), std::string::npos);
    for (const std::string path : {"/Observation", "/Observation/_history", "/Patient/p/$everything", "/Provenance", "/Patient/p/Observation"})
      EXPECT_EQ(ask(who, "GET", path).body.find("plan"), std::string::npos) << path;
    // Who has not the office is answered as at any address that is not known.
    for (const std::string operation : {"$withhold", "$show-again"})
      EXPECT_EQ(ask(who, "POST", "/Patient/p/" + operation, {}, withholding("proxies")).status, ask(who, "POST", "/Patient/p/$no-such", {}, withholding("proxies")).status);
    EXPECT_EQ(ask(who, "GET", "/Patient/p/$withheld").status, ask(who, "GET", "/Patient/p/$no-such").status);
  }
  // The list of who looked: not the entry, not the event that told of it alone, not what the lead did.
  const auto log_of_person = ask(person(), "GET", "/AuditEvent").body;
  EXPECT_EQ(log_of_person.find("plan/"), std::string::npos) << log_of_person;
  EXPECT_EQ(log_of_person.find("Practitioner/lead"), std::string::npos) << log_of_person;
  EXPECT_NE(log_of_person.find("Observation/plain/"), std::string::npos);
  EXPECT_NE(ask(worker("g", "guardian"), "GET", "/AuditEvent").body.find("lead"), std::string::npos) << "the guardian sees that it was done";
  // Staff see it as before; the lead sees what is withheld, and shows it again.
  EXPECT_EQ(ask(gp, "GET", "/Observation/plan").status, 200);
  const auto listed = ask(lead, "GET", "/Patient/p/$withheld");
  EXPECT_NE(listed.body.find("coerced"), std::string::npos) << listed.body;
  EXPECT_NE(listed.body.find("Practitioner/lead"), std::string::npos) << "another lead sees who withheld it";
  EXPECT_NE(ask(lead, "GET", "/$withheld").body.find("Patient/p"), std::string::npos);
  for (const auto& who : {gp, person(), deputy(), worker("g", "guardian")}) EXPECT_EQ(ask(who, "GET", "/$withheld").status, ask(who, "GET", "/$no-such").status);
  EXPECT_EQ(ask(lead, "POST", "/Patient/p/$show-again", {}, parameters(R"({"name":"withheld","valueInteger":99})")).status, 404);
  EXPECT_EQ(ask(lead, "POST", "/Patient/p/$show-again", {}, parameters(R"({"name":"withheld","valueInteger":1})")).status, 200);
  EXPECT_EQ(ask(lead, "GET", "/$withheld").body.find("Patient/p"), std::string::npos) << "nothing waits any more";
  EXPECT_EQ(ask(person(), "GET", "/Observation/plan").status, 200);
  EXPECT_EQ(ask(person(), "GET", "/Provenance/of-plan").status, 200);
}

TEST_F(WithholdTest, WhatThePersonMayNotSeeIsNotNamedInTheirLogEither) {
  put("Observation", "plan", R"("meta":{"security":[{"system":"urn:joinedup:label","code":"safeguarding"}]},"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"})");
  ASSERT_EQ(ask(worker("gp", "gp"), "GET", "/Observation/plan").status, 200);
  ASSERT_EQ(ask(worker("gp", "gp"), "GET", "/Observation/plain").status, 200);
  const auto shown = ask(person(), "GET", "/AuditEvent").body;
  EXPECT_EQ(shown.find("Observation/plan/"), std::string::npos) << shown;
  EXPECT_NE(shown.find("Observation/plain/"), std::string::npos);
}

TEST_F(WithholdTest, WithholdingSaysWhatIsMissing) {
  const auto lead = worker("lead", "safeguarding_lead");
  const auto refused = [&](const std::string& list, int status, const std::string& where) {
    const auto out = ask(lead, "POST", "/Patient/p/$withhold", {}, parameters(list));
    EXPECT_EQ(out.status, status) << out.body;
    EXPECT_NE(out.body.find(where), std::string::npos) << out.body;
  };
  const std::string which = R"({"name":"type","valueCode":"Observation"})", from = R"(,{"name":"from","valueCode":"proxies"})", reason = R"(,{"name":"reason","valueString":"suspected to be coerced"})", review = R"(,{"name":"review","valueDate":"2026-09-01"})";
  refused(which.substr(0, 0) + from.substr(1) + reason + review, 422, "\"resource\"");
  refused(which + reason + review, 422, "\"from\"");
  refused(which + from + reason, 422, "\"review\"");
  refused(which + from + review, 422, "Say why");
  refused(which + R"(,{"name":"from","valueCode":"one-proxy"})" + reason + review, 422, "which proxy");
  EXPECT_EQ(ask(lead, "POST", "/Patient/p/$withhold", {}, "{").status, 400);
  EXPECT_EQ(ask(lead, "POST", "/Patient/none/$withhold", {}, parameters(which + from + reason + review)).status, 404);
  EXPECT_EQ(ask(lead, "POST", "/Patient/p/$withhold", {}, parameters(which + from + reason + review)).status, 200);
  EXPECT_NE(ask(deputy(), "GET", "/Observation", "_summary=count").body.find("\"total\":0"), std::string::npos);
  EXPECT_NE(ask(person(), "GET", "/Observation", "_summary=count").body.find("\"total\":2"), std::string::npos);
}

TEST_F(WithholdTest, AGuardianReviewsAndTheLateOnesAreLaidBeforeThem) {
  const auto nurse = worker("nurse", "nurse"), guardian = worker("g", "guardian");
  ASSERT_TRUE(access->emergency({.user = "nurse", .practitioner = "n", .organisation = "ELSE", .roles = {"nurse"}}, "p", "found unconscious at home"));
  EXPECT_EQ(ask(nurse, "GET", "/$emergencies").status, ask(nurse, "GET", "/$no-such").status);
  const auto listed = ask(guardian, "GET", "/$emergencies");
  ASSERT_EQ(listed.status, 200);
  EXPECT_NE(listed.body.find("found unconscious at home"), std::string::npos);
  EXPECT_NE(listed.body.find("Patient/p"), std::string::npos);
  // Nobody reviews it.
  EXPECT_TRUE(access::notices_of(*access->emergencies(), clock).empty());
  const auto late = access::notices_of(*access->emergencies(), clock + 4 * a_day);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_FALSE(late[0].is_done);
  EXPECT_EQ(late[0].body.find("Patient"), std::string::npos) << "it names nobody";
  ASSERT_TRUE(store->write({{.kind = fhir::Write::Kind::update, .type = "Communication", .id = late[0].id, .body = late[0].body, .if_match = 0}}));
  for (const auto* role : {"guardian", "administrator"}) {
    auto who = worker("x", role);
    who.purpose = access::Purpose::administration;
    EXPECT_NE(ask(who, "GET", "/Communication", "category=urn:joinedup:message|escalation&status=in-progress&_summary=count").body.find("\"total\":1"), std::string::npos) << role;
  }
  for (const auto& who : {nurse, person(), worker("t", "team_lead")}) EXPECT_EQ(ask(who, "GET", "/Communication/" + late[0].id).status, 404);
  const auto review = [&](const access::Subject& who, const std::string& outcome) {
    const std::string comment = outcome == "not_justified" ? R"(,{"name":"comment","valueString":" Spoken with the nurse; training is booked "})" : "";
    return ask(who, "POST", "/$review-emergency", {}, parameters(R"({"name":"emergency","valueInteger":1},{"name":"outcome","valueCode":")" + outcome + "\"}" + comment)).status;
  };
  const auto without = ask(guardian, "POST", "/$review-emergency", {}, parameters(R"({"name":"emergency","valueInteger":1},{"name":"outcome","valueCode":"not_justified"})"));
  EXPECT_EQ(without.status, 422) << "what was not justified needs a word";
  EXPECT_NE(without.body.find("\"comment\""), std::string::npos);
  EXPECT_EQ(review(guardian, "fine"), 422);
  EXPECT_EQ(review(worker("nurse", "guardian"), "justified"), 404) << "nobody reviews their own";
  clock += 4 * a_day;
  EXPECT_EQ(review(guardian, "not_justified"), 200);
  EXPECT_EQ(review(guardian, "justified"), 404);
  const auto after = ask(guardian, "GET", "/$emergencies").body;
  EXPECT_NE(after.find("\"Spoken with the nurse; training is booked\""), std::string::npos) << after;
  EXPECT_NE(after.find("Practitioner/g"), std::string::npos);
  EXPECT_EQ(ask(person(), "GET", "/AuditEvent").body.find("training"), std::string::npos) << "the comment is not the person's to read";
  const auto done = access::notices_of(*access->emergencies(), clock);
  ASSERT_EQ(done.size(), 1u);
  EXPECT_TRUE(done[0].is_done);
}

}  // namespace
}  // namespace joinedup::server
