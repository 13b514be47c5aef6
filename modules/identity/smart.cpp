// SMART App Launch 2 and backend services: the addresses, who may use them, and what they say of themselves.
#include "identity/smart.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "identity/keys.hpp"
#include "identity/providers.hpp"
#include "identity/secrets.hpp"

namespace joinedup::identity {

using nlohmann::json;

namespace {

json described(const State& state) {
  const auto at = [&](const char* path) { return state.origin + path; };
  return {{"issuer", state.origin},
          {"jwks_uri", at("/oauth/jwks")},
          {"authorization_endpoint", at("/oauth/authorize")},
          {"token_endpoint", at("/oauth/token")},
          {"introspection_endpoint", at("/oauth/introspect")},
          {"revocation_endpoint", at("/oauth/revoke")},
          {"grant_types_supported", {"authorization_code", "refresh_token", "client_credentials"}},
          {"response_types_supported", {"code"}},
          {"code_challenge_methods_supported", {"S256"}},
          {"token_endpoint_auth_methods_supported", {"private_key_jwt", "none"}},
          {"token_endpoint_auth_signing_alg_values_supported", {"RS384", "ES384"}},
          {"scopes_supported", {"openid", "fhirUser", "launch", "launch/patient", "offline_access", "patient/*.cruds", "user/*.cruds", "system/*.cruds"}}};
}

rest::Response smart_configuration(const State& state) {
  auto out = described(state);
  out["capabilities"] = {"launch-ehr", "launch-standalone", "client-public", "client-confidential-asymmetric", "context-ehr-patient", "context-standalone-patient",
                         "permission-offline", "permission-patient", "permission-user", "permission-v1", "permission-v2", "sso-openid-connect"};
  return json_answer(200, out.dump());
}

rest::Response openid_configuration(const State& state) {
  auto out = described(state);
  out["subject_types_supported"] = {"public"};
  out["id_token_signing_alg_values_supported"] = {"RS256"};
  out["claims_supported"] = {"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "fhirUser"};
  out["authorization_response_iss_parameter_supported"] = true;
  return json_answer(200, out.dump());
}

// Ours, and those by which we prove who we are to providers.
rest::Response published_keys(const State& state) {
  std::vector<Jwk> all{state.keys->own};
  for (const auto& [name, provider] : state.providers->all)
    if (provider->signing_key) all.push_back(*provider->signing_key);
  return json_answer(200, jwks_text(all));
}

bool is_good_redirect(const std::string& uri) {
  if (uri.size() > 1000 || uri.find('#') != uri.npos || !std::all_of(uri.begin(), uri.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F && c != '\\' && c != '"' && c != ';' && c != ','; })) return false;
  const auto colon = uri.find(':');
  if (colon == uri.npos) return false;
  const auto scheme = lower_ascii(uri.substr(0, colon));
  if (scheme == "https") return uri.find('@') == uri.npos && !origin_of(uri).empty();
  if (scheme == "http") {  // an app on the user's own machine (RFC 8252)
    const auto origin = origin_of(uri);
    return origin == "http://127.0.0.1" || origin == "http://localhost" || origin.starts_with("http://127.0.0.1:") || origin.starts_with("http://localhost:");
  }
  return scheme.find('.') != scheme.npos;  // a native app's own: com.example.app:/callback
}

}  // namespace

rest::Response oauth_error(int status, const char* code, const std::string& sentence) { return json_answer(status, json{{"error", code}, {"error_description", sentence}}.dump()); }

Result<void> check_client(const State& state, const Client& client) {
  const auto bad = [](const char* sentence) { return fail(ErrorCode::wrong_usage, sentence); };
  if (client.id.empty() || client.id.size() > 100 || !std::all_of(client.id.begin(), client.id.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.'; }))
    return bad("A client's id is of letters, digits and . _ - only.");
  if (client.name.empty() || client.name.size() > 200) return bad("A client has a name, which people see when they are asked to agree.");
  for (const auto& uri : client.redirect_uris)
    if (!is_good_redirect(uri)) return bad("A redirect_uri is an https address without a fragment, http on this machine, or an app's own scheme with a dot in it.");
  if (!client.launch_uri.empty() && !is_good_redirect(client.launch_uri)) return bad("A launch_uri is an https address.");
  const auto scopes = read_scopes(client.scopes);
  if (scopes.words.empty()) return bad("A client has scopes: the most that it may ask for.");
  if (scopes.text() != client.scopes) return bad("One of the scopes is not of SMART's form, or stands twice, or is apart by more than one space.");
  const bool is_backend = client.kind == Client::Kind::backend;
  for (const auto& scope : scopes.resources)
    if ((scope.level == access::Scope::Level::system) != is_backend) return bad("system/ scopes are for backend clients, and they have no others.");
  if (is_backend ? !client.redirect_uris.empty() : client.redirect_uris.empty()) return bad("An app has redirect_uris; a backend has none.");
  if (client.kind == Client::Kind::public_app) {
    if (!client.jwks.empty() || !client.jwks_uri.empty()) return bad("A public app has no keys: anybody can read them in it.");
  } else {
    if (client.jwks.empty() == client.jwks_uri.empty()) return bad("A client that proves who it is has either jwks or jwks_uri.");
    if (!client.jwks.empty()) {
      JOINEDUP_TRY(const auto keys, read_jwks(client.jwks));
      if (keys.empty()) return bad("None of the keys can be used: RSA of 2048 bits or more, or EC on P-384.");
    } else if (const HttpRules rules{.network = state.options.network}; !read_address(client.jwks_uri, rules)) return bad("A jwks_uri is an https address.");
  }
  if (client.purpose != "direct_care" && client.purpose != "administration" && client.purpose != "secondary_use") return bad("A client's purpose is direct_care, administration or secondary_use.");
  NewAccount shape;
  shape.user = "x", shape.roles = client.roles.empty() ? std::vector<std::string>{"backend"} : client.roles, shape.organisation = client.organisation;
  return check_account(shape);
}

Result<std::string> launch_address(State& state, const access::Subject& subject, const std::string& client_id, const std::string& patient) {
  const auto client = state.book->client(client_id);
  if (!client || client->launch_uri.empty()) return fail(ErrorCode::not_found, "There is no such app that can be launched from here.");
  const auto account = state.book->by_id(subject.user);
  if (!account || !is_id(patient)) return fail(ErrorCode::wrong_usage, "An app is launched by somebody who is signed in, for one person.");
  Ticket ticket;
  ticket.kind = Ticket::Kind::launch, ticket.account = account->id, ticket.epoch = account->epoch, ticket.client = client_id, ticket.patient = patient;
  ticket.created = state.now(), ticket.expires = state.now() + 300;
  JOINEDUP_TRY(const auto token, state.book->issue(ticket));
  return with_query(client->launch_uri, {{"iss", state.fhir_url}, {"launch", token}});
}

bool is_id(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.'; });
}

std::optional<rest::Response> smart_endpoints(State& state, const rest::Request& request) {
  const bool is_get = request.method == "GET" || request.method == "HEAD", is_post = request.method == "POST";
  const auto& path = request.path;
  const auto only = [](const char* allow) {
    auto out = oauth_error(405, "invalid_request", std::string("This address takes ") + allow + " only.");
    out.headers.push_back({"Allow", allow});
    return out;
  };
  if (path == "/.well-known/smart-configuration" || path == "/fhir/.well-known/smart-configuration") return is_get ? smart_configuration(state) : only("GET");
  if (path == "/.well-known/openid-configuration") return is_get ? openid_configuration(state) : only("GET");
  if (path == "/oauth/jwks") return is_get ? published_keys(state) : only("GET");
  if (path == "/oauth/authorize") return is_get || is_post ? authorize(state, request) : only("GET, POST");
  if (path == "/oauth/token") return is_post ? token(state, request) : only("POST");
  if (path == "/oauth/introspect") return is_post ? introspect(state, request) : only("POST");
  if (path == "/oauth/revoke") return is_post ? revoke(state, request) : only("POST");
  if (path.starts_with("/oauth/")) return oauth_error(404, "invalid_request", "There is nothing at this address.");
  return {};
}

}  // namespace joinedup::identity
