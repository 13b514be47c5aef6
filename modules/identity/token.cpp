// /oauth/token, /oauth/introspect, /oauth/revoke.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "identity/keys.hpp"
#include "identity/secrets.hpp"
#include "identity/smart.hpp"

namespace joinedup::identity {

namespace {

using nlohmann::json;
using access::Subject;

constexpr const char* assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::int64_t skew = 30;

struct Proven {
  std::shared_ptr<const Client> client;
  bool by_key = false;
};

Error not_proven() { return {ErrorCode::unauthenticated, "The client did not prove who it is.", {}}; }

// RFC 7523, as SMART's backend services narrow it: RS384 or ES384, five minutes, each once.
Result<Proven> by_assertion(State& state, const Form& form, const std::string& here) {
  JOINEDUP_TRY(const auto assertion, read_jwt(form.text("client_assertion")));
  const auto id = assertion.claim("iss");
  const auto client = state.book->client(id);
  const auto now = state.now();
  const auto expires = assertion.number("exp"), begins = assertion.number("nbf");
  const auto jti = assertion.claim("jti");
  if (!client || client->kind == Client::Kind::public_app || assertion.claim("sub") != id || (form.has("client_id") && form.text("client_id") != id)) return tl::unexpected<Error>(not_proven());
  if (!assertion.has_audience(here) || !expires || *expires + skew <= now || *expires > now + 300 + skew || (begins && *begins > now + skew) || jti.empty() || jti.size() > 200) return tl::unexpected<Error>(not_proven());
  const std::vector<std::string> allowed{"RS384", "ES384"};
  if (!client->jwks.empty()) {
    JOINEDUP_TRY(const auto keys, read_jwks(client->jwks));
    if (!verify_signature(assertion, keys, allowed)) return tl::unexpected<Error>(not_proven());
  } else if (const auto verified = state.keys->verify_at(client->jwks_uri, assertion, allowed, {.network = state.options.network}, now); !verified) {
    return verified.error().code == ErrorCode::unavailable ? tl::unexpected<Error>(verified.error()) : tl::unexpected<Error>(not_proven());
  }
  // Only what is truly the client's is remembered: others could use its ids up.
  JOINEDUP_TRY(const bool is_first, state.book->first_use(id, jti, *expires + 2 * skew));
  if (!is_first) return tl::unexpected<Error>(not_proven());
  return Proven{client, true};
}

Result<Proven> who_asks(State& state, const rest::Request& request, const Form& form, const std::string& here) {
  const auto type = lower_ascii(request.header("Content-Type").substr(0, request.header("Content-Type").find(';')));
  if (!form.is_sound() || type != "application/x-www-form-urlencoded") return fail(ErrorCode::wrong_usage, "Send one form, each name once.");
  const auto address = address_key(request.peer);
  if (state.apps->wait(address, state.now()) > 0) return fail(ErrorCode::conflict, "Too many wrong tries; wait a minute.");
  auto proven = [&]() -> Result<Proven> {
    if (form.has("client_assertion") || form.has("client_assertion_type")) {
      if (form.text("client_assertion_type") != assertion_type) return tl::unexpected<Error>(not_proven());
      return by_assertion(state, form, here);
    }
    const auto client = state.book->client(form.text("client_id"));
    if (!client || client->kind != Client::Kind::public_app) return tl::unexpected<Error>(not_proven());
    return Proven{client, false};
  }();
  if (!proven && proven.error().code == ErrorCode::unauthenticated) (void)state.apps->begin(address, state.now());
  return proven;
}

rest::Response refusal_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::wrong_usage: return oauth_error(400, "invalid_request", error.sentence);
    case ErrorCode::conflict: return oauth_error(429, "slow_down", error.sentence);
    case ErrorCode::unavailable: return oauth_error(503, "temporarily_unavailable", error.sentence);
    default: return oauth_error(401, "invalid_client", not_proven().sentence);
  }
}

rest::Response bad_grant() { return oauth_error(400, "invalid_grant", "That code or token is not valid, or not any more."); }

std::string fhir_user(const State& state, const Stored& account) {
  if (!account.practitioner.empty()) return state.fhir_url + "/Practitioner/" + account.practitioner;
  if (!account.patient.empty()) return state.fhir_url + "/Patient/" + account.patient;
  return account.related_person.empty() ? std::string() : state.fhir_url + "/RelatedPerson/" + account.related_person;
}

// What an app gets for somebody: an access token of minutes, perhaps a refresh token, perhaps who they are.
rest::Response app_tokens(State& state, const Client& client, const Stored& account, const Ticket& grant, const std::string& scope_words, std::int64_t refresh_until) {
  const auto scopes = read_scopes(scope_words);
  const auto now = state.now();
  auto subject = subject_of(account);
  subject.client = client.id, subject.session = grant.family, subject.assurance = grant.assurance, subject.launch_patient = grant.patient, subject.scopes = scopes.resources;
  Ticket access = grant;
  access.kind = Ticket::Kind::access, access.scopes = scopes.text(), access.created = now, access.expires = now + state.options.times.access_token, access.used = false;
  access.subject = std::make_shared<const Subject>(std::move(subject));
  const auto token = state.book->issue(access);
  if (!token) return oauth_error(503, "temporarily_unavailable", token.error().sentence);
  json out{{"access_token", *token}, {"token_type", "Bearer"}, {"expires_in", state.options.times.access_token}, {"scope", scopes.text()}};
  if (!grant.patient.empty()) out["patient"] = grant.patient;
  if (scopes.offline) {
    Ticket refresh = grant;
    refresh.kind = Ticket::Kind::refresh, refresh.scopes = grant.scopes, refresh.created = now, refresh.expires = refresh_until, refresh.used = false, refresh.subject = nullptr;
    const auto next = state.book->issue(refresh);
    if (!next) return oauth_error(503, "temporarily_unavailable", next.error().sentence);
    out["refresh_token"] = *next;
  }
  if (scopes.openid) {
    json claims{{"iss", state.origin}, {"sub", account.id}, {"aud", client.id}, {"iat", now}, {"exp", now + 300}, {"auth_time", grant.signed_in}};
    if (!grant.nonce.empty()) claims["nonce"] = grant.nonce;
    if (!grant.assurance.empty()) claims["acr"] = grant.assurance;
    if (scopes.fhir_user && !fhir_user(state, account).empty()) claims["fhirUser"] = fhir_user(state, account);
    const auto id = sign_jwt(state.keys->own, "RS256", "JWT", claims.dump());
    if (!id) return oauth_error(503, "temporarily_unavailable", id.error().sentence);
    out["id_token"] = *id;
  }
  return json_answer(200, out.dump());
}

void end_family(State& state, const std::string& family) {
  if (!family.empty()) state.book->end_where([&](const Ticket& ticket) { return ticket.family == family; });
}

bool is_verifier_of(const std::string& verifier, const std::string& challenge) {
  if (verifier.size() < 43 || verifier.size() > 128 || percent_encoded(verifier) != verifier) return false;
  const auto digest = fingerprint(verifier);
  return equal_secrets(base64url({reinterpret_cast<const char*>(digest.data()), digest.size()}), challenge);
}

void note_theft(const State& state, const rest::Request& request, const Ticket& ticket, const char* rule) {
  audit::Event event;
  event.kind = "sign_in", event.outcome = "denied", event.user = ticket.account, event.client = ticket.client, event.session = ticket.family, event.rule = rule;
  state.note(std::move(event), request);
}

rest::Response by_code(State& state, const rest::Request& request, const Form& form, const Client& client) {
  const auto code = form.text("code");
  const auto ticket = state.book->find(code, Ticket::Kind::code, state.now());
  if (!ticket || ticket->client != client.id) return bad_grant();
  if (ticket->used.exchange(true)) {  // twice: whoever was first may have stolen it
    note_theft(state, request, *ticket, "code_used_twice");
    end_family(state, ticket->family);
    return bad_grant();
  }
  const auto account = state.book->by_id(ticket->account);
  if (!account || ticket->redirect_uri != form.text("redirect_uri") || !is_verifier_of(form.text("code_verifier"), ticket->challenge)) return bad_grant();
  return app_tokens(state, client, *account, *ticket, ticket->scopes, state.now() + state.options.times.refresh_token);
}

rest::Response by_refresh(State& state, const rest::Request& request, const Form& form, const Client& client) {
  const auto held = form.text("refresh_token");
  const auto ticket = state.book->find(held, Ticket::Kind::refresh, state.now());
  if (!ticket || ticket->client != client.id) return bad_grant();
  const auto account = state.book->by_id(ticket->account);
  auto scopes = ticket->scopes;
  if (form.has("scope")) {
    const auto fewer = narrowed(read_scopes(form.text("scope")), read_scopes(ticket->scopes));
    if (fewer.words.empty()) return oauth_error(400, "invalid_scope", "None of these scopes was granted.");
    scopes = fewer.text();
    if (read_scopes(ticket->scopes).offline && !fewer.offline) scopes += " offline_access";  // it goes on being refreshed
  }
  if (!account || !state.book->spend(*ticket, held)) {
    note_theft(state, request, *ticket, "refresh_token_used_twice");
    end_family(state, ticket->family);
    return bad_grant();
  }
  return app_tokens(state, client, *account, *ticket, scopes, ticket->expires);
}

rest::Response for_backend(State& state, const rest::Request& request, const Form& form, const Proven& proven) {
  const auto& client = *proven.client;
  if (!proven.by_key || client.kind != Client::Kind::backend) return oauth_error(400, "unauthorized_client", "Only a backend service has tokens of its own.");
  const auto scopes = narrowed(read_scopes(form.text("scope")), read_scopes(client.scopes));
  if (scopes.words.empty()) return oauth_error(400, "invalid_scope", "None of the scopes asked for is one that this client may have.");
  Subject subject;
  subject.kind = Subject::Kind::backend, subject.user = "c-" + client.id, subject.client = client.id, subject.organisation = client.organisation;
  subject.roles = client.roles.empty() ? std::vector<std::string>{"backend"} : client.roles;
  subject.purpose = client.purpose == "secondary_use" ? access::Purpose::secondary_use : client.purpose == "administration" ? access::Purpose::administration : access::Purpose::direct_care;
  subject.scopes = scopes.resources, subject.assurance = "private_key_jwt", subject.session = "b-" + base64url(random_bytes(9));
  Ticket access;
  access.kind = Ticket::Kind::access, access.client = client.id, access.family = subject.session, access.scopes = scopes.text(), access.created = state.now(), access.expires = state.now() + state.options.times.access_token;
  access.subject = std::make_shared<const Subject>(subject);
  const auto token = state.book->issue(access);
  if (!token) return oauth_error(503, "temporarily_unavailable", token.error().sentence);
  audit::Event event;
  event.kind = "sign_in", event.outcome = "allowed", event.user = subject.user, event.client = client.id, event.session = subject.session, event.roles = subject.roles, event.organisation = subject.organisation;
  state.note(std::move(event), request);
  return json_answer(200, json{{"access_token", *token}, {"token_type", "bearer"}, {"expires_in", state.options.times.access_token}, {"scope", scopes.text()}}.dump());
}

std::shared_ptr<Ticket> either(State& state, const std::string& token) {
  if (auto access = state.book->find(token, Ticket::Kind::access, state.now())) return access;
  return state.book->find(token, Ticket::Kind::refresh, state.now());
}

}  // namespace

rest::Response token(State& state, const rest::Request& request) {
  const auto form = read_form(request.body);
  const auto proven = who_asks(state, request, form, state.origin + "/oauth/token");
  if (!proven) return refusal_of(proven.error());
  const auto grant = form.text("grant_type");
  if (grant == "client_credentials") return for_backend(state, request, form, *proven);
  if (proven->client->kind == Client::Kind::backend) return oauth_error(400, "unauthorized_client", "A backend asks by client_credentials.");
  if (grant == "authorization_code") return by_code(state, request, form, *proven->client);
  if (grant == "refresh_token") return by_refresh(state, request, form, *proven->client);
  return oauth_error(400, "unsupported_grant_type", "Grants here are authorization_code, refresh_token and client_credentials.");
}

// RFC 7662: a client learns of its own tokens; one with the role resource_server of all.
rest::Response introspect(State& state, const rest::Request& request) {
  const auto form = read_form(request.body);
  const auto proven = who_asks(state, request, form, state.origin + "/oauth/token");
  if (!proven) return refusal_of(proven.error());
  if (!proven->by_key) return oauth_error(401, "invalid_client", "Only a client that proves who it is may ask.");
  const auto ticket = either(state, form.text("token"));
  const auto& roles = proven->client->roles;
  if (!ticket || ticket->used || (ticket->client != proven->client->id && std::find(roles.begin(), roles.end(), "resource_server") == roles.end())) return json_answer(200, R"({"active":false})");
  json out{{"active", true}, {"client_id", ticket->client}, {"scope", ticket->scopes}, {"exp", ticket->expires}, {"iat", ticket->created}, {"iss", state.origin}, {"aud", state.fhir_url}, {"sub", ticket->account.empty() ? "c-" + ticket->client : ticket->account}};
  if (!ticket->patient.empty()) out["patient"] = ticket->patient;
  return json_answer(200, out.dump());
}

// RFC 7009: a token of the client's ends, and with a refresh token all that came of the same consent. The answer is the same for any token.
rest::Response revoke(State& state, const rest::Request& request) {
  const auto form = read_form(request.body);
  const auto proven = who_asks(state, request, form, state.origin + "/oauth/token");
  if (!proven) return refusal_of(proven.error());
  const auto ticket = either(state, form.text("token"));
  if (ticket && ticket->client == proven->client->id) {
    if (ticket->kind == Ticket::Kind::refresh) end_family(state, ticket->family);
    else state.book->end(form.text("token"));
  }
  return json_answer(200, "{}");
}

}  // namespace joinedup::identity
