// What people try at the door of a health record. Each test is an attack that must fail.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "identity/test_support.hpp"

namespace joinedup::identity {

TEST(Attack, ACookieAloneChangesNothing) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  browser.sign_in("gp.one");
  const auto csrf = browser.csrf();
  ASSERT_EQ(csrf.size(), 43U);
  EXPECT_TRUE(browser.who("GET"));
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "FROBNICATE"}) {
    const auto refused = browser.who(method);
    ASSERT_FALSE(refused) << method;
    EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
    EXPECT_TRUE(browser.who(method, csrf)) << method;
    EXPECT_FALSE(browser.who(method, csrf.substr(1) + "A")) << method;
  }
  // The token leaked, but the page is elsewhere.
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "https://care.example.evil.example"}, {"Origin", "http://care.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}}) {
    browser.extra = {{name, value}};
    EXPECT_FALSE(browser.who("POST", csrf)) << value;
  }
  browser.extra = {{"Origin", "https://care.example"}};
  EXPECT_TRUE(browser.who("POST", csrf));
}

TEST(Attack, AnotherSessionsTokenIsNotMine) {
  Site site;
  site.add("gp.one");
  Browser mine{site}, theirs{site};
  mine.sign_in("gp.one");
  site.clock += 30;
  theirs.sign_in("gp.one");
  EXPECT_NE(mine.csrf(), theirs.csrf());
  EXPECT_FALSE(mine.who("POST", theirs.csrf()));
}

TEST(Attack, SessionFixation) {
  Site site;
  site.add("gp.one");
  site.add("mallory");
  Browser attacker{site};
  attacker.sign_in("mallory");
  const auto planted = attacker.cookies.at("__Host-joinedup");
  Browser victim{site};
  victim.cookies["__Host-joinedup"] = planted;
  site.clock += 30;
  victim.sign_in("gp.one");
  EXPECT_NE(victim.cookies.at("__Host-joinedup"), planted);
  Browser old{site};
  old.cookies["__Host-joinedup"] = planted;
  EXPECT_FALSE(old.who()) << "the planted session ended when somebody signed in over it";
  Browser made_up{site};
  made_up.cookies["__Host-joinedup"] = std::string(43, 'A');
  made_up.sign_in("mallory", "");
  EXPECT_NE(made_up.cookies["__Host-joinedup"], std::string(43, 'A'));
}

TEST(Attack, TwoCookiesOfOneNameAreNobody) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  browser.sign_in("gp.one");
  auto request = browser.request("GET", "/x");
  request.headers.push_back({"Cookie", "__Host-joinedup=" + std::string(43, 'A')});
  EXPECT_FALSE(site.identity->who(request));
}

TEST(Attack, LoginFormsOfOtherSites) {
  Site site;
  site.add("mallory");
  Browser browser{site};
  browser.get("/login");
  EXPECT_EQ(browser.post("/login", {{"user", "mallory"}, {"password", site.password}}).status, 403) << "no token";
  const auto token = Browser::value_of(browser.get("/login").body, "token");
  browser.extra = {{"Origin", "https://evil.example"}};
  EXPECT_EQ(browser.post("/login", {{"token", token}, {"user", "mallory"}, {"password", site.password}}).status, 403);
  EXPECT_EQ(browser.send(browser.request("POST", "/login", R"({"user":"mallory","password":"x"})", "application/json")).status, 403);
  browser.extra.clear();
  // JSON in a form's clothes is a form without its token.
  EXPECT_EQ(browser.send(browser.request("POST", "/login", R"({"user":"mallory","password":"x"})", "text/plain")).status, 400);
  Browser other{site};
  other.get("/login");
  EXPECT_EQ(other.post("/login", {{"token", token}, {"user", "mallory"}, {"password", site.password}}).status, 403) << "another browser's token";
}

TEST(Attack, OpenRedirectAfterSignIn) {
  for (const char* next : {"https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/a\r\nSet-Cookie: x=y", "javascript:alert(1)", "/\tevil", " /x", "///evil.example"}) {
    Site site;
    site.add("gp.one");
    Browser browser{site};
    EXPECT_EQ(browser.password("gp.one", site.password, next).status, 303);
    const auto done = browser.second(site.code(), next);
    ASSERT_EQ(done.status, 303);
    EXPECT_EQ(done.header("Location"), "/") << next;
  }
  EXPECT_TRUE(is_local_path("/oauth/authorize?a=b%20c"));
}

TEST(Attack, HeadersAndMarkupFromForms) {
  Site site;
  Browser browser{site};
  const std::string evil = "\"><script>alert(1)</script>\r\nX-Evil: 1";
  const auto page = browser.password(evil, evil);
  EXPECT_EQ(page.status, 401);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  for (const auto& header : page.headers) EXPECT_EQ(header.value.find('\n'), std::string::npos) << header.name;
  const auto next = browser.get("/login?next=%2F%22%3E%3Cscript%3E");
  EXPECT_EQ(next.body.find("<script"), std::string::npos);
}

TEST(Attack, TheSameAnswerForWhoIsNotThere) {
  Site site;
  site.add("gp.one");
  site.add("gp.two");
  ASSERT_TRUE(site.identity->disable("gp.two"));
  const auto answer = [&](const std::string& user) {
    Browser browser{site};
    auto out = browser.password(user, "not the password");
    const auto at = out.body.find("value=\"", out.body.find("name=\"token\""));
    out.body.erase(at, 7 + 43);  // the form's own random token
    for (auto place = out.body.find(user); place != std::string::npos; place = out.body.find(user)) out.body.replace(place, user.size(), "NAME");
    return std::to_string(out.status) + out.body;
  };
  EXPECT_EQ(answer("gp.one"), answer("nobody"));
  EXPECT_EQ(answer("gp.two"), answer("nobody"));
  site.add("gp.three");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(answer("gp.three"), answer("nobody.either")) << "locked out alike, try " << i;
}

TEST(Attack, TimingTellsNotWhoIsThere) {
  Site site;
  site.open(Cost::normal);
  site.add("gp.one");
  std::vector<double> known, unknown;
  for (int i = 0; i < 12; ++i) {
    for (const bool is_known : {true, false}) {
      Browser browser{site};
      browser.peer = "192.0.2." + std::to_string(i);
      site.clock += 4000;
      const auto form = browser.get("/login");
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_EQ(browser.post("/login", {{"token", Browser::value_of(form.body, "token")}, {"user", is_known ? "gp.one" : "nobody"}, {"password", "not the password"}}).status, 401);
      (is_known ? known : unknown).push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    }
  }
  const auto median = [](std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
  };
  std::printf("sign-in with a wrong password: known %.1f ms, unknown %.1f ms (medians of 12)\n", median(known), median(unknown));
  EXPECT_GT(median(unknown), 5.0) << "an unknown name costs Argon2id too";
  EXPECT_LT(median(known) / median(unknown), 1.5);
  EXPECT_GT(median(known) / median(unknown), 0.67);
}

TEST(Attack, LockOutGrowsAndNoAddressGetsAround) {
  Site site;
  site.add("gp.one");
  int tried = 0, waited = 0;
  for (int i = 0; i < 60; ++i) {
    Browser browser{site};
    browser.peer = "198.51.100." + std::to_string(i);
    browser.extra = {{"X-Forwarded-For", "203.0.113." + std::to_string(i)}};
    const auto answer = browser.password("gp.one", "guess " + std::to_string(i));
    (answer.status == 429 ? waited : tried)++;
    if (answer.status == 429) { EXPECT_FALSE(answer.header("Retry-After").empty()); }
    site.clock += 1;
  }
  EXPECT_LE(tried, 11) << "of 60 guesses in a minute";
  // Right, but too early: the same answer as to a wrong one.
  Browser owner{site};
  EXPECT_EQ(owner.password("gp.one", site.password).status, 429);
  site.clock += 15 * 60;
  EXPECT_EQ(owner.sign_in("gp.one").status, 303) << "nobody is locked out for good";
}

TEST(Attack, ManyNamesFromOneAddress) {
  Site site;
  Browser browser{site};
  int tried = 0;
  for (int i = 0; i < 100; ++i) tried += browser.password("name" + std::to_string(i), "Spring2026!").status == 401;
  EXPECT_LE(tried, 30);
  Browser neighbour{site};
  neighbour.peer = "192.0.2.77";
  EXPECT_EQ(neighbour.password("gp.one", "x").status, 401) << "others go on";
}

TEST(Attack, ManyGuessesAtOnce) {
  Site site;
  site.add("gp.one");
  std::atomic<int> tried{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < 8; ++i)
    crowd.emplace_back([&, i] {
      for (int k = 0; k < 10; ++k) {
        Browser browser{site};
        browser.peer = "2001:db8::" + std::to_string(i);
        if (browser.password("gp.one", "guess").status == 401) ++tried;
      }
    });
  for (auto& one : crowd) one.join();
  EXPECT_LE(tried, 5);
}

TEST(Attack, GuessingCodes) {
  Site site;
  site.add("gp.one");
  int tried = 0;
  for (int i = 0; i < 40; ++i) {
    Browser browser{site};
    browser.peer = "198.51.100." + std::to_string(i);
    const auto first = browser.password("gp.one", site.password);
    if (first.status != 303) continue;
    tried += browser.second("00000" + std::to_string(i % 10)).status == 401;
  }
  EXPECT_LE(tried, 5) << "a right password does not buy new guesses at codes";
}

TEST(Attack, ACodeOfTheAppIsUsedOnce) {
  Site site;
  site.add("gp.one");
  Browser first{site}, second{site};
  ASSERT_EQ(first.password("gp.one", site.password).status, 303);
  ASSERT_EQ(second.password("gp.one", site.password).status, 303);
  EXPECT_EQ(first.second(site.code()).status, 303);
  EXPECT_EQ(second.second(site.code()).status, 401) << "over somebody's shoulder";
  const auto before = totp(*from_base32(site.totp_secret), totp_step(site.clock) - 1);
  EXPECT_EQ(second.second(before).status, 401) << "an earlier step than the one used";
  site.clock += 30;
  EXPECT_EQ(second.second(site.code()).status, 303);
}

TEST(Attack, TwoAtOnceWithOneCode) {
  Site site;
  site.add("gp.one");
  std::vector<std::unique_ptr<Browser>> all;
  std::vector<std::string> tokens;
  for (int i = 0; i < 4; ++i) {
    all.push_back(std::make_unique<Browser>(Browser{site}));
    ASSERT_EQ(all.back()->password("gp.one", site.password).status, 303);
    tokens.push_back(Browser::value_of(all.back()->get("/login/totp").body, "token"));
  }
  std::atomic<int> let_in{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < 4; ++i)
    crowd.emplace_back([&, i] { let_in += all[static_cast<std::size_t>(i)]->post("/login/totp", {{"token", tokens[static_cast<std::size_t>(i)]}, {"code", site.code()}}).status == 303; });
  for (auto& one : crowd) one.join();
  EXPECT_EQ(let_in, 1);
}

TEST(Attack, MassAssignment) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  const auto token = Browser::value_of(browser.get("/login").body, "token");
  EXPECT_EQ(browser.post("/login", {{"token", token}, {"user", "gp.one"}, {"password", site.password}, {"roles", "guardian"}, {"id", "u-1"}, {"state", "active"}, {"practitioner", "p-9"}}).status, 303);
  EXPECT_EQ(browser.second(site.code()).status, 303);
  EXPECT_EQ(browser.who()->roles, std::vector<std::string>{"gp"});
  EXPECT_EQ(browser.who()->practitioner, "p-1");
  NewAccount invited;
  invited.user = "nurse.one", invited.roles = {"nurse"};
  const auto link = *site.identity->invite(invited);
  const auto path = link.substr(std::string("https://care.example").size());
  const auto page = browser.get(path);
  const auto at = page.body.find("<code>") + 6;
  const auto secret = *from_base32(page.body.substr(at, page.body.find("</code>") - at));
  ASSERT_EQ(browser.post("/invite", {{"token", path.substr(path.find('=') + 1)}, {"user", "gp.one"}, {"roles", "guardian"}, {"practitioner", "p-9"}, {"organisation", "X"}, {"password", site.password}, {"again", site.password}, {"code", totp(secret, totp_step(site.clock))}}).status, 200);
  for (const auto& account : site.identity->accounts()) {
    if (account.user != "nurse.one") continue;
    EXPECT_EQ(account.roles, std::vector<std::string>{"nurse"});
    EXPECT_TRUE(account.practitioner.empty());
    EXPECT_TRUE(account.organisation.empty());
  }
  EXPECT_EQ(site.identity->accounts().size(), 2U);
}

TEST(Attack, FieldsSentTwice) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  const auto token = Browser::value_of(browser.get("/login").body, "token");
  EXPECT_EQ(browser.post("/login", {{"token", token}, {"user", "nobody"}, {"user", "gp.one"}, {"password", site.password}}).status, 400);
}

TEST(Attack, BearersThatAreNone) {
  Site site;
  site.add("gp.one");
  Browser browser{site};
  browser.sign_in("gp.one");
  const auto session = browser.cookies.at("__Host-joinedup");
  Browser bare{site};
  for (const std::string& value : {"Bearer " + session, std::string("Bearer "), std::string("Bearer null"), std::string("Basic Z3Aub25lOng="), "Bearer " + std::string(20000, 'x'), std::string("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJncC5vbmUifQ.")}) {
    bare.extra = {{"Authorization", value}};
    const auto refused = bare.who();
    ASSERT_FALSE(refused) << value.substr(0, 40);
    EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
  }
  // A bad bearer is not saved by a good cookie: one way in at a time.
  browser.extra = {{"Authorization", "Bearer nonsense"}};
  EXPECT_FALSE(browser.who());
}

TEST(Attack, AnUnlockedScreenIsNotAnAccount) {
  Site site;
  site.add("gp.one");
  Browser browser{site}, elsewhere{site};
  browser.sign_in("gp.one");
  site.clock += 30;
  elsewhere.sign_in("gp.one");
  site.clock += 30;
  const auto change = [&](const std::string& csrf, const std::string& current, const std::string& code, const std::string& next) {
    return browser.post("/account", {{"csrf", csrf}, {"what", "password"}, {"current", current}, {"code", code}, {"password", next}, {"again", next}}).status;
  };
  const auto csrf = browser.csrf();
  EXPECT_EQ(change("", site.password, site.code(), "four other words here"), 403);
  EXPECT_EQ(change(csrf, "not the password", site.code(), "four other words here"), 401);
  EXPECT_EQ(change(csrf, site.password, "000000", "four other words here"), 401);
  EXPECT_EQ(change(csrf, site.password, site.code(), "password1234"), 400);
  const auto before = browser.cookies.at("__Host-joinedup");
  EXPECT_EQ(change(csrf, site.password, site.code(), "four other words here"), 200);
  EXPECT_TRUE(browser.who());
  EXPECT_NE(browser.cookies.at("__Host-joinedup"), before);
  EXPECT_FALSE(elsewhere.who()) << "signed out everywhere else";
  site.clock += 30;
  EXPECT_EQ(elsewhere.password("gp.one", site.password).status, 401);
  site.password = "four other words here";
  EXPECT_EQ(elsewhere.sign_in("gp.one").status, 303);
  EXPECT_EQ(browser.post("/account", {{"csrf", browser.csrf()}, {"what", "sessions"}}).status, 303);
  EXPECT_FALSE(browser.who());
  EXPECT_FALSE(elsewhere.who());
}

TEST(Attack, NoCrossOriginSharing) {
  Site site;
  Browser browser{site};
  browser.extra = {{"Origin", "https://evil.example"}, {"Access-Control-Request-Method", "POST"}};
  for (const char* path : {"/login", "/session", "/oauth/token", "/oauth/jwks", "/.well-known/smart-configuration"})
    for (const char* method : {"GET", "OPTIONS"}) {
      const auto answer = browser.send(browser.request(method, path));
      for (const auto& header : answer.headers) EXPECT_FALSE(header.name.starts_with("Access-Control-")) << method << ' ' << path;
    }
}

}  // namespace joinedup::identity
