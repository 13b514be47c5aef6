// Partners' hooks against a real HTTPS receiver that takes, refuses, hangs, redirects; and attempts to lead us where we must not go.
#include <sqlite3.h>

#include "subscriptions/deliver.hpp"
#include "subscriptions/receiver.hpp"
#include "subscriptions/test_support.hpp"

namespace joinedup::subscriptions {
namespace {

class HooksTest : public RecordTest {
 protected:
  void SetUp() override {
    RecordTest::SetUp();
    receiver_ = std::make_unique<Receiver>(folder_.file("receiver.pem"));
  }
  void TearDown() override { hooks_.reset(); }
  HooksOptions options() {
    HooksOptions out;
    out.place_folder = folder_.path();
    out.permit_of = [](const std::string&) -> std::unique_ptr<fhir::Permit> { return std::make_unique<Without>(std::set<std::string, std::less<>>{"secret"}); };
    out.allowed = {"127.0.0.1:" + std::to_string(receiver_->port)};
    out.authority_file = folder_.file("receiver.pem");
    out.pauses = {std::chrono::milliseconds(20), std::chrono::milliseconds(40)};
    out.timeout = std::chrono::milliseconds(1500);
    return out;
  }
  void open(const HooksOptions& with) {
    auto hooks = Hooks::open(with, *store_);
    ASSERT_TRUE(hooks) << hooks.error().text();
    hooks_ = std::move(*hooks);
  }
  std::string endpoint() const { return "https://127.0.0.1:" + std::to_string(receiver_->port) + "/hook?x=1"; }
  void subscribe(const std::string& id, const std::string& criteria, const std::string& payload = {}, const std::string& to = {}) {
    Json channel{{"type", "rest-hook"}, {"endpoint", to.empty() ? endpoint() : to}, {"header", {"Authorization: Bearer abc"}}};
    if (!payload.empty()) channel["payload"] = payload;
    put("Subscription", id, {{"status", "requested"}, {"reason", "test"}, {"criteria", criteria}, {"channel", channel}});
  }
  std::string status(const std::string& id) { return get("Subscription", id).value("status", ""); }
  std::unique_ptr<Receiver> receiver_;
  std::unique_ptr<Hooks> hooks_;
};

TEST_F(HooksTest, APartnerIsToldOfWhatMatchesAndNothingElse) {
  open(options());
  subscribe("s1", "Encounter?status=in-progress", "application/fhir+json");
  ASSERT_TRUE(within(soon, [&] { return status("s1") == "active"; }));
  put("Encounter", "e1", {{"status", "in-progress"}, {"class", {{"code", "IMP"}}}});
  put("Encounter", "e2", {{"status", "finished"}, {"class", {{"code", "IMP"}}}});
  put("Patient", "p1");
  put("Encounter", "secret", {{"status", "in-progress"}, {"class", {{"code", "IMP"}}}});
  put("Encounter", "e3", {{"status", "in-progress"}, {"class", {{"code", "IMP"}}}});
  ASSERT_TRUE(within(soon, [&] { return receiver_->got().size() == 2; })) << receiver_->got().size();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto got = receiver_->got();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_TRUE(got[0].starts_with("POST /hook?x=1 HTTP/1.1\r\n"));
  EXPECT_NE(got[0].find("Authorization: Bearer abc\r\n"), std::string::npos);
  EXPECT_NE(got[0].find("\"e1\""), std::string::npos);
  EXPECT_NE(got[1].find("\"e3\""), std::string::npos);
}

TEST_F(HooksTest, WithoutAPayloadNothingOfTheRecordGoesOut) {
  open(options());
  subscribe("s1", "Patient");
  ASSERT_TRUE(within(soon, [&] { return status("s1") == "active"; }));
  put("Patient", "p1", {{"name", {{{"family", "Secretname"}}}}});
  ASSERT_TRUE(within(soon, [&] { return receiver_->got().size() == 1; }));
  EXPECT_EQ(receiver_->got()[0].find("p1"), std::string::npos);
  EXPECT_NE(receiver_->got()[0].find("Content-Length: 0"), std::string::npos);
}

TEST_F(HooksTest, WhoHasNoPermitIsToldNothing) {
  auto with = options();
  with.permit_of = [](const std::string&) { return std::unique_ptr<fhir::Permit>(); };
  open(with);
  subscribe("s1", "Patient");
  ASSERT_TRUE(within(soon, [&] { return status("s1") == "active"; }));
  put("Patient", "p1");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(receiver_->asked, 0);
}

TEST_F(HooksTest, AFailingReceiverIsTriedAgainThenLaidAsideAndBegunAnew) {
  open(options());
  subscribe("s1", "Patient");
  ASSERT_TRUE(within(soon, [&] { return status("s1") == "active"; }));
  receiver_->mood = Receiver::Mood::refuses;
  put("Patient", "p1");
  ASSERT_TRUE(within(soon, [&] { return status("s1") == "error"; }));
  EXPECT_EQ(receiver_->asked, 3) << "once, and after each of two pauses";
  const auto dead = dead_letters(folder_.path());
  ASSERT_TRUE(dead);
  ASSERT_EQ(dead->size(), 1u);
  EXPECT_EQ(dead->at(0).resource, "Patient/p1");
  EXPECT_EQ(dead->at(0).tries, 3u);
  EXPECT_NE(get("Subscription", "s1").value("error", "").find("500"), std::string::npos);
  receiver_->mood = Receiver::Mood::takes;
  auto again = get("Subscription", "s1");
  again["status"] = "requested";
  put("Subscription", "s1", again);
  EXPECT_TRUE(within(soon, [&] { return receiver_->got().size() == 1; }));
  EXPECT_TRUE(within(soon, [&] { return dead_letters(folder_.path())->empty(); }));
  EXPECT_EQ(status("s1"), "active");
}

TEST_F(HooksTest, AReceiverThatHangsRedirectsOrBabblesIsAFailureAndBlocksNobodyElse) {
  for (const auto mood : {Receiver::Mood::hangs, Receiver::Mood::redirects, Receiver::Mood::babbles}) {
    receiver_->mood = mood;
    const auto result = post(*read_endpoint(endpoint()), {}, {.allowed = options().allowed, .authority_file = folder_.file("receiver.pem"), .timeout = std::chrono::milliseconds(500)});
    if (mood == Receiver::Mood::redirects) {
      ASSERT_TRUE(result);
      EXPECT_EQ(*result, 307) << "told, not followed";
    } else {
      EXPECT_FALSE(result);
    }
  }
  receiver_->mood = Receiver::Mood::takes;
  Receiver other(folder_.file("other.pem"));
  other.mood = Receiver::Mood::hangs;
  auto with = options();
  with.allowed.push_back("127.0.0.1:" + std::to_string(other.port));
  open(with);
  subscribe("slow", "Patient", {}, "https://127.0.0.1:" + std::to_string(other.port) + "/");
  subscribe("quick", "Patient");
  ASSERT_TRUE(within(soon, [&] { return status("slow") == "active" && status("quick") == "active"; }));
  put("Patient", "p1");
  EXPECT_TRUE(within(std::chrono::milliseconds(1200), [&] { return receiver_->got().size() == 1; }));
  other.mood = Receiver::Mood::takes;
}

TEST_F(HooksTest, WhatWaitsOutlivesTheProgram) {
  auto with = options();
  with.pauses = {std::chrono::minutes(5)};
  receiver_->mood = Receiver::Mood::refuses;
  open(with);
  subscribe("s1", "Patient");
  ASSERT_TRUE(within(soon, [&] { return status("s1") == "active"; }));
  put("Patient", "p1");
  ASSERT_TRUE(within(soon, [&] { return receiver_->asked == 1; }));
  hooks_.reset();
  put("Patient", "p2");  // while nobody followed
  receiver_->mood = Receiver::Mood::takes;
  auto again = get("Subscription", "s1");
  again["status"] = "off";
  put("Subscription", "s1", again);
  again = get("Subscription", "s1");
  again["status"] = "requested";
  put("Subscription", "s1", again);
  with.pauses = {std::chrono::milliseconds(20)};
  // p1 waits for its next try in five minutes: its time is moved, as a clock would.
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("subscriptions/queue.sqlite").c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "UPDATE delivery SET next_try = 0", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_changes(handle), 1);
  sqlite3_close(handle);
  open(with);
  EXPECT_TRUE(within(soon, [&] { return receiver_->got().size() == 2; })) << receiver_->got().size();
}

// The place in the feed was taken by a thread of its own, some time after open() had returned: what was written meanwhile was never told.
TEST_F(HooksTest, WhatIsWrittenFromTheFirstMomentIsNews) {
  open(options());
  hooks_.reset();  // ended before it followed anything
  subscribe("s1", "Patient");
  put("Patient", "p1");
  open(options());
  EXPECT_TRUE(within(soon, [&] { return receiver_->got().size() == 1; }));
  EXPECT_TRUE(within(soon, [&] { return status("s1") == "active"; }));
}

TEST_F(HooksTest, ReceiversOnPrivateAddressesAreRefusedUnlessThePlaceAllowsThem) {
  auto with = options();
  with.allowed.clear();
  open(with);
  subscribe("s1", "Patient");
  ASSERT_TRUE(within(soon, [&] { return status("s1") == "active"; }));
  put("Patient", "p1");
  ASSERT_TRUE(within(soon, [&] { return status("s1") == "error"; }));
  EXPECT_EQ(receiver_->asked, 0);
  for (const char* url : {"https://localhost/", "https://127.0.0.1/", "https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://192.168.1.1/", "https://[::1]/",
                          "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/", "https://[fd00::1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://0.0.0.0/", "https://100.64.0.1/"}) {
    const auto target = read_endpoint(url);
    if (!target) continue;
    const auto result = post(*target, {}, {.timeout = std::chrono::milliseconds(300)});
    ASSERT_FALSE(result) << url;
    EXPECT_TRUE(result.error().code == ErrorCode::forbidden || result.error().sentence.find("resolved") != std::string::npos) << url << " " << result.error().sentence;
  }
}

TEST_F(HooksTest, AStrangersCertificateIsRefused) {
  Receiver other(folder_.file("other.pem"));
  const auto result = post(*read_endpoint("https://127.0.0.1:" + std::to_string(other.port) + "/"), {}, {.allowed = {"127.0.0.1:" + std::to_string(other.port)}, .authority_file = folder_.file("receiver.pem"), .timeout = std::chrono::milliseconds(2000)});
  ASSERT_FALSE(result);
  EXPECT_EQ(other.asked, 0);
}

TEST_F(HooksTest, ASubscriptionThatCannotBeServedSaysWhy) {
  open(options());
  const Json channel{{"type", "rest-hook"}, {"endpoint", endpoint()}};
  const auto refused = [&](const std::string& id, const std::string& criteria, const Json& over) {
    put("Subscription", id, {{"status", "requested"}, {"reason", "test"}, {"criteria", criteria}, {"channel", over}});
    EXPECT_TRUE(within(soon, [&] { return status(id) == "error"; })) << id;
    EXPECT_FALSE(get("Subscription", id).value("error", "").empty()) << id;
  };
  auto with = [&](const char* key, Json value) {
    Json out = channel;
    out[key] = std::move(value);
    return out;
  };
  refused("a", "Patient?colour=red", channel);
  refused("b", "Nothing", channel);
  refused("c", "Patient?_include=Patient:link", channel);
  refused("d", "Patient", with("endpoint", "http://127.0.0.1/"));
  refused("e", "Patient", with("endpoint", "https://user:word@127.0.0.1/"));
  refused("f", "Patient", with("type", "email"));
  refused("g", "Patient", with("header", {"Host: elsewhere"}));
  refused("h", "Patient", with("header", {"X: a\r\nY: b"}));
  refused("i", "Patient", with("payload", "text/html"));
  refused("j", "", channel);
  EXPECT_EQ(receiver_->asked, 0);
}

TEST_F(HooksTest, AnEndpointIsReadWithoutGuessing) {
  EXPECT_EQ(read_endpoint("https://a.example")->authority(), "a.example:443");
  EXPECT_EQ(read_endpoint("https://A.example:8443/x#y")->path, "/x");
  EXPECT_EQ(read_endpoint("HTTPS://a.example?q")->path, "/?q");
  for (const char* wrong : {"", "https://", "ftp://a", "https://a b/", "https://a\r\nX: y/", "https://a:0/", "https://a:99999/", "https://a:1x/", "https://a@b/", "https://[::1/", "https://a\\b/", "//a"}) EXPECT_FALSE(read_endpoint(wrong)) << wrong;
}

}  // namespace
}  // namespace joinedup::subscriptions
