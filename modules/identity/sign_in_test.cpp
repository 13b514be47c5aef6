#include <sys/stat.h>

#include <filesystem>

#include "identity/test_support.hpp"

namespace joinedup::identity {

TEST(SignIn, APasswordAndACodeMakeASession) {
  Site site;
  const auto account = site.add("gp.one");
  Browser browser{site};
  const auto page = browser.get("/login");
  EXPECT_EQ(page.status, 200);
  const auto first = browser.password("gp.one", site.password);
  ASSERT_EQ(first.status, 303);
  EXPECT_EQ(first.header("Location"), "/login/totp");
  EXPECT_FALSE(browser.who()) << "a password alone is nobody";
  const auto second = browser.second(site.code(), "/my-day");
  ASSERT_EQ(second.status, 303) << second.body;
  EXPECT_EQ(second.header("Location"), "/my-day");
  const auto subject = browser.who();
  ASSERT_TRUE(subject) << subject.error().sentence;
  EXPECT_EQ(subject->user, account.id);
  EXPECT_EQ(subject->practitioner, "p-1");
  EXPECT_EQ(subject->roles, std::vector<std::string>{"gp"});
  EXPECT_FALSE(subject->scopes);
  EXPECT_EQ(site.events.back().kind, "sign_in");
  EXPECT_EQ(site.events.back().outcome, "allowed");
}

TEST(SignIn, JsonInPlace) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  const auto asked = [&](const std::string& body) { return browser.send(browser.request("POST", "/login", body, "application/json")); };
  EXPECT_EQ(json_of(asked(R"({"user":"gp.one","password":"wrong"})"))["error"], "wrong");
  EXPECT_EQ(json_of(asked(R"({"user":"gp.one","password":")" + site.password + "\"}"))["error"], "code_needed");
  const auto done = asked(R"({"user":"gp.one","password":")" + site.password + R"(","code":")" + site.code() + "\"}");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(json_of(done)["csrf"], browser.csrf());
  EXPECT_TRUE(browser.who());
}

TEST(SignIn, CookieFlags) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  const auto answer = browser.sign_in("gp.one");
  bool seen = false;
  for (const auto& header : answer.headers)
    if (header.name == "Set-Cookie" && header.value.starts_with("__Host-joinedup=")) {
      seen = true;
      for (const char* flag : {"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"}) EXPECT_NE(header.value.find(flag), std::string::npos) << flag;
      EXPECT_EQ(header.value.find("Domain"), std::string::npos);
    }
  EXPECT_TRUE(seen);
}

TEST(SignIn, HeadersOfPages) {
  Site site;
  Browser browser{site};
  const auto page = browser.get("/login");
  EXPECT_EQ(page.header("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(page.header("Cache-Control"), "no-store");
  EXPECT_EQ(page.header("X-Frame-Options"), "DENY");
  const auto policy = std::string(page.header("Content-Security-Policy"));
  for (const char* part : {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"}) EXPECT_NE(policy.find(part), std::string::npos) << part;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_TRUE(page.header("Access-Control-Allow-Origin").empty());
}

TEST(SignIn, RevokedAtOnce) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  browser.sign_in("gp.one");
  ASSERT_TRUE(browser.who());
  ASSERT_TRUE(site.identity->disable("gp.one"));
  EXPECT_FALSE(browser.who());
  EXPECT_EQ(browser.password("gp.one", site.password).status, 401);
}

TEST(SignIn, RevokedByAnotherProcessAtOnce) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  browser.sign_in("gp.one");
  auto other = Identity::open({.place = site.folder.path(), .fhir_url = site.url, .cost = Cost::least});
  ASSERT_TRUE(other);
  ASSERT_TRUE(browser.who());
  ASSERT_TRUE((*other)->set_roles("gp.one", {"analyst"}));
  EXPECT_FALSE(browser.who());
}

TEST(SignIn, ASessionOutlivesTheProcessButNotItsTimes) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  browser.sign_in("gp.one");
  site.open();
  ASSERT_TRUE(browser.who()) << "after a restart";
  site.clock += 29 * 60;
  EXPECT_TRUE(browser.who());
  site.clock += 29 * 60;
  EXPECT_TRUE(browser.who()) << "used, so its idle time began anew";
  site.clock += 31 * 60;
  EXPECT_FALSE(browser.who()) << "idle for too long";
  site.clock += 60;
  browser.sign_in("gp.one");
  for (int i = 0; i < 12 * 3; ++i) {
    EXPECT_TRUE(browser.who()) << i;
    site.clock += 20 * 60;
  }
  EXPECT_FALSE(browser.who()) << "twelve hours are over, however busy they were";
}

TEST(SignIn, AnInvitationIsForOnce) {
  Site site;
  NewAccount account;
  account.user = "nurse.one", account.roles = {"nurse"};
  const auto link = site.identity->invite(account);
  ASSERT_TRUE(link);
  ASSERT_TRUE(link->starts_with("https://care.example/invite?token="));
  const auto path = link->substr(std::string("https://care.example").size());
  const auto token = path.substr(path.find('=') + 1);
  Browser browser{site};
  const auto page = browser.get(path);
  ASSERT_EQ(page.status, 200);
  auto at = page.body.find("<code>") + 6;
  const auto secret = from_base32(page.body.substr(at, page.body.find("</code>") - at));
  ASSERT_TRUE(secret);
  const auto code = totp(*secret, totp_step(site.clock));
  const auto send = [&](const std::string& password, const std::string& again, const std::string& digits) { return browser.post("/invite", {{"token", token}, {"password", password}, {"again", again}, {"code", digits}}); };
  EXPECT_EQ(send("short", "short", code).status, 400);
  EXPECT_EQ(send("password1234", "password1234", code).status, 400);
  EXPECT_EQ(send("nurse.one is my name", "nurse.one is my name", code).status, 400);
  EXPECT_EQ(send(site.password, "another", code).status, 400);
  EXPECT_EQ(send(site.password, site.password, "000000").status, 400);
  const auto done = send(site.password, site.password, code);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(send(site.password, site.password, code).status, 404);
  EXPECT_EQ(browser.get(path).status, 404);
  at = done.body.find("<li>") + 4;
  const auto recovery = done.body.substr(at, done.body.find("</li>") - at);
  // The step of the code that set it up is spent; a recovery code works once.
  ASSERT_EQ(browser.password("nurse.one", site.password).status, 303);
  EXPECT_EQ(browser.second(code).status, 401);
  ASSERT_EQ(browser.second(recovery).status, 303);
  EXPECT_TRUE(browser.who());
  Browser other{site};
  ASSERT_EQ(other.password("nurse.one", site.password).status, 303);
  EXPECT_EQ(other.second(recovery).status, 401);
}

TEST(SignIn, AnInvitationEnds) {
  Site site;
  NewAccount account;
  account.user = "nurse.one", account.roles = {"nurse"};
  const auto link = site.identity->invite(account);
  ASSERT_TRUE(link);
  site.clock += 72 * 3600 + 1;
  Browser browser{site};
  EXPECT_EQ(browser.get(link->substr(std::string("https://care.example").size())).status, 404);
}

TEST(SignIn, FilesAreTheOwnersOnly) {
  Site site;
  site.add("gp.one");
  for (const char* name : {"accounts.sqlite", "accounts.sqlite-wal", "key", "signing.pem", "changes"}) {
    struct stat facts {};
    ASSERT_EQ(::stat(site.folder.file(std::string("identity/") + name).c_str(), &facts), 0) << name;
    EXPECT_EQ(facts.st_mode & 0777, 0600U) << name;
  }
  const auto bytes = site.folder.read("identity/accounts.sqlite") + site.folder.read("identity/accounts.sqlite-wal");
  EXPECT_EQ(bytes.find(site.password), std::string::npos);
  EXPECT_EQ(bytes.find(*from_base32(site.totp_secret)), std::string::npos);
  EXPECT_NE(bytes.find("$argon2id$"), std::string::npos);
}

TEST(SignIn, AMissingKeyIsNotMadeAnewUnderAccounts) {
  Site site;
  site.add("gp.one");
  site.identity.reset();
  std::filesystem::remove(site.folder.file("identity/key"));
  const auto refused = Identity::open({.place = site.folder.path(), .fhir_url = site.url, .cost = Cost::least});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().sentence.find("restore it"), std::string::npos);
}

TEST(SignIn, DemoAccountsSignIn) {
  Site site;
  for (int round = 0; round < 2; ++round) {  // made again: new passwords
    const auto made = make_demo_accounts(*site.identity, site.folder.path(), demo_people());
    ASSERT_TRUE(made) << made.error().sentence;
    const auto file = nlohmann::json::parse(site.folder.read("demo-users.json"));
    ASSERT_EQ(file.size(), demo_people().size());
    for (const auto& one : file) {
      Browser browser{site};
      const auto first = browser.password(one["user"], one["password"]);
      ASSERT_EQ(first.status, 303) << one["user"];
      EXPECT_EQ(browser.second(totp(*from_base32(one["totp_secret"].get<std::string>()), totp_step(site.clock))).status, 303);
      EXPECT_EQ(browser.who()->roles.front(), one["role"]);
    }
  }
  struct stat facts {};
  ASSERT_EQ(::stat(site.folder.file("demo-users.json").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
}

TEST(SignIn, SignOutEndsIt) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  browser.sign_in("gp.one");
  const auto kept = browser.cookies;
  EXPECT_EQ(browser.post("/logout", {}).status, 403);
  EXPECT_TRUE(browser.who());
  EXPECT_EQ(browser.post("/logout", {{"csrf", browser.csrf()}}).status, 200);
  browser.cookies = kept;
  EXPECT_FALSE(browser.who()) << "the cookie is of no use any more";
}

}  // namespace joinedup::identity
