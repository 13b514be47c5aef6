// Signing in through an OpenID provider of other people's making (npm oidc-provider), and through providers gone wrong.
#include "identity/providers.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <thread>

#include "identity/test_support.hpp"

namespace joinedup::identity {

namespace {

using nlohmann::json;
const std::string packages = std::string(JOINEDUP_SOURCE_DIR) + "/packages/test";
const std::string node = std::string(JOINEDUP_SOURCE_DIR) + "/packages/node_modules/.bin/node";

bool can_run() { return std::filesystem::exists(packages + "/node_modules/oidc-provider") && std::filesystem::exists(node); }
#define NEEDS_PROVIDER() \
  if (!can_run()) GTEST_SKIP() << "npm oidc-provider is not here: ./run test fetches it"

// The provider in a process of its own.
class Elsewhere {
 public:
  explicit Elsewhere(const std::string& port = "0", const std::string& jwks = {}) {
    int in[2], out[2];
    EXPECT_EQ(::pipe(in) | ::pipe(out), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], 0), ::dup2(out[1], 1);
      ::close(in[1]), ::close(out[0]);
      if (const int quiet = ::open("/dev/null", O_WRONLY); quiet >= 0) ::dup2(quiet, 2);  // it warns that it is not for production
      const std::string script = std::string(JOINEDUP_SOURCE_DIR) + "/modules/identity/provider_test.mjs";
      if (jwks.empty()) ::execl(node.c_str(), "node", script.c_str(), packages.c_str(), port.c_str(), nullptr);
      else ::execl(node.c_str(), "node", script.c_str(), packages.c_str(), port.c_str(), jwks.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]), ::close(out[1]);
    input_ = in[1], output_ = out[0];
    char c = 0;
    while (::read(output_, &c, 1) == 1 && c != '\n')
      if (c >= '0' && c <= '9') port_ += c;
      else port_.clear();
    EXPECT_FALSE(port_.empty()) << "the provider did not start";
  }
  ~Elsewhere() { stop(); }
  void stop() {
    if (child_ <= 0) return;
    ::close(input_), ::close(output_);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }
  const std::string& port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + port_; }
  std::string signs(const json& claims) const {
    const auto answer = fetch({.url = with_query(url() + "/sign", {{"claims", claims.dump()}})}, {.network = Network::this_machine});
    return answer ? answer->body : "";
  }

 private:
  pid_t child_ = 0;
  int input_ = -1, output_ = -1;
  std::string port_;
};

std::string toml(const std::string& name, const std::string& issuer, const std::string& more = {}) {
  return "[[identity_provider]]\nname = \"" + name + "\"\ntitle = \"Elsewhere\"\nissuer = \"" + issuer + "\"\nclient_id = \"" + name + "\"\n" + more;
}

struct Relying : Site {
  Browser browser{*this};
  std::map<std::string, std::string> there;   // cookies at the provider
  Relying(const std::string& text, const std::string& secret = "a secret of two/parties+here") : Site("http://127.0.0.1:8999/fhir", Network::this_machine) {
    folder.write("secret", secret + "\n");
    place_toml = text;
    clock = std::time(nullptr);
    open();
    add("gp.one");
  }
  // What a browser does at the provider: follows, keeps cookies, and signs in. Gives the address at which it comes back to us.
  std::string visit(std::string where, const std::string& as, const std::string& acr) {
    for (int hop = 0; hop < 10; ++hop) {
      if (where.find(":8999/") != where.npos) return where.substr(where.find(":8999/") + 5);
      HttpAsked asked{.url = where};
      if (where.find("/interaction/") != where.npos) asked.url = with_query(where, acr.empty() ? std::vector<std::pair<std::string, std::string>>{{"as", as}} : std::vector<std::pair<std::string, std::string>>{{"as", as}, {"acr", acr}});
      std::string held;
      for (const auto& [name, value] : there) held += (held.empty() ? "" : "; ") + name + "=" + value;
      if (!held.empty()) asked.headers.push_back({"Cookie", held});
      const auto answer = fetch(asked, {.network = Network::this_machine});
      if (!answer) return "no answer";
      for (const auto& header : answer->headers)
        if (lower(header.name) == "set-cookie") there[header.value.substr(0, header.value.find('='))] = header.value.substr(header.value.find('=') + 1, header.value.find(';') - header.value.find('=') - 1);
      std::string next(answer->header("Location"));
      if (next.empty()) return "status " + std::to_string(answer->status) + " " + answer->body;
      if (next.starts_with("/")) next = origin_of(where) + next;
      where = next;
    }
    return "round and round";
  }
  static std::string lower(std::string text) {
    for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  }
  std::string leave(const std::string& name, const std::string& more = {}) {
    const auto answer = browser.get("/login/with/" + name + more);
    EXPECT_EQ(answer.status, 303) << answer.body;
    return std::string(answer.header("Location"));
  }
  rest::Response sign_in_there(const std::string& name, const std::string& as, const std::string& acr = {}, const std::string& more = {}) { return browser.get(visit(leave(name, more), as, acr)); }
};

}  // namespace

TEST(Provider, SignInByAnotherPartysProvider) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  Relying site(toml("basic", elsewhere.url(), "client_secret_file = \"secret\"\n"));
  EXPECT_NE(site.browser.get("/login").body.find("Sign in with Elsewhere"), std::string::npos);
  const auto unknown = site.sign_in_there("basic", "alice");
  EXPECT_EQ(unknown.status, 403) << unknown.body;
  ASSERT_TRUE(site.identity->link_provider("gp.one", elsewhere.url(), "alice"));
  const auto done = site.sign_in_there("basic", "alice", {}, "?next=/my-day");
  ASSERT_EQ(done.status, 303) << done.body;
  EXPECT_EQ(done.header("Location"), "/my-day");
  ASSERT_TRUE(site.browser.who());
  EXPECT_EQ(site.browser.who()->practitioner, "p-1");
  EXPECT_FALSE(site.identity->link_provider("gp.one", elsewhere.url(), "alice")) << "one person there is one account here";
}

TEST(Provider, ClientsWithoutSecretAndWithKeys) {
  NEEDS_PROVIDER();
  start_sodium();
  const auto key = *make_key("P-256");
  const Elsewhere elsewhere("0", jwks_text({key}));
  Relying site(toml("public", elsewhere.url()));
  site.folder.write("signing", *key_pem(key));
  site.place_toml += toml("keyed", elsewhere.url(), "signing_key_file = \"signing\"\n");
  site.open();
  ASSERT_TRUE(site.identity->link_provider("gp.one", elsewhere.url(), "alice"));
  EXPECT_EQ(site.sign_in_there("public", "alice").status, 303);
  site.there.clear();
  EXPECT_EQ(site.sign_in_there("keyed", "alice").status, 303);
}

TEST(Provider, LevelsAreDemandedAndRecorded) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  Relying site(toml("levels", elsewhere.url(), "client_secret_file = \"secret\"\nacr = [\"AAL3\", \"AAL2\"]\n"), "another secret of theirs");
  ASSERT_TRUE(site.identity->link_provider("gp.one", elsewhere.url(), "alice"));
  EXPECT_NE(site.leave("levels").find("acr_values=AAL3%20AAL2"), std::string::npos);
  const auto weak = site.sign_in_there("levels", "alice", "AAL1");
  EXPECT_EQ(weak.status, 403) << weak.body;
  EXPECT_FALSE(site.browser.who());
  site.there.clear();
  EXPECT_EQ(site.sign_in_there("levels", "alice").status, 403) << "no level is no level";
  site.there.clear();
  ASSERT_EQ(site.sign_in_there("levels", "alice", "AAL3").status, 303);
  EXPECT_EQ(site.browser.who()->assurance, "AAL3");
}

TEST(Provider, AnInvitationLinksTheAccount) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  Relying site(toml("public", elsewhere.url()));
  NewAccount account;
  account.user = "nurse.one", account.roles = {"nurse"};
  const auto link = *site.identity->invite(account);
  const auto token = link.substr(link.find("token=") + 6);
  ASSERT_EQ(site.sign_in_there("public", "bob", {}, "?invitation=" + token).status, 303);
  EXPECT_EQ(site.browser.who()->roles, std::vector<std::string>{"nurse"});
  site.there.clear();
  EXPECT_EQ(site.sign_in_there("public", "mallory", {}, "?invitation=" + token).status, 403) << "the link worked once";
}

TEST(Provider, KeysRotate) {
  NEEDS_PROVIDER();
  auto elsewhere = std::make_unique<Elsewhere>();
  const auto port = elsewhere->port();
  Relying site(toml("public", elsewhere->url()));
  ASSERT_TRUE(site.identity->link_provider("gp.one", elsewhere->url(), "alice"));
  ASSERT_EQ(site.sign_in_there("public", "alice").status, 303);
  elsewhere = nullptr;
  elsewhere = std::make_unique<Elsewhere>(port);
  site.there.clear();
  site.clock += 31;
  EXPECT_EQ(site.sign_in_there("public", "alice").status, 303) << "a key that is not known is asked for";
}

TEST(Provider, BackChannelLogout) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  Relying site(toml("public", elsewhere.url()));
  ASSERT_TRUE(site.identity->link_provider("gp.one", elsewhere.url(), "alice"));
  ASSERT_EQ(site.sign_in_there("public", "alice").status, 303);
  const json good{{"iss", elsewhere.url()}, {"aud", "public"}, {"iat", site.clock}, {"exp", site.clock + 60}, {"sub", "alice"}, {"jti", "1"}, {"events", {{"http://schemas.openid.net/event/backchannel-logout", json::object()}}}};
  Browser machine{site};
  const auto send = [&](const json& claims) { return machine.post("/login/backchannel/public", {{"logout_token", elsewhere.signs(claims)}}).status; };
  for (const auto& [name, value] : std::vector<std::pair<std::string, json>>{{"iss", "http://evil"}, {"aud", "other"}, {"iat", site.clock - 4000}, {"exp", site.clock - 4000}, {"sub", ""}, {"jti", ""}, {"events", json::object()}, {"nonce", "n"}}) {
    auto bad = good;
    bad[name] = value, bad["jti"] = name == "jti" ? "" : "bad " + name;
    EXPECT_EQ(send(bad), 400) << name;
  }
  EXPECT_TRUE(site.browser.who());
  EXPECT_EQ(send(good), 200);
  EXPECT_FALSE(site.browser.who());
  EXPECT_EQ(send(good), 400) << "replayed";
}

TEST(ProviderAttack, AnswersThatWereNotAskedFor) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  Relying site(toml("public", elsewhere.url()) + toml("basic", elsewhere.url(), "client_secret_file = \"secret\"\n"));
  ASSERT_TRUE(site.identity->link_provider("gp.one", elsewhere.url(), "alice"));
  const auto back = site.visit(site.leave("public"), "alice", {});
  ASSERT_TRUE(back.starts_with("/login/callback/public?")) << back;
  const auto refused = [&](Browser& browser, const std::string& path) {
    const auto answer = browser.get(path);
    EXPECT_GE(answer.status, 400) << path;
    EXPECT_FALSE(browser.who()) << path;
  };
  Browser stranger{site};
  refused(stranger, back);  // the victim is sent to the attacker's answer
  const auto kept = site.browser.cookies;
  const auto form = read_form(back.substr(back.find('?') + 1));
  const auto again = [&](const std::string& provider, const std::string& state, const std::string& iss) {
    site.browser.cookies = kept;
    refused(site.browser, with_query("/login/callback/" + provider, {{"code", form.text("code")}, {"state", state}, {"iss", iss}}));
  };
  again("public", "wrong", elsewhere.url());
  again("public", form.text("state"), "https://evil.example");  // mix-up
  again("public", form.text("state"), "");
  again("basic", form.text("state"), elsewhere.url());          // begun at another
  site.browser.cookies = kept;
  ASSERT_EQ(site.browser.get(back).status, 303) << "the true one";
  const auto signed_in = site.browser.cookies;
  site.browser.cookies = kept;
  refused(site.browser, back);                                  // the same code again: its provider refuses
  EXPECT_TRUE(signed_in.contains("joinedup"));
  site.browser.cookies = kept;
  site.clock += 601;
  refused(site.browser, back);
}

TEST(ProviderAttack, TokensOfAProviderGoneWrong) {
  Provider provider;
  provider.issuer = "https://p.example", provider.client_id = "me", provider.acr = {"AAL2"};
  const std::int64_t now = 1'800'000'000;
  const json good{{"iss", "https://p.example"}, {"aud", "me"}, {"sub", "alice"}, {"nonce", "n"}, {"iat", now}, {"exp", now + 300}, {"acr", "AAL2"}};
  const auto check = [&](const json& claims) {
    const auto token = read_jwt(base64url(R"({"alg":"RS256"})") + "." + base64url(claims.dump()) + ".AAAA");
    return token ? check_id_token(provider, *token, "n", now) : fail(ErrorCode::unauthenticated, "");
  };
  EXPECT_EQ(check(good).value_or(""), "AAL2");
  for (const auto& [name, value] : std::vector<std::pair<std::string, json>>{{"iss", "https://p.example/"}, {"iss", "https://evil.example"}, {"aud", "you"}, {"aud", {"me", "you"}}, {"azp", "you"}, {"sub", ""}, {"sub", std::string(256, 'x')}, {"nonce", "other"}, {"nonce", ""},
                                                                             {"iat", now + 120}, {"iat", now - 7200}, {"exp", now - 61}, {"nbf", now + 120}, {"acr", "AAL1"}, {"acr", ""}, {"exp", "never"}, {"iat", nullptr}, {"sub", 5}, {"acr", {"AAL2"}}}) {
    auto bad = good;
    bad[name] = value;
    EXPECT_FALSE(check(bad)) << name << " " << value;
  }
  for (const char* name : {"iss", "aud", "sub", "nonce", "iat", "exp", "acr"}) {
    auto bad = good;
    bad.erase(name);
    EXPECT_FALSE(check(bad)) << "without " << name;
  }
  auto skewed = good;
  skewed["exp"] = now - 30, skewed["iat"] = now + 30;
  EXPECT_TRUE(check(skewed)) << "clocks differ by half a minute";
  auto both = good;
  both["aud"] = {"me", "you"}, both["azp"] = "me";
  EXPECT_TRUE(check(both));
}

TEST(ProviderAttack, ServersThatMisbehave) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  const HttpRules rules{.network = Network::this_machine, .time = std::chrono::milliseconds(1500)};
  const auto away = fetch({.url = elsewhere.url() + "/away"}, rules);
  ASSERT_TRUE(away);
  EXPECT_EQ(away->status, 302) << "a redirect is an answer, not an order";
  EXPECT_FALSE(fetch({.url = elsewhere.url() + "/endless"}, rules));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(fetch({.url = elsewhere.url() + "/never"}, rules));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(6));
  EXPECT_FALSE(fetch({.url = elsewhere.url() + "/"}, {})) << "outside of tests nothing on this machine is asked";
  EXPECT_FALSE(fetch({.url = "https://127.0.0.1:" + elsewhere.port() + "/"}, rules)) << "no TLS there";
}

TEST(ProviderAttack, ADiscoveryDocumentOfAnotherName) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  Relying site(toml("public", "http://localhost:" + elsewhere.port()));
  const auto answer = site.browser.get("/login/with/public");
  EXPECT_EQ(answer.status, 503) << "it calls itself 127.0.0.1";
  EXPECT_TRUE(answer.header("Location").empty());
}

TEST(Provider, SettingsAreReadStrictly) {
  const auto refused = [](const std::string& text) {
    TestFolder folder;
    folder.write("place.toml", text);
    return !Identity::open({.place = folder.path(), .fhir_url = "https://care.example/fhir", .cost = Cost::least});
  };
  EXPECT_FALSE(refused(toml("cis2", "https://am.example", "acr = [\"AAL3_ANY\"]\nscopes = [\"openid\", \"profile\"]\n")));
  EXPECT_FALSE(refused(toml("nhs-login", "https://auth.example", "vot = [\"P9.Cp.Cd\"]\n")));
  EXPECT_FALSE(refused(toml("nhs-login", "https://auth.example", "algorithms = [\"RS512\"]\n")));
  EXPECT_TRUE(refused(toml("a", "https://auth.example", "algorithms = [\"none\"]\n")));
  EXPECT_TRUE(refused(toml("a", "https://auth.example", "algorithms = [\"HS256\"]\n")));
  EXPECT_TRUE(refused(toml("a", "https://auth.example", "algorithms = []\n")));
  EXPECT_TRUE(refused(toml("cis2", "http://am.example")));
  EXPECT_TRUE(refused(toml("CIS 2", "https://am.example")));
  EXPECT_TRUE(refused(toml("a", "https://am.example") + toml("a", "https://an.example")));
  EXPECT_TRUE(refused(toml("a", "https://am.example", "acrs = [\"x\"]\n")));
  EXPECT_TRUE(refused(toml("a", "https://am.example", "client_secret_file = \"absent\"\n")));
}

TEST(Launch, AGpSystemOpensTheWorkspaceInAPersonsContext) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  Relying site(toml("basic", elsewhere.url(), "client_secret_file = \"secret\"\nfhir = \"" + elsewhere.url() + "/fhir/\"\n"));
  std::vector<std::string> asked;
  site.person_here = [&](const access::Subject& subject, const std::string& number, const std::string& birth_date) -> std::string {
    asked = {subject.practitioner, number, birth_date};
    return "p-44";
  };
  site.open();
  ASSERT_TRUE(site.identity->link_provider("gp.one", elsewhere.url(), "alice"));
  const auto launch = [&](const std::string& iss) { return site.browser.get(with_query("/launch", {{"iss", iss}, {"launch", "context of now"}})); };
  const auto away = launch(elsewhere.url() + "/fhir");
  ASSERT_EQ(away.status, 303) << away.body;
  const std::string there(away.header("Location"));
  EXPECT_NE(there.find("launch=context%20of%20now"), there.npos) << there;
  EXPECT_NE(there.find("aud="), there.npos);
  const auto done = site.browser.get(site.visit(there, "alice", {}));
  ASSERT_EQ(done.status, 303) << done.body;
  EXPECT_EQ(done.header("Location"), "/person/p-44");
  EXPECT_EQ(asked, (std::vector<std::string>{"p-1", "9434765919", "1944-02-03"}));
  EXPECT_TRUE(site.browser.who());
}

TEST(Launch, OfSomebodyWhoIsNotHereSaysNoMoreThanThat) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  Relying site(toml("basic", elsewhere.url(), "client_secret_file = \"secret\"\nfhir = \"" + elsewhere.url() + "/fhir\"\n"));
  site.person_here = [](const access::Subject&, const std::string&, const std::string&) { return std::string(); };
  site.open();
  ASSERT_TRUE(site.identity->link_provider("gp.one", elsewhere.url(), "alice"));
  for (const std::string patient : {"gp-7", "gp-8", "../secret", ""}) {
    ASSERT_TRUE(fetch({.url = with_query(elsewhere.url() + "/context", {{"patient", patient}})}, {.network = Network::this_machine}));
    const auto away = site.browser.get(with_query("/launch", {{"iss", elsewhere.url() + "/fhir"}, {"launch", "x"}}));
    const auto done = site.browser.get(site.visit(std::string(away.header("Location")), "alice", {}));
    EXPECT_EQ(done.header("Location"), "/person/not-found") << patient;
  }
}

TEST(Launch, ByASystemThatPlaceTomlDoesNotNameIsRefused) {
  NEEDS_PROVIDER();
  const Elsewhere elsewhere;
  Relying site(toml("basic", elsewhere.url(), "client_secret_file = \"secret\"\n"));
  for (const auto& iss : {elsewhere.url() + "/fhir", std::string("https://elsewhere.example/fhir"), std::string("javascript:alert(1)")}) {
    const auto refused = site.browser.get(with_query("/launch", {{"iss", iss}, {"launch", "x"}}));
    EXPECT_EQ(refused.status, 403) << iss;
    EXPECT_EQ(refused.body.find(iss), std::string::npos);
  }
  EXPECT_EQ(site.browser.get("/launch?launch=x").status, 400);
  EXPECT_EQ(site.browser.get(with_query("/launch", {{"iss", elsewhere.url()}})).status, 400);
}

}  // namespace joinedup::identity
