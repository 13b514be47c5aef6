// SMART App Launch 2 and backend services, as an app sees them, and as a thief does.
#include "identity/jose.hpp"
#include "identity/scope.hpp"
#include "identity/test_support.hpp"

namespace joinedup::identity {

namespace {

using nlohmann::json;
const std::string callback = "https://app.example/callback";
const std::string verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";  // RFC 7636 appendix B
const std::string challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct App : Site {
  Jwk key = *make_key("P-384");
  Browser browser{*this}, machine{*this};
  App() {
    add("gp.one");
    Client app;
    app.id = "app", app.name = "Growth charts", app.redirect_uris = {callback}, app.launch_uri = "https://app.example/launch";
    app.scopes = "launch launch/patient openid fhirUser offline_access patient/Observation.rs?category=vital-signs patient/Patient.r user/Task.cruds";
    keep(app);
    Client other = app;
    other.id = "other", other.name = "Another";
    keep(other);
    Client backend;
    backend.id = "backend", backend.name = "Nightly", backend.kind = Client::Kind::backend, backend.scopes = "system/Observation.rs system/Patient.r", backend.jwks = jwks_text({key}), backend.organisation = "A81001";
    keep(backend);
    Client confidential = app;
    confidential.id = "confidential", confidential.kind = Client::Kind::confidential_app, confidential.jwks = jwks_text({key});
    keep(confidential);
    browser.sign_in("gp.one");
  }
  void keep(const Client& client) {
    const auto done = identity->add_client(client);
    EXPECT_TRUE(done) << done.error().sentence;
  }
  using Fields = std::vector<std::pair<std::string, std::string>>;
  Fields asking() const {
    return {{"response_type", "code"}, {"client_id", "app"}, {"redirect_uri", callback}, {"scope", "launch/patient openid fhirUser offline_access patient/Observation.rs patient/Patient.rs user/Patient.r"}, {"state", "xyz"},
            {"aud", url}, {"code_challenge", challenge}, {"code_challenge_method", "S256"}, {"nonce", "n-1"}};
  }
  static Fields with(Fields fields, const std::string& name, const std::string& value) {
    std::erase_if(fields, [&](const auto& field) { return field.first == name; });
    if (value != "-") fields.emplace_back(name, value);
    return fields;
  }
  rest::Response decide(const Fields& fields, const std::string& decision = "allow", const std::string& patient = "9") {
    const auto shown = browser.get(with_query("/oauth/authorize", fields));
    EXPECT_EQ(shown.status, 200) << shown.body;
    Fields answer{{"csrf", browser.csrf()}, {"asked", with_query("?", fields).substr(2)}, {"decision", decision}};
    if (!patient.empty()) answer.emplace_back("patient", patient);
    return browser.post("/oauth/authorize", answer);
  }
  static std::string from(const rest::Response& response, const std::string& name) {
    const std::string where(response.header("Location"));
    return read_form(where.substr(where.find('?') + 1)).text(name);
  }
  std::string code() { return from(decide(asking()), "code"); }
  rest::Response exchange(const std::string& code, const Fields& changed = {}) {
    Fields fields{{"grant_type", "authorization_code"}, {"code", code}, {"redirect_uri", callback}, {"client_id", "app"}, {"code_verifier", verifier}};
    for (const auto& [name, value] : changed) fields = with(fields, name, value);
    return machine.post("/oauth/token", fields);
  }
  rest::Response refresh(const std::string& token) { return machine.post("/oauth/token", {{"grant_type", "refresh_token"}, {"refresh_token", token}, {"client_id", "app"}}); }
  Result<access::Subject> bearer(const std::string& token) {
    Browser bare{*this};
    bare.extra = {{"Authorization", "Bearer " + token}};
    return bare.who("POST");
  }
  std::string assertion(const json& changed = json::object(), const std::string& alg = "ES384", const Jwk* by = nullptr) {
    json claims{{"iss", "backend"}, {"sub", "backend"}, {"aud", "https://care.example/oauth/token"}, {"exp", clock + 240}, {"jti", random_token()}};
    claims.update(changed);
    for (auto it = claims.begin(); it != claims.end();) it = it->is_null() ? claims.erase(it) : std::next(it);
    return sign_jwt(by == nullptr ? key : *by, alg, "JWT", claims.dump()).value_or("");
  }
  rest::Response backend(const std::string& asserted, const std::string& scope = "system/Observation.rs") {
    return machine.post("/oauth/token", {{"grant_type", "client_credentials"}, {"scope", scope}, {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, {"client_assertion", asserted}});
  }
};

}  // namespace

TEST(Smart, AppFromConsentToRefresh) {
  App app;
  const auto back = app.decide(app.asking());
  ASSERT_EQ(back.status, 303);
  EXPECT_TRUE(back.header("Location").starts_with(callback + "?"));
  EXPECT_EQ(App::from(back, "state"), "xyz");
  EXPECT_EQ(App::from(back, "iss"), "https://care.example");
  const auto answer = app.exchange(App::from(back, "code"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  const auto got = json_of(answer);
  EXPECT_EQ(got["patient"], "9");
  EXPECT_EQ(got["scope"], "launch/patient openid fhirUser offline_access patient/Observation.rs?category=vital-signs patient/Patient.r");
  const auto subject = app.bearer(got["access_token"]);
  ASSERT_TRUE(subject);
  EXPECT_EQ(subject->client, "app");
  EXPECT_EQ(subject->launch_patient, "9");
  EXPECT_EQ(subject->practitioner, "p-1");
  ASSERT_TRUE(subject->scopes);
  ASSERT_EQ(subject->scopes->size(), 2U);
  EXPECT_EQ(subject->scopes->at(0).constraint, "category=vital-signs");
  const auto keys = read_jwks(app.machine.get("/oauth/jwks").body);
  const auto id = read_jwt(got["id_token"].get<std::string>());
  ASSERT_TRUE(id);
  EXPECT_TRUE(verify_signature(*id, *keys, {"RS256"}));
  EXPECT_EQ(id->claim("nonce"), "n-1");
  EXPECT_EQ(id->claim("fhirUser"), "https://care.example/fhir/Practitioner/p-1");
  EXPECT_TRUE(id->has_audience("app"));
  const auto next = json_of(app.refresh(got["refresh_token"]));
  EXPECT_TRUE(app.bearer(next["access_token"]));
  EXPECT_EQ(next["patient"], "9");
  app.clock += 301;
  EXPECT_FALSE(app.bearer(next["access_token"])) << "five minutes are over";
}

TEST(Smart, LaunchedFromOurPages) {
  App app;
  const auto subject = *app.browser.who();
  const auto where = app.identity->launch(subject, "app", "77");
  ASSERT_TRUE(where);
  EXPECT_TRUE(where->starts_with("https://app.example/launch?"));
  const auto launch = read_form(where->substr(where->find('?') + 1)).text("launch");
  auto fields = App::with(App::with(app.asking(), "scope", "launch patient/Patient.r"), "launch", launch);
  const auto got = json_of(app.exchange(App::from(app.decide(fields, "allow", ""), "code")));
  EXPECT_EQ(got["patient"], "77");
  EXPECT_FALSE(got.contains("refresh_token"));
  EXPECT_FALSE(got.contains("id_token"));
  EXPECT_EQ(App::from(app.decide(fields, "allow", ""), "error"), "invalid_request") << "a launch is for once";
}

TEST(Smart, APersonsAppSeesThatPersonOnly) {
  App app;
  NewAccount person;
  person.user = "person.one", person.kind = access::Subject::Kind::person, person.patient = "5", person.roles = {"person"};
  ASSERT_TRUE(app.identity->add(person, app.password, app.totp_secret));
  app.clock += 30;
  app.browser.cookies.clear();
  app.browser.sign_in("person.one");
  const auto got = json_of(app.exchange(App::from(app.decide(app.asking(), "allow", "9"), "code")));
  EXPECT_EQ(got["patient"], "5") << "not whom the form named";
  EXPECT_EQ(app.bearer(got["access_token"])->purpose, access::Purpose::own_record);
}

TEST(Smart, RefusedConsent) {
  App app;
  EXPECT_EQ(App::from(app.decide(app.asking(), "deny"), "error"), "access_denied");
  const auto elsewhere = Browser{app}.get(with_query("/oauth/authorize", app.asking()));
  EXPECT_EQ(elsewhere.status, 303);
  EXPECT_TRUE(elsewhere.header("Location").starts_with("/login?next=%2Foauth%2Fauthorize"));
}

TEST(Smart, Documents) {
  App app;
  const auto smart = json_of(app.machine.get("/fhir/.well-known/smart-configuration"));
  EXPECT_EQ(smart, json_of(app.machine.get("/.well-known/smart-configuration")));
  EXPECT_EQ(smart["code_challenge_methods_supported"], json({"S256"}));
  EXPECT_EQ(smart["token_endpoint"], "https://care.example/oauth/token");
  const auto openid = json_of(app.machine.get("/.well-known/openid-configuration"));
  EXPECT_EQ(openid["issuer"], "https://care.example");
  EXPECT_EQ(json_of(app.machine.get("/oauth/jwks"))["keys"].size(), 1U);
}

TEST(Smart, BackendServices) {
  App app;
  const auto got = json_of(app.backend(app.assertion(), "system/Observation.rs system/Patient.cruds system/Condition.rs user/Task.r"));
  ASSERT_TRUE(got.contains("access_token")) << got;
  EXPECT_EQ(got["scope"], "system/Observation.rs system/Patient.r") << "no more than it is registered for";
  const auto subject = app.bearer(got["access_token"]);
  ASSERT_TRUE(subject);
  EXPECT_EQ(subject->kind, access::Subject::Kind::backend);
  EXPECT_EQ(subject->user, "c-backend");
  EXPECT_EQ(subject->organisation, "A81001");
  EXPECT_FALSE(got.contains("refresh_token"));
  ASSERT_TRUE(app.identity->remove_client("backend"));
  EXPECT_FALSE(app.bearer(got["access_token"])) << "removed, and void at once";
}

TEST(SmartAttack, AssertionsThatProveNothing) {
  App app;
  const auto other = *make_key("P-384");
  const auto rsa = *make_key("RSA");
  const auto refused = [&](const std::string& asserted) { return app.backend(asserted).status; };
  EXPECT_EQ(refused(app.assertion({{"exp", app.clock - 60}})), 401) << "expired";
  EXPECT_EQ(refused(app.assertion({{"exp", app.clock + 3600}})), 401) << "good for too long";
  EXPECT_EQ(refused(app.assertion(json::parse(R"({"exp":null})"))), 401);
  EXPECT_EQ(refused(app.assertion(json::parse(R"({"jti":null})"))), 401);
  EXPECT_EQ(refused(app.assertion({{"nbf", app.clock + 600}})), 401);
  EXPECT_EQ(refused(app.assertion({{"aud", "https://other.example/oauth/token"}})), 401) << "meant for another server";
  EXPECT_EQ(refused(app.assertion({{"sub", "app"}})), 401);
  EXPECT_EQ(refused(app.assertion({{"iss", "nobody"}, {"sub", "nobody"}})), 401);
  EXPECT_EQ(refused(app.assertion({{"iss", "app"}, {"sub", "app"}})), 401) << "a public app has no key";
  EXPECT_EQ(refused(app.assertion(json::object(), "ES384", &other)), 401) << "another's key";
  EXPECT_EQ(refused(app.assertion(json::object(), "RS256", &rsa)), 401);
  auto none = app.assertion();
  none = base64url(R"({"alg":"none"})") + none.substr(none.find('.'), none.rfind('.') - none.find('.') + 1);
  EXPECT_EQ(refused(none), 401);
  EXPECT_EQ(refused(""), 401);
  app.clock += 120;
  const auto good = app.assertion();
  EXPECT_EQ(refused(good), 200);
  EXPECT_EQ(refused(good), 401) << "replayed";
  app.open();
  EXPECT_EQ(refused(good), 401) << "replayed after a restart";
}

TEST(SmartAttack, WrongTriesCostTime) {
  App app;
  int heard = 0;
  for (int i = 0; i < 60; ++i) heard += app.backend("nonsense").status == 401;
  EXPECT_LE(heard, 30);
}

TEST(SmartAttack, OpenRedirect) {
  App app;
  for (const std::string& uri : {std::string("https://evil.example/"), callback + "/", callback + "?x=y", callback + "#f", std::string("https://app.example/callback/../evil"), std::string("https://app.example.evil.example/callback"), std::string("HTTPS://APP.EXAMPLE/callback"), std::string("//app.example/callback"), std::string("javascript:alert(1)"), std::string("-")}) {
    const auto answer = app.browser.get(with_query("/oauth/authorize", App::with(app.asking(), "redirect_uri", uri)));
    EXPECT_EQ(answer.status, 400) << uri;
    EXPECT_TRUE(answer.header("Location").empty()) << uri;
  }
  EXPECT_TRUE(app.browser.get(with_query("/oauth/authorize", App::with(app.asking(), "client_id", "nobody"))).header("Location").empty());
  EXPECT_TRUE(app.browser.get(with_query("/oauth/authorize", App::with(app.asking(), "client_id", "backend"))).header("Location").empty());
}

TEST(SmartAttack, PkceCannotBeLeftOut) {
  App app;
  for (const auto& [name, value] : App::Fields{{"code_challenge_method", "plain"}, {"code_challenge_method", "-"}, {"code_challenge", "-"}, {"code_challenge", "short"}, {"aud", "https://evil.example/fhir"}, {"aud", "-"}, {"response_type", "token"}, {"scope", "-"}, {"scope", "system/*.cruds"}, {"request_uri", "https://evil.example/"}}) {
    const auto answer = app.browser.get(with_query("/oauth/authorize", App::with(app.asking(), name, value)));
    EXPECT_EQ(answer.status, 303) << name << value;
    EXPECT_FALSE(App::from(answer, "error").empty()) << name << value;
    EXPECT_TRUE(App::from(answer, "code").empty());
  }
  EXPECT_EQ(app.exchange(app.code(), {{"code_verifier", "-"}}).status, 400);
  EXPECT_EQ(app.exchange(app.code(), {{"code_verifier", challenge}}).status, 400) << "the challenge is not its verifier";
  EXPECT_EQ(app.exchange(app.code(), {{"code_verifier", std::string(42, 'a')}}).status, 400);
}

TEST(SmartAttack, CodesOfOthersAndCodesTwice) {
  App app;
  EXPECT_EQ(app.exchange(app.code(), {{"client_id", "other"}}).status, 400) << "another app's code";
  EXPECT_EQ(app.exchange(app.code(), {{"redirect_uri", "https://app.example/other"}}).status, 400);
  auto late = app.code();
  app.clock += 61;
  EXPECT_EQ(app.exchange(late).status, 400);
  const auto code = app.code();
  const auto got = json_of(app.exchange(code));
  ASSERT_TRUE(app.bearer(got["access_token"]));
  EXPECT_EQ(app.exchange(code).status, 400);
  EXPECT_FALSE(app.bearer(got["access_token"])) << "a code seen twice was stolen: what it gave is void";
  EXPECT_EQ(app.refresh(got["refresh_token"]).status, 400);
}

TEST(SmartAttack, RefreshTokensSeenTwice) {
  App app;
  const auto first = json_of(app.exchange(app.code()));
  const auto second = json_of(app.refresh(first["refresh_token"]));
  ASSERT_TRUE(second.contains("refresh_token"));
  app.open();  // after a restart it is still known
  EXPECT_EQ(app.refresh(first["refresh_token"]).status, 400);
  EXPECT_EQ(app.refresh(second["refresh_token"]).status, 400) << "one of two holders is a thief: both are out";
  EXPECT_FALSE(app.bearer(second["access_token"]));
}

TEST(SmartAttack, ScopesDoNotGrow) {
  App app;
  const auto got = json_of(app.exchange(app.code()));
  const auto wide = json_of(app.machine.post("/oauth/token", {{"grant_type", "refresh_token"}, {"refresh_token", got["refresh_token"]}, {"client_id", "app"}, {"scope", "patient/*.cruds user/*.cruds openid"}}));
  ASSERT_TRUE(wide.contains("scope")) << wide;
  const auto subject = app.bearer(wide["access_token"]);
  ASSERT_TRUE(subject && subject->scopes);
  for (const auto& scope : *subject->scopes) {
    EXPECT_FALSE(scope.create || scope.update || scope.remove) << scope_text(scope);
    EXPECT_EQ(scope.level, access::Scope::Level::patient);
    if (scope.type == "Observation") { EXPECT_EQ(scope.constraint, "category=vital-signs"); }
  }
}

TEST(SmartAttack, ConsentOfAnotherSite) {
  App app;
  const auto fields = app.asking();
  const auto asked = with_query("?", fields).substr(2);
  EXPECT_EQ(app.browser.post("/oauth/authorize", {{"asked", asked}, {"decision", "allow"}, {"patient", "9"}}).status, 400) << "no csrf";
  const auto csrf = app.browser.csrf();
  app.browser.extra = {{"Origin", "https://evil.example"}};
  EXPECT_EQ(app.browser.post("/oauth/authorize", {{"csrf", csrf}, {"asked", asked}, {"decision", "allow"}, {"patient", "9"}}).status, 400);
  app.browser.extra.clear();
  const auto page = app.browser.get(with_query("/oauth/authorize", App::with(fields, "state", "\"><script>")));
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_NE(page.header("Content-Security-Policy").find("frame-ancestors 'none'"), std::string::npos);
}

TEST(SmartAttack, SignedOutAccountsAppsAreOut) {
  App app;
  const auto got = json_of(app.exchange(app.code()));
  const auto code = app.code();
  ASSERT_TRUE(app.identity->disable("gp.one"));
  EXPECT_FALSE(app.bearer(got["access_token"]));
  EXPECT_EQ(app.refresh(got["refresh_token"]).status, 400);
  EXPECT_EQ(app.exchange(code).status, 400);
}

TEST(SmartAttack, RevokeAndIntrospectAreForTheirOwners) {
  App app;
  const auto got = json_of(app.exchange(app.code()));
  const auto ask = [&](const std::string& path, const std::string& token, const std::string& client) {
    return app.machine.post(path, {{"token", token}, {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, {"client_assertion", app.assertion({{"iss", client}, {"sub", client}})}});
  };
  EXPECT_EQ(json_of(ask("/oauth/introspect", got["access_token"], "confidential"))["active"], false) << "another's token";
  EXPECT_EQ(app.machine.post("/oauth/introspect", {{"token", got["access_token"]}, {"client_id", "app"}}).status, 401);
  const auto own = json_of(app.backend(app.assertion()));
  const auto told = json_of(ask("/oauth/introspect", own["access_token"], "backend"));
  EXPECT_EQ(told["active"], true);
  EXPECT_EQ(told["scope"], "system/Observation.rs");
  EXPECT_EQ(app.machine.post("/oauth/revoke", {{"token", got["refresh_token"]}, {"client_id", "other"}}).status, 200);
  EXPECT_TRUE(app.bearer(got["access_token"])) << "another app cannot end it";
  EXPECT_EQ(app.machine.post("/oauth/revoke", {{"token", got["refresh_token"]}, {"client_id", "app"}}).status, 200);
  EXPECT_FALSE(app.bearer(got["access_token"]));
}

TEST(SmartAttack, ClientsThatShouldNotBeRegistered) {
  App app;
  const auto refused = [&](const std::string& text) {
    const auto client = read_client(text);
    return !client || !app.identity->add_client(*client);
  };
  const auto jwks = jwks_text({app.key});
  EXPECT_FALSE(refused(R"({"client_id":"good","name":"N","kind":"public","redirect_uris":["https://a.example/c"],"scope":"patient/Patient.r"})"));
  EXPECT_TRUE(refused(R"({"client_id":"good","name":"N","kind":"public","redirect_uris":["https://a.example/c"],"scope":"patient/Patient.r"})")) << "there is one already";
  for (const char* uri : {"http://a.example/c", "https://a.example/c#x", "javascript:alert(1)", "https://u@a.example/", "data:text/html,x", "*", "https://"})
    EXPECT_TRUE(refused(std::string(R"({"client_id":"x","name":"N","kind":"public","redirect_uris":[")") + uri + R"("],"scope":"patient/Patient.r"})")) << uri;
  EXPECT_TRUE(refused(R"({"client_id":"x","name":"N","kind":"public","redirect_uris":["https://a.example/c"],"scope":"system/Patient.r"})"));
  EXPECT_TRUE(refused(R"({"client_id":"x","name":"N","kind":"backend","scope":"system/Patient.r"})")) << "no key";
  EXPECT_TRUE(refused(R"({"client_id":"x","name":"N","kind":"backend","scope":"system/Patient.r","jwks_uri":"http://a.example/jwks"})"));
  EXPECT_TRUE(refused(R"({"client_id":"x","name":"N","kind":"backend","scope":"system/Patient.r","jwks_uri":"https://a.example/jwks","jwks":)" + jwks + "}"));
  EXPECT_TRUE(refused(R"({"client_id":"x","name":"N","kind":"backend","scope":"system/Patient.r","jwks":{"keys":[{"kty":"oct","k":"AAAA"}]}})"));
  EXPECT_TRUE(refused(R"({"client_id":"x","name":"N","admin":true})")) << "mass assignment";
  EXPECT_TRUE(refused("[]"));
}

TEST(Scope, ReadsAsSmartSays) {
  const auto full = read_scope("patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory");
  ASSERT_TRUE(full);
  EXPECT_TRUE(full->read && full->search && !full->create);
  EXPECT_EQ(full->constraint, "category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory");
  EXPECT_EQ(scope_text(*read_scope("user/*.read")), "user/*.rs");
  EXPECT_EQ(scope_text(*read_scope("user/Patient.write")), "user/Patient.cud");
  EXPECT_EQ(scope_text(*read_scope("system/*.*")), "system/*.cruds");
  for (const char* bad : {"", "patient", "patient/", "patient/Observation", "patient/Observation.", "patient/Observation.sr", "patient/Observation.rr", "patient/Observation.x", "admin/Patient.r", "patient/.r", "patient/Pat ient.r", "patient/Observation.rs?", "patient/*.rs?category=x", "patient/Observation.rs?category=%", "PATIENT/Patient.r"})
    EXPECT_FALSE(read_scope(bad)) << bad;
  const auto allowed = read_scopes("patient/Observation.rs?category=a patient/Condition.r");
  EXPECT_EQ(narrowed(read_scopes("patient/*.cruds"), allowed).text(), "patient/Observation.rs?category=a patient/Condition.r");
  EXPECT_EQ(narrowed(read_scopes("patient/Observation.rs?category=b"), allowed).text(), "") << "another part is not this part";
  EXPECT_EQ(narrowed(read_scopes("user/Condition.r"), allowed).text(), "");
}

}  // namespace joinedup::identity
