// On whose behalf a partner is told: the policy of the room `access` and accounts of the room `identity`, put together as `serve` does.
#include "access/access.hpp"
#include "identity/subjects.hpp"
#include "rest/rest.hpp"
#include "subscriptions/receiver.hpp"
#include "subscriptions/test_support.hpp"

namespace joinedup::subscriptions {
namespace {

// The public key that RFC 7517 shows (appendix A.1).
constexpr const char* published_key =
    R"({"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]})";

class SubscribersTest : public RecordTest {
 protected:
  void SetUp() override {
    RecordTest::SetUp();
    place_.folder = folder_.path();
    place_.partners = {{"HOSP", "Hospital", "hospital"}, {"COUNCIL", "Council", "social_care"}};
    place_.feeds["ecds"] = {"HOSP", ""}, place_.feeds["asc_cld"] = {"COUNCIL", ""};
    for (const std::string partner : {"HOSP", "COUNCIL"}) {
      place::Agreement a;
      a.partner = partner, a.purpose = "direct_care", a.from = Date::from_civil(2025, 1, 1), a.id = partner;
      place_.agreements.push_back(a);
    }
    auto opened = access::Access::open(*store_, place_, {.clock = {}, .policy_folder = {}, .base_url = {}, .ledger = {}});
    ASSERT_TRUE(opened) << opened.error().text();
    access_ = std::move(*opened);
    auto identity = identity::Identity::open({.place = folder_.path(), .fhir_url = "https://care.example/fhir", .cost = identity::Cost::least});
    ASSERT_TRUE(identity) << identity.error().text();
    identity_ = std::move(*identity);
    api_ = std::make_unique<rest::Api>(*store_, rest::ApiOptions{});
    for (const std::string partner : {"HOSP", "COUNCIL"}) {
      identity::Client client;
      client.id = partner, client.name = partner, client.kind = identity::Client::Kind::backend, client.jwks = published_key, client.organisation = partner;
      client.scopes = "system/*.rs system/Subscription.cruds";
      const auto added = identity_->add_client(client);
      ASSERT_TRUE(added) << added.error().text();
    }
    receiver_ = std::make_unique<Receiver>(folder_.file("receiver.pem"));
    HooksOptions with;
    with.place_folder = folder_.path();
    with.permit_of = [this](const std::string& id) { return permit_of(id); };
    with.note = [this](const std::string&, const fhir::Version& version) -> Result<void> {
      if (log_is_full_) return fail(ErrorCode::storage_full, "There is no room for the log.");
      const std::lock_guard lock(mutex_);
      told_.push_back(version.id);
      return {};
    };
    with.allowed = {"127.0.0.1:" + std::to_string(receiver_->port)};
    with.authority_file = folder_.file("receiver.pem");
    with.pauses = {std::chrono::milliseconds(20), std::chrono::milliseconds(40), std::chrono::milliseconds(2000)};
    auto hooks = Hooks::open(with, *store_);
    ASSERT_TRUE(hooks) << hooks.error().text();
    hooks_ = std::move(*hooks);
  }
  void TearDown() override { hooks_.reset(); }

  std::unique_ptr<fhir::Permit> permit_of(const std::string& id) {
    const auto version = store_->read("Subscription", id, fhir::PermitAll());
    fhirpath::Document document;
    if (!version || !document.parse(version->body)) return nullptr;
    const auto subject = identity::subject_of(*identity_, access::subscriber_of(document));
    if (!subject) return nullptr;
    auto permit = access_->permit(*subject);
    return permit ? std::move(*permit) : nullptr;
  }
  rest::Response send(const std::string& user, const std::string& method, const std::string& path, const std::string& body = {}) {
    const auto subject = identity::subject_of(*identity_, user);
    EXPECT_TRUE(subject);
    const auto permit = access_->permit(*subject);
    rest::Request request{.method = method, .path = path};
    request.headers = {{"Content-Type", "application/fhir+json"}};
    request.body = access::with_subscriber(body, user).value_or(body);
    request.permit = permit->get(), request.principal = user;
    return api_->handle(request);
  }
  std::string subscription(const std::string& criteria, const std::string& extension = {}) const {
    return R"({"resourceType":"Subscription","status":"requested","reason":"x","criteria":")" + criteria + R"(","channel":{"type":"rest-hook","payload":"application/fhir+json","endpoint":"https://127.0.0.1:)" +
           std::to_string(receiver_->port) + R"(/hook"})" + extension + "}";
  }
  std::string subscribed(const std::string& user, const std::string& criteria) {
    const auto made = send(user, "POST", "/Subscription", subscription(criteria));
    EXPECT_EQ(made.status, 201) << made.body;
    const auto id = Json::parse(made.body).value("id", "");
    EXPECT_TRUE(within(soon, [&] { return get("Subscription", id).value("status", "") == "active"; }));
    return id;
  }
  void encounter(const std::string& id, const std::string& feed) {
    put("Encounter", id, {{"meta", {{"source", "urn:joinedup:feed:" + feed}}}, {"status", "in-progress"}, {"class", {{"code", "IMP"}}}, {"subject", {{"reference", "Patient/p"}}}});
  }
  bool was_told(const std::string& id) {
    for (const auto& one : receiver_->got())
      if (one.find("\"" + id + "\"") != std::string::npos) return true;
    return false;
  }

  place::Place place_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<rest::Api> api_;
  std::unique_ptr<Receiver> receiver_;
  std::unique_ptr<Hooks> hooks_;
  std::mutex mutex_;
  std::vector<std::string> told_;
  std::atomic<bool> log_is_full_{false};
};

TEST_F(SubscribersTest, APartnerIsToldOfItsOwnDataOnlyAndNothingOnceItIsRemoved) {
  put("Patient", "p");
  subscribed("c-HOSP", "Encounter?status=in-progress");
  encounter("theirs", "ecds"), encounter("others", "asc_cld"), encounter("again", "ecds");
  ASSERT_TRUE(within(soon, [&] { return was_told("again"); }));
  EXPECT_TRUE(was_told("theirs"));
  EXPECT_FALSE(was_told("others"));
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(told_, (std::vector<std::string>{"theirs", "again"})) << "what is told stands in the log";
  }
  ASSERT_TRUE(identity_->remove_client("HOSP"));
  encounter("late", "ecds");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_FALSE(was_told("late"));
}

TEST_F(SubscribersTest, AWorkersHookEndsWithTheAccount) {
  put("Organization", "practice", {{"identifier", {{{"system", "https://fhir.nhs.uk/Id/ods-organization-code"}, {"value", "HOSP"}}}}});
  put("Patient", "p", {{"generalPractitioner", {{{"reference", "Organization/practice"}}}}});
  identity::NewAccount account;
  account.user = "gp.one", account.practitioner = "w", account.organisation = "HOSP", account.roles = {"gp"};
  const auto added = identity_->add(account, "three odd words together", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  ASSERT_TRUE(added);
  subscribed(added->id, "Encounter");
  encounter("first", "ecds");
  ASSERT_TRUE(within(soon, [&] { return was_told("first"); }));
  ASSERT_TRUE(identity_->disable("gp.one"));
  encounter("second", "ecds");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_FALSE(was_told("second"));
}

TEST_F(SubscribersTest, NobodyAsksInAnothersName) {
  const auto id = subscribed("c-HOSP", "Encounter");
  const auto subject = identity::subject_of(*identity_, "c-COUNCIL");
  const auto permit = access_->permit(*subject);
  const auto raw = [&](const std::string& method, const std::string& path, const std::string& body) {
    rest::Request request{.method = method, .path = path};
    request.headers = {{"Content-Type", method == "PATCH" ? "application/json-patch+json" : "application/fhir+json"}};
    request.body = body, request.permit = permit->get();
    return api_->handle(request).status;
  };
  const auto as = [](const std::string& who) { return R"(,"extension":[{"url":"urn:joinedup:subscriber","valueString":")" + who + "\"}]"; };
  EXPECT_EQ(raw("POST", "/Subscription", subscription("Encounter")), 403) << "of nobody";
  EXPECT_EQ(raw("POST", "/Subscription", subscription("Encounter", as("c-HOSP"))), 403);
  EXPECT_EQ(raw("POST", "/Subscription", subscription("Encounter", R"(,"extension":[{"url":"urn:joinedup:subscriber","valueString":"c-COUNCIL"},{"url":"urn:joinedup:subscriber","valueString":"c-HOSP"}])")), 403);
  EXPECT_EQ(raw("GET", "/Subscription/" + id, ""), 404);
  EXPECT_EQ(raw("DELETE", "/Subscription/" + id, ""), raw("DELETE", "/Subscription/absent", ""));
  EXPECT_NE(get("Subscription", id).value("status", ""), "");
  EXPECT_EQ(raw("PATCH", "/Subscription/" + id, R"([{"op":"replace","path":"/extension/0/valueString","value":"c-COUNCIL"}])"), 404);
  // A forged name is replaced by the asker's own, in a Bundle too.
  const auto forged = access::with_subscriber(R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + subscription("Encounter", as("c-HOSP")) + R"(,"request":{"method":"POST","url":"Subscription"}}]})", "c-COUNCIL");
  ASSERT_TRUE(forged);
  EXPECT_EQ(forged->find("c-HOSP"), std::string::npos);
  EXPECT_EQ(raw("POST", "/", *forged), 200);
}

TEST_F(SubscribersTest, WhatCannotBeWrittenDownIsNotTold) {
  put("Patient", "p");
  subscribed("c-HOSP", "Encounter");
  log_is_full_ = true;
  encounter("e", "ecds");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(was_told("e"));
  log_is_full_ = false;
  EXPECT_TRUE(within(soon, [&] { return was_told("e"); }));
}

}  // namespace
}  // namespace joinedup::subscriptions
