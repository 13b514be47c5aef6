// A browser that keeps cookies, a clock that is set, and accounts to sign in with. For tests of this room.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/test_folder.hpp"
#include "identity/form.hpp"
#include "identity/identity.hpp"
#include "identity/secrets.hpp"

namespace joinedup::identity {

struct Site {
  TestFolder folder;
  std::int64_t clock = 1'800'000'000;
  std::vector<audit::Event> events;
  std::mutex mutex;
  std::string url = "https://care.example/fhir";
  Network network = Network::outside;
  std::string place_toml;
  std::function<std::string(const access::Subject&, const std::string&, const std::string&)> person_here;
  std::unique_ptr<Identity> identity;
  std::string totp_secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";  // RFC 6238's
  std::string password = "three odd words together";

  explicit Site(std::string fhir_url = "https://care.example/fhir", Network where = Network::outside, std::string toml = {}) : url(std::move(fhir_url)), network(where), place_toml(std::move(toml)) { open(); }
  void open(Cost cost = Cost::least) {
    identity.reset();
    if (!place_toml.empty()) folder.write("place.toml", place_toml);
    auto opened = Identity::open({.place = folder.path(), .fhir_url = url, .clock = [this] { return clock; }, .note = [this](audit::Event event) {
                                    const std::lock_guard lock(mutex);
                                    events.push_back(std::move(event));
                                  }, .person_here = person_here, .cost = cost, .network = network});
    ASSERT_TRUE(opened) << opened.error().sentence;
    identity = std::move(*opened);
  }
  Account add(const std::string& user, std::vector<std::string> roles = {"gp"}) {
    NewAccount account;
    account.user = user, account.practitioner = "p-1", account.organisation = "A81001", account.roles = std::move(roles);
    auto added = identity->add(account, password, totp_secret);
    EXPECT_TRUE(added) << added.error().sentence;
    return added.value_or(Account{});
  }
  std::string code() const { return totp(*from_base32(totp_secret), totp_step(clock)); }
};

struct Browser {
  Site& site;
  std::string peer = "192.0.2.1";
  std::map<std::string, std::string> cookies;
  std::vector<rest::Header> extra;

  rest::Request request(const std::string& method, const std::string& url, const std::string& body = {}, const std::string& type = {}) const {
    rest::Request out;
    out.method = method;
    const auto mark = url.find('?');
    out.path = url.substr(0, mark);
    if (mark != url.npos) out.query = url.substr(mark + 1);
    out.body = body, out.peer = peer, out.headers = extra;
    std::string held;
    for (const auto& [name, value] : cookies) held += (held.empty() ? "" : "; ") + name + "=" + value;
    if (!held.empty()) out.headers.push_back({"Cookie", held});
    if (!type.empty()) out.headers.push_back({"Content-Type", type});
    return out;
  }
  rest::Response send(const rest::Request& asked) {
    auto out = site.identity->handle(asked);
    EXPECT_TRUE(out) << asked.path;
    if (!out) return {};
    for (const auto& header : out->headers) {
      if (header.name != "Set-Cookie") continue;
      const auto equals = header.value.find('='), end = header.value.find(';');
      const auto name = header.value.substr(0, equals), value = header.value.substr(equals + 1, end - equals - 1);
      if (value.empty()) cookies.erase(name);
      else cookies[name] = value;
    }
    return *out;
  }
  rest::Response get(const std::string& url) { return send(request("GET", url)); }
  rest::Response post(const std::string& url, const std::vector<std::pair<std::string, std::string>>& fields) {
    return send(request("POST", url, fields.empty() ? "" : with_query("?", fields).substr(2), "application/x-www-form-urlencoded"));
  }
  static std::string value_of(const std::string& html, const std::string& name) {
    const auto at = html.find("name=\"" + name + "\"");
    const auto begin = html.find("value=\"", at);
    return at == html.npos ? "" : html.substr(begin + 7, html.find('"', begin + 7) - begin - 7);
  }
  rest::Response password(const std::string& user, const std::string& word, const std::string& next = {}) {
    const auto form = get("/login");
    return post("/login", {{"token", value_of(form.body, "token")}, {"user", user}, {"password", word}, {"next", next}});
  }
  rest::Response second(const std::string& code, const std::string& next = {}) {
    const auto form = get("/login/totp");
    return post("/login/totp", {{"token", value_of(form.body, "token")}, {"code", code}, {"next", next}});
  }
  rest::Response sign_in(const std::string& user, const std::string& next = {}) {
    const auto first = password(user, site.password, next);
    EXPECT_EQ(first.status, 303) << first.body.substr(0, 300);
    return second(site.code(), next);
  }
  Result<access::Subject> who(const std::string& method = "GET", const std::string& csrf = {}) const {
    auto asked = request(method, "/Patient/1");
    if (!csrf.empty()) asked.headers.push_back({"X-CSRF-Token", csrf});
    return site.identity->who(asked);
  }
  std::string csrf() {
    const auto body = nlohmann::json::parse(get("/session").body, nullptr, false);
    return body.value("csrf", "");
  }
};

inline nlohmann::json json_of(const rest::Response& response) { return nlohmann::json::parse(response.body, nullptr, false); }

}  // namespace joinedup::identity
