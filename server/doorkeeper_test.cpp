// The door with a policy and a log of the test's own: what is let in, what is written down, and that nothing goes out before it is.
#include "server/doorkeeper.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/test_folder.hpp"

namespace joinedup::server {
namespace {

// Sees what is about patient a.
struct OnlyA final : fhir::Permit {
  bool everything() const override { return false; }
  bool allows(fhir::Action, const fhir::Asked& asked) const override { return asked.id == "a" || asked.id == "of-a"; }
};

struct DoorTest : ::testing::Test {
  TestFolder folder;
  std::unique_ptr<fhir::DurableStore> store;
  std::unique_ptr<rest::Api> api;
  std::vector<audit::Event> log;
  bool is_log_full = false;
  int emergencies = 0;
  std::unique_ptr<Doorkeeper> door;

  void SetUp() override {
    store = std::move(*fhir::open_store({.path = folder.file("record.sqlite")}));
    api = std::make_unique<rest::Api>(*store, rest::ApiOptions{.base_url = "http://here/fhir"});
    for (const std::string id : {"a", "b"}) {
      put("Patient", id, R"("gender":"female")");
      put("Observation", "of-" + id, R"("status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" + id + R"("})");
    }
    door = std::make_unique<Doorkeeper>(DoorParts{
        .who = [](const rest::Request& request) -> Result<access::Subject> {
          if (request.header("Authorization").empty()) return fail(ErrorCode::unauthenticated, "Nobody is signed in.");
          return access::Subject{.user = "u-1", .practitioner = "w1", .organisation = "Y1", .roles = {"nurse"}, .session = "s-1"};
        },
        .permit = [](const access::Subject&) -> Result<std::unique_ptr<fhir::Permit>> { return std::make_unique<OnlyA>(); },
        .note = [this](audit::Event event, std::function<void(Result<void>)> done) {
          if (is_log_full) return done(fail(ErrorCode::storage_full, "There is no room for the log."));
          log.push_back(std::move(event));
          done({});
        },
        .handle = [this](const rest::Request& request) { return api->handle(request); },
        .can_keep = [this] { return !is_log_full; },
        .ruled = [](const access::Subject&, const std::string&, const std::string& id) { return Ruled{"no-relationship", id != "b"}; },
        .audit_events = [](const access::Subject&, const rest::Request&) { return rest::Response{.status = 200, .headers = {}, .body = "{}"}; },
        .emergency = [this](const access::Subject&, const std::string& patient, const std::string&) -> Result<void> {
          if (patient != "b") return fail(ErrorCode::not_found, "There is no such resource.");
          ++emergencies;
          return {};
        }});
  }
  void put(const std::string& type, const std::string& id, const std::string& rest) {
    ASSERT_TRUE(store->write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = R"({"resourceType":")" + type + R"(","id":")" + id + R"(",)" + rest + "}", .if_match = {}}}));
  }
  // Answers as a client gets it: 503 where the log did not take the event.
  rest::Response ask(const std::string& method, const std::string& path, const std::string& query = {}, const std::string& body = {}, bool is_signed_in = true) {
    rest::Request request{.method = method, .path = path, .query = query, .headers = {{"Content-Type", "application/fhir+json"}}, .body = body};
    if (is_signed_in) request.headers.push_back({"Authorization", "Bearer x"});
    request.peer = "192.0.2.1";
    request.id = "r-1";
    auto response = door->answer(request);
    if (response.hold) {
      bool is_kept = false;
      response.hold([&](Result<void> kept) { is_kept = kept.has_value(); });
      if (!is_kept) return {.status = 503};
    }
    return response;
  }
};

}  // namespace

TEST_F(DoorTest, NobodyIsTurnedAwayWithoutATrace) {
  EXPECT_EQ(ask("GET", "/Patient/a", {}, {}, false).status, 401);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].outcome, "denied");
  EXPECT_EQ(log[0].rule, "nobody-signed-in");
  EXPECT_EQ(log[0].address, "192.0.2.1");
  EXPECT_EQ(ask("GET", "/metadata", {}, {}, false).status, 200) << "what the server can do is nobody's secret";
  EXPECT_EQ(log.size(), 1u);
}

TEST_F(DoorTest, AReadNamesWhoAskedWhatTheyGotAndWhoseItIs) {
  EXPECT_EQ(ask("GET", "/Observation/of-a").status, 200);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].kind, "read");
  EXPECT_EQ(log[0].outcome, "allowed");
  EXPECT_EQ(log[0].user, "u-1");
  EXPECT_EQ(log[0].session, "s-1");
  EXPECT_EQ(log[0].organisation, "Y1");
  EXPECT_EQ(log[0].request, "r-1");
  EXPECT_EQ(log[0].resources, (std::vector<std::string>{"Observation/of-a/_history/1"}));
  EXPECT_EQ(log[0].patients, (std::vector<std::string>{"a"}));
}

TEST_F(DoorTest, RefusedAndAbsentAreAlikeOutsideAndToldApartInTheLog) {
  const auto refused = ask("GET", "/Observation/b"), absent = ask("GET", "/Observation/c");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.status, absent.status);
  EXPECT_EQ(refused.body, absent.body);
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0].outcome, "denied");
  EXPECT_EQ(log[0].rule, "no-relationship");
  EXPECT_EQ(log[1].outcome, "failed");
}

TEST_F(DoorTest, ASearchIsKeptWithItsQueryAndNamesOnlyWhatItShowed) {
  const auto found = ask("GET", "/Observation", "code=x&_total=accurate");
  EXPECT_EQ(found.status, 200);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].kind, "search");
  EXPECT_EQ(log[0].query, "Observation?code=x&_total=accurate");
  EXPECT_EQ(found.body.find("of-b"), std::string::npos);
  for (const auto& patient : log[0].patients) EXPECT_EQ(patient, "a");
}

TEST_F(DoorTest, ASearchByPostIsKeptWithItsQueryToo) {
  rest::Request request{.method = "POST", .path = "/Observation/_search", .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Authorization", "Bearer x"}}, .body = "code=x"};
  auto found = door->answer(request);
  EXPECT_EQ(found.status, 200);
  found.hold([](Result<void>) {});
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].kind, "search");
  EXPECT_EQ(log[0].query, "Observation?code=x");
}

TEST_F(DoorTest, AFloodOfStrangersDoesNotFillTheLog) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(ask("GET", "/Patient/a", {}, {}, false).status, 401);
  EXPECT_LE(log.size(), 20u * 60) << "at most 20 a second";
  EXPECT_GE(log.size(), 20u);
  const auto before = log.size();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(ask("GET", "/Patient/a", {}, {}, false).status, 401);
  ASSERT_EQ(log.size(), before + 1);
  if (before < 1000) EXPECT_NE(log.back().rule.find(std::to_string(1000 - before) + " more before"), std::string::npos) << log.back().rule;
}

TEST_F(DoorTest, NothingGoesOutThatTheLogDidNotTake) {
  is_log_full = true;
  EXPECT_EQ(ask("GET", "/Observation/of-a").status, 503);
  EXPECT_EQ(ask("GET", "/Observation/of-a", {}, {}, false).status, 503) << "a refusal too";
  EXPECT_EQ(ask("PUT", "/Patient/a", {}, R"({"resourceType":"Patient","id":"a","gender":"male"})").status, 503);
  EXPECT_EQ(store->read("Patient", "a", fhir::PermitAll())->version, 1u) << "nor is anything changed";
}

TEST_F(DoorTest, EmergencyAccessIsNotGrantedWhileTheLogTakesNothing) {
  is_log_full = true;
  const auto asked = R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueString":"found collapsed at home, no history"}]})";
  EXPECT_EQ(ask("POST", "/Patient/b/$emergency-access", {}, asked).status, 503);
  EXPECT_EQ(emergencies, 0);
  is_log_full = false;
  EXPECT_EQ(ask("POST", "/Patient/b/$emergency-access", {}, asked).status, 200);
  EXPECT_EQ(emergencies, 1);
}

TEST_F(DoorTest, TheLogIsNobodysToWrite) {
  for (const auto* method : {"POST", "PUT", "PATCH", "DELETE"}) EXPECT_EQ(ask(method, "/AuditEvent/1", {}, "{}").status, 405) << method;
  EXPECT_EQ(ask("GET", "/AuditEvent", "patient=a").body, "{}");
}

TEST_F(DoorTest, ALogEventInATransactionIsRefusedToo) {
  const auto bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"AuditEvent"},"request":{"method":"POST","url":"AuditEvent"}}]})";
  EXPECT_GE(ask("POST", "/", {}, bundle).status, 400);
}

TEST_F(DoorTest, EmergencyAccessWantsAReasonAndKeepsIt) {
  const auto with = [](const std::string& reason) { return R"({"resourceType":"Parameters","parameter":[{"name":"reason","valueString":")" + reason + R"("}]})"; };
  EXPECT_EQ(ask("POST", "/Patient/b/$emergency-access", {}, "{}").status, 400);
  EXPECT_EQ(ask("POST", "/Patient/b/$emergency-access", {}, with("short")).status, 400);
  EXPECT_EQ(ask("POST", "/Patient/b/$emergency-access", {}, with("found collapsed at home, no history")).status, 200);
  EXPECT_EQ(ask("POST", "/Patient/c/$emergency-access", {}, with("found collapsed at home, no history")).status, 404);
  ASSERT_EQ(log.size(), 4u);
  EXPECT_EQ(log[2].kind, "emergency");
  EXPECT_EQ(log[2].reason, "found collapsed at home, no history");
  EXPECT_EQ(log[2].patients, (std::vector<std::string>{"b"}));
  EXPECT_TRUE(log[0].reason.empty());
}

TEST_F(DoorTest, WhatIsWrittenIsNamed) {
  EXPECT_EQ(ask("PUT", "/Patient/a", {}, R"({"resourceType":"Patient","id":"a","gender":"male"})").status, 200);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].kind, "update");
  EXPECT_EQ(log[0].resources, (std::vector<std::string>{"Patient/a/_history/2"}));
}

}  // namespace joinedup::server
