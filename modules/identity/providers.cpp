#include "identity/providers.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"
#include "identity/keys.hpp"
#include "identity/secrets.hpp"
#include "place/strict_toml.hpp"

namespace joinedup::identity {

namespace {

using nlohmann::json;
constexpr std::int64_t skew = 60;

// SMART App Launch 2: a record that launches apps says where they get their tokens.
Result<void> discover_launch(const Provider& provider, Provider::Metadata& metadata) {
  if (provider.fhir.empty()) return {};
  JOINEDUP_TRY(const auto answer, fetch({.url = provider.fhir + "/.well-known/smart-configuration", .headers = {{"Accept", "application/json"}}}, provider.rules));
  return read_launch(answer.status == 200 ? answer.body : std::string(), metadata);
}

std::string text_in(const json& document, const char* name) { return document.contains(name) && document[name].is_string() ? document[name].get<std::string>() : std::string(); }

Result<Provider::Metadata> discover(Provider& provider, std::int64_t now) {
  const std::lock_guard lock(provider.mutex);
  if (provider.metadata && now - provider.asked < 3600) return *provider.metadata;
  if (!provider.metadata && provider.asked > 0 && now - provider.asked < 10) return fail(ErrorCode::unavailable, "That sign-in service did not answer a moment ago. Try again in ten seconds.");
  provider.asked = now;
  auto base = provider.issuer;
  while (base.ends_with("/")) base.pop_back();
  JOINEDUP_TRY(const auto answer, fetch({.url = base + "/.well-known/openid-configuration", .headers = {{"Accept", "application/json"}}}, provider.rules));
  JOINEDUP_TRY(auto out, read_discovery(answer.status == 200 ? answer.body : std::string(), provider.issuer));
  JOINEDUP_CHECK(discover_launch(provider, out));
  for (const auto* url : {&out.authorization, &out.token, &out.jwks}) JOINEDUP_CHECK(read_address(*url, provider.rules));
  provider.metadata = out;
  return out;
}

std::string callback_of(const State& state, const Provider& provider) { return state.origin + "/login/callback/" + provider.name; }

std::shared_ptr<Provider> provider_at(const State& state, const rest::Request& request, std::string_view below) {
  if (!request.path.starts_with(below)) return nullptr;
  const auto found = state.providers->all.find(request.path.substr(below.size()));
  return found == state.providers->all.end() ? nullptr : found->second;
}

Result<Tokens> exchange_code(const State& state, Provider& provider, const Provider::Metadata& metadata, const std::string& code, const std::string& verifier) {
  std::vector<std::pair<std::string, std::string>> fields{{"grant_type", "authorization_code"}, {"code", code}, {"redirect_uri", callback_of(state, provider)}, {"code_verifier", verifier}};
  HttpAsked asked{.method = "POST", .url = metadata.token, .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}}};
  if (provider.signing_key) {
    const json claims{{"iss", provider.client_id}, {"sub", provider.client_id}, {"aud", metadata.token}, {"jti", random_token()}, {"iat", state.now()}, {"exp", state.now() + 120}};
    JOINEDUP_TRY(const auto assertion, sign_jwt(*provider.signing_key, provider.signing_key->curve.empty() ? provider.algorithms.front() : "ES256", "JWT", claims.dump()));
    fields.emplace_back("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    fields.emplace_back("client_assertion", assertion);
    fields.emplace_back("client_id", provider.client_id);
  } else if (!provider.client_secret.empty()) {
    asked.headers.push_back({"Authorization", "Basic " + base64(percent_encoded(provider.client_id) + ":" + percent_encoded(provider.client_secret))});
  } else {
    fields.emplace_back("client_id", provider.client_id);
  }
  asked.body = with_query("?", fields).substr(2);
  JOINEDUP_TRY(const auto answer, fetch(asked, provider.rules));
  return read_tokens(answer.status == 200 ? answer.body : std::string());
}

void note_refusal(const State& state, const rest::Request& request, const Provider& provider, const char* why) {
  audit::Event event;
  event.kind = "sign_in", event.outcome = "denied", event.rule = "provider " + provider.name, event.reason = why;
  state.note(std::move(event), request);
}

// The account of this person there: linked before, or by the invitation that they came with.
std::shared_ptr<const Stored> account_of(State& state, const Provider& provider, const std::string& subject, const std::string& invitation) {
  if (auto account = state.book->by_provider(provider.issuer, subject)) return account;
  if (invitation.empty()) return nullptr;
  const auto ticket = state.book->take(invitation, Ticket::Kind::invitation, state.now());
  if (!ticket || !state.book->link(ticket->account, provider.issuer, subject)) return nullptr;
  if (!state.book->change(ticket->account, [](Stored& one) -> Result<void> {
        one.state = Account::State::active, ++one.epoch;
        return {};
      }))
    return nullptr;
  return state.book->by_id(ticket->account);
}

rest::Response come_back(State& state, const rest::Request& request, Provider& provider) {
  const auto refuse = [&](const char* why, const std::string& sentence, int status = 400) {
    note_refusal(state, request, provider, why);
    auto out = sorry(status, "You are not signed in", sentence);
    out.headers.push_back({"Set-Cookie", state.set_cookie(state.away_cookie(), "", -1, "Lax")});
    return out;
  };
  const auto form = read_form(request.query);
  const auto opened = unseal(state.book->key(), cookie(request, state.away_cookie()));
  const auto kept = opened ? json::parse(*opened, nullptr, false) : json();
  if (!form.is_sound() || !kept.is_object() || kept["provider"] != provider.name || kept["expires"].get<std::int64_t>() <= state.now() || !equal_secrets(form.text("state"), kept["state"].get<std::string>()))
    return refuse("state", "This sign-in was not begun here, or a while ago. Begin again.");
  const auto metadata = discover(provider, state.now());
  if (!metadata) return refuse("discovery", metadata.error().sentence, 503);
  if ((form.has("iss") || metadata->names_issuer) && form.text("iss") != provider.issuer) return refuse("issuer", "The answer came from another sign-in service than you went to. Begin again.");
  if (form.has("error")) return refuse("provider_error", "The sign-in service did not sign you in.", 401);
  const auto tokens = form.text("code").empty() ? fail(ErrorCode::unauthenticated, "The sign-in service sent no code.") : exchange_code(state, provider, *metadata, form.text("code"), kept["verifier"].get<std::string>());
  if (!tokens) return refuse("code", tokens.error().sentence, tokens.error().code == ErrorCode::unavailable ? 503 : 401);
  const auto token = read_jwt(tokens->id);
  if (!token) return refuse("token_form", "The sign-in service did not confirm who you are.", 401);
  if (const auto verified = state.keys->verify_at(metadata->jwks, *token, provider.algorithms, provider.rules, state.now()); !verified) return refuse("token_signature", "The sign-in service did not confirm who you are.", 401);
  const auto assurance = check_id_token(provider, *token, kept["nonce"].get<std::string>(), state.now());
  if (!assurance) return refuse("token_claims", assurance.error().sentence, assurance.error().code == ErrorCode::forbidden ? 403 : 401);
  const auto account = account_of(state, provider, token->claim("sub"), kept["invitation"].get<std::string>());
  if (!account || account->state != Account::State::active)
    return refuse("account", "There is no account here for you under this sign-in. Ask your administrator for an invitation, and use this sign-in from its page.", 403);
  auto headers = begin_session(state, request, {account, *assurance});
  if (!headers) return refuse("session", headers.error().sentence, 503);
  const auto next = kept["launch"] == json(true) ? page_of_launch(state, provider, *tokens, subject_of(*account)) : kept["next"].get<std::string>();
  auto out = send_to(is_local_path(next) ? next : "/");
  out.headers.insert(out.headers.end(), headers->begin(), headers->end());
  out.headers.push_back({"Set-Cookie", state.set_cookie(state.away_cookie(), "", -1, "Lax")});
  return out;
}

// OpenID Connect Back-Channel Logout 1.0: the provider says that somebody's sign-in is over.
rest::Response end_from_there(State& state, const rest::Request& request, Provider& provider) {
  const auto bad = [] { return json_answer(400, R"({"error":"invalid_request"})"); };
  const auto metadata = discover(provider, state.now());
  const auto token = read_jwt(read_form(request.body).text("logout_token"));
  if (!metadata || !token || !state.keys->verify_at(metadata->jwks, *token, provider.algorithms, provider.rules, state.now())) return bad();
  const auto now = state.now();
  const auto issued = token->number("iat"), expires = token->number("exp");
  const auto jti = token->claim("jti");
  if (token->claim("iss") != provider.issuer || !token->has_audience(provider.client_id) || token->lists.contains("nonce") || !token->has_logout_event || !issued || *issued > now + skew || *issued < now - 300 ||
      (expires && *expires + skew <= now) || token->claim("sub").empty() || jti.empty() || jti.size() > 200)
    return bad();
  const auto fresh = state.book->first_use("logout " + provider.name, jti, now + 600);
  if (!fresh || !*fresh) return bad();
  if (const auto account = state.book->by_provider(provider.issuer, token->claim("sub")))
    state.book->end_where([&](const Ticket& ticket) { return ticket.account == account->id && ticket.kind != Ticket::Kind::invitation; });
  return json_answer(200, "{}");
}

}  // namespace

Result<void> read_launch(std::string_view text, Provider::Metadata& metadata) {
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object()) return fail(ErrorCode::unavailable, "That system does not say how it opens other systems (SMART App Launch).");
  const auto ways = document.value("code_challenge_methods_supported", json::array());
  if (!ways.is_array() || std::find(ways.begin(), ways.end(), json("S256")) == ways.end()) return fail(ErrorCode::forbidden, "That system opens others without proof of who asks (PKCE); sign-in through it is refused.");
  metadata.authorization = text_in(document, "authorization_endpoint"), metadata.token = text_in(document, "token_endpoint");
  return {};
}

Result<Provider::Metadata> read_discovery(std::string_view text, const std::string& issuer) {
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object()) return fail(ErrorCode::unavailable, "That sign-in service does not describe itself.");
  if (text_in(document, "issuer") != issuer) return fail(ErrorCode::forbidden, "That sign-in service gives another name than place.toml does; sign-in there is refused.");
  return Provider::Metadata{text_in(document, "authorization_endpoint"), text_in(document, "token_endpoint"), text_in(document, "jwks_uri"),
                            document.value("authorization_response_iss_parameter_supported", json(false)) == json(true)};
}

Result<Tokens> read_tokens(std::string_view text) {
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("id_token") || !document["id_token"].is_string()) return fail(ErrorCode::unauthenticated, "The sign-in service did not confirm who you are.");
  return Tokens{text_in(document, "id_token"), text_in(document, "access_token"), text_in(document, "patient")};
}

rest::Response sorry(int status, const std::string& title, const std::string& sentence) {
  return page(status, title, "<p>" + html_text(sentence) + "</p><p><a href=\"/login\">Back to sign-in</a></p>");
}

rest::Response go_there(State& state, const rest::Request& request, Provider& provider, const std::string& launch) {
  const auto metadata = discover(provider, state.now());
  if (!metadata) return sorry(503, "Sorry, that sign-in does not work now", metadata.error().sentence);
  const auto form = read_form(request.query);
  const auto challenge_of = [](const std::string& verifier) {
    const auto digest = fingerprint(verifier);
    return base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
  };
  const auto state_word = random_token(), nonce = random_token(), verifier = random_token();
  const auto next = form.text("next");
  const json kept{{"provider", provider.name}, {"state", state_word}, {"nonce", nonce}, {"verifier", verifier}, {"next", is_local_path(next) && next.size() < 1500 ? next : ""},
                  {"invitation", form.text("invitation").substr(0, 100)}, {"launch", !launch.empty()}, {"expires", state.now() + state.options.times.half_way}};
  std::string scopes;
  for (const auto& scope : provider.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  std::vector<std::pair<std::string, std::string>> fields{{"response_type", "code"}, {"client_id", provider.client_id}, {"redirect_uri", callback_of(state, provider)}, {"scope", scopes},
                                                          {"state", state_word}, {"nonce", nonce}, {"code_challenge", challenge_of(verifier)}, {"code_challenge_method", "S256"}};
  if (!launch.empty()) {
    fields.emplace_back("launch", launch);
    fields.emplace_back("aud", provider.fhir);
  }
  std::string levels;
  for (const auto& acr : provider.acr) levels += (levels.empty() ? "" : " ") + acr;
  if (!levels.empty()) fields.emplace_back("acr_values", levels);
  if (!provider.vot.empty()) fields.emplace_back("vtr", json(provider.vot).dump());
  auto out = send_to(with_query(metadata->authorization, fields));
  out.headers.push_back({"Set-Cookie", state.set_cookie(state.away_cookie(), seal(state.book->key(), kept.dump()), state.options.times.half_way, "Lax")});
  return out;
}

Result<std::string> check_id_token(const Provider& provider, const Jwt& token, const std::string& nonce, std::int64_t now) {
  const auto wrong = [](const char* sentence) { return fail(ErrorCode::unauthenticated, sentence); };
  if (token.claim("iss") != provider.issuer) return wrong("The sign-in service's answer names another service.");
  const auto audience = token.lists.find("aud");
  if (!token.has_audience(provider.client_id)) return wrong("The sign-in service's answer is meant for somebody else.");
  if ((audience->second.size() > 1 || token.texts.contains("azp")) && token.claim("azp") != provider.client_id) return wrong("The sign-in service's answer is meant for somebody else.");
  const auto expires = token.number("exp"), issued = token.number("iat"), begins = token.number("nbf");
  if (!expires || *expires + skew <= now || !issued || *issued > now + skew || *issued < now - 3600 || (begins && *begins > now + skew)) return wrong("The sign-in service's answer is not of now. Check this server's clock.");
  if (!equal_secrets(token.claim("nonce"), nonce)) return wrong("The sign-in service's answer belongs to another sign-in.");
  if (token.claim("sub").empty() || token.claim("sub").size() > 255) return wrong("The sign-in service's answer names nobody.");
  const auto acr = token.claim("acr"), vot = token.claim("vot");
  const auto is_among = [](const std::vector<std::string>& list, const std::string& one) { return std::find(list.begin(), list.end(), one) != list.end(); };
  if ((!provider.acr.empty() && !is_among(provider.acr, acr)) || (!provider.vot.empty() && !is_among(provider.vot, vot)))
    return fail(ErrorCode::forbidden, "You proved who you are in a weaker way than is asked for here. Sign in with your smartcard, security key or passkey.");
  return !vot.empty() ? vot : acr;
}

std::string provider_links(const State& state, const std::string& next, const std::string& invitation) {
  std::string out;
  for (const auto& [name, provider] : state.providers->all) {
    std::vector<std::pair<std::string, std::string>> fields;
    if (!next.empty()) fields.emplace_back("next", next);
    if (!invitation.empty()) fields.emplace_back("invitation", invitation);
    out += "<p><a class=\"button second\" href=\"" + html_text(with_query("/login/with/" + name, fields)) + "\">Sign in with " + html_text(provider->title) + "</a></p>";
  }
  return out.empty() ? out : "<h2>Or sign in elsewhere</h2>" + out;
}

std::optional<rest::Response> provider_pages(State& state, const rest::Request& request) {
  if (request.path == "/launch" && request.method == "GET") return launched(state, request);
  if (!request.path.starts_with("/login/")) return {};
  if (request.method == "GET") {
    if (const auto provider = provider_at(state, request, "/login/with/")) return go_there(state, request, *provider, "");
    if (const auto provider = provider_at(state, request, "/login/callback/")) return come_back(state, request, *provider);
  }
  if (request.method == "POST")
    if (const auto provider = provider_at(state, request, "/login/backchannel/")) return end_from_there(state, request, *provider);
  return sorry(404, "There is no such page", "The address may be mistyped.");
}

Result<std::shared_ptr<Providers>> read_providers(const State& state, const std::string& text) {
  using place::Presence;
  auto out = std::make_shared<Providers>();
  JOINEDUP_TRY(const auto parsed, place::parse_toml(text, "place.toml"));
  place::StrictTable root(parsed, "place.toml", "place.toml");
  for (const auto* item : root.tables("identity_provider")) {
    place::StrictTable table(*item, "place.toml", "[[identity_provider]]");
    auto provider = std::make_shared<Provider>();
    provider->name = table.text("name", Presence::required);
    provider->title = table.text("title", Presence::optional, provider->name);
    provider->issuer = table.text("issuer", Presence::required);
    provider->client_id = table.text("client_id", Presence::required);
    const auto secret_file = table.text("client_secret_file", Presence::optional), key_file = table.text("signing_key_file", Presence::optional);
    provider->scopes = table.texts("scopes", Presence::optional);
    provider->acr = table.texts("acr", Presence::optional);
    provider->vot = table.texts("vot", Presence::optional);
    if (item->contains("algorithms")) provider->algorithms = table.texts("algorithms", Presence::optional);
    static const std::vector<std::string> known{"RS256", "RS512", "PS256", "ES256", "ES384"};
    if (provider->algorithms.empty() || !std::all_of(provider->algorithms.begin(), provider->algorithms.end(), [](const std::string& one) { return std::find(known.begin(), known.end(), one) != known.end(); }))
      table.complain("algorithms", "A provider signs by one of RS256, RS512, PS256, ES256, ES384.");
    provider->rules.network = state.options.network;
    if (table.flag("private_addresses", Presence::optional)) provider->rules.private_addresses = PrivateAddresses::allowed;
    if (provider->name.empty() || !std::all_of(provider->name.begin(), provider->name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }) || out->all.contains(provider->name))
      table.complain("name", "A provider's name is of small letters, digits and -, and each has its own.");
    if (!read_address(provider->issuer, provider->rules)) table.complain("issuer", "An issuer is an https address.");
    provider->fhir = table.text("fhir", Presence::optional);
    while (provider->fhir.ends_with("/")) provider->fhir.pop_back();
    if (!provider->fhir.empty() && !read_address(provider->fhir, provider->rules)) table.complain("fhir", "A record that opens us is at an https address.");
    JOINEDUP_CHECK(table.finish());
    if (std::find(provider->scopes.begin(), provider->scopes.end(), "openid") == provider->scopes.end()) provider->scopes.insert(provider->scopes.begin(), "openid");
    if (!secret_file.empty()) {
      JOINEDUP_TRY(const auto secret, read_file(state.options.place + "/" + secret_file));
      provider->client_secret = std::string(trim(secret));
    }
    if (!key_file.empty()) {
      JOINEDUP_TRY(const auto pem, read_file(state.options.place + "/" + key_file));
      JOINEDUP_TRY(provider->signing_key, read_key_pem(pem));
    }
    out->all.emplace(provider->name, std::move(provider));
  }
  return out;
}

Result<std::shared_ptr<Providers>> open_providers(const State& state) {
  const auto file = state.options.place + "/place.toml";
  if (!std::filesystem::exists(file)) return std::make_shared<Providers>();
  JOINEDUP_TRY(const auto text, read_file(file));
  return read_providers(state, text);
}

}  // namespace joinedup::identity
