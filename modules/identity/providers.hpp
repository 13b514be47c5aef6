// Sign-in by other people's identity providers (OpenID Connect Core 1.0, code flow with PKCE). Inside this room only.
//
// place.toml:
//   [[identity_provider]]
//   name = "cis2"                       # in our addresses: /login/with/cis2, /login/callback/cis2, /login/backchannel/cis2
//   title = "NHS CIS2"
//   issuer = "https://am.example.nhs.uk"
//   client_id = "joinedup"
//   client_secret_file = "identity/cis2.secret"    # or signing_key_file (PEM) for private_key_jwt, or neither: a public client
//   scopes = ["openid"]
//   acr = ["AAL3_ANY", "AAL2_OR_AAL3_ANY"]         # one of these is demanded, and recorded
//   vot = ["P9.Cp.Cd"]                             # the same for NHS login's vectors of trust
//   algorithms = ["RS256"]                         # how it signs; default RS256, PS256, ES256 (NHS login: RS512); the first is ours too, by an RSA key
//   private_addresses = false                      # true: it is on our own network (10/8, 172.16/12, 192.168/16, fc00::/7)
//   fhir = "https://gp.example/fhir"               # of a GP system that opens us in a person's context (SMART EHR launch): /launch?iss=…&launch=…
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "identity/http_client.hpp"
#include "identity/jose.hpp"
#include "identity/state.hpp"

namespace joinedup::identity {

struct Provider {
  std::string name, title, issuer, client_id, client_secret;
  std::string fhir;                            // base of the record that launches us; empty: it does not
  std::optional<Jwk> signing_key;
  std::vector<std::string> scopes, acr, vot, algorithms = {"RS256", "PS256", "ES256"};
  HttpRules rules;

  struct Metadata {
    std::string authorization, token, jwks;
    bool names_issuer = false;                 // its answers carry iss (RFC 9207)
  };
  std::mutex mutex;                            // guards what follows
  std::optional<Metadata> metadata;
  std::int64_t asked = 0;
};

class Providers {
 public:
  std::map<std::string, std::shared_ptr<Provider>> all;
};

// What a provider gives for a code. access, patient: of a GP system that launched us in somebody's context.
struct Tokens {
  std::string id, access, patient;
};
// What others send, read: a provider's description of itself, a record's of how it opens others, the answer to a code.
Result<Provider::Metadata> read_discovery(std::string_view text, const std::string& issuer);
Result<void> read_launch(std::string_view text, Provider::Metadata& metadata);
Result<Tokens> read_tokens(std::string_view text);
// Sends the browser to the provider; `launch`: the GP system's word for the context, empty for plain sign-in.
rest::Response go_there(State& state, const rest::Request& request, Provider& provider, const std::string& launch);
// GET /launch: a GP system opens us in a person's context.
rest::Response launched(State& state, const rest::Request& request);
// Our page of the person in whose context the GP system opened us; where they are not here or not for this worker, the page that says no more than that.
std::string page_of_launch(const State& state, const Provider& provider, const Tokens& tokens, const access::Subject& subject);
rest::Response sorry(int status, const std::string& title, const std::string& sentence);

Result<std::shared_ptr<Providers>> open_providers(const State& state);
Result<std::shared_ptr<Providers>> read_providers(const State& state, const std::string& place_toml);
std::string provider_links(const State& state, const std::string& next, const std::string& invitation = {});  // for the page of sign-in
// What must hold of an id token besides its signature. Gives the assurance that it states.
Result<std::string> check_id_token(const Provider& provider, const Jwt& token, const std::string& nonce, std::int64_t now);

}  // namespace joinedup::identity
