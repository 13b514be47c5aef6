// Signed JSON Web Tokens and Key Sets (RFC 7515, 7517, 7518, 7519): only what is asymmetric, only what is asked for. Inside this room only.
//
//   JOINEDUP_TRY(const auto keys, read_jwks(text));
//   JOINEDUP_TRY(const auto token, read_jwt(text));
//   JOINEDUP_CHECK(verify_signature(token, keys, {"RS256", "ES256"}));     // `none` and HS… do not exist here
//   token.claim("iss"); token.number("exp"); token.has_audience("https://me");
//
// Keys come from whom we trust, never out of the token: its jwk, jku, x5u and x5c are not looked at.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

struct evp_pkey_st;

namespace joinedup::identity {

struct Jwk {
  std::string kid, alg, curve;                 // curve: P-256, P-384; empty: RSA
  bool is_for_signatures = true;
  std::shared_ptr<evp_pkey_st> key;
};

struct Jwt {
  std::string alg, kid, typ;
  std::string signed_part, signature;
  std::map<std::string, std::string> texts;    // claims that are texts
  std::map<std::string, double> numbers;
  std::map<std::string, std::vector<std::string>> lists;  // of texts; a text counts as a list of one
  bool has_logout_event = false;               // events of back-channel logout
  std::string claim(const std::string& name) const;
  std::optional<std::int64_t> number(const std::string& name) const;
  bool has_audience(const std::string& audience) const;
};

Result<std::vector<Jwk>> read_jwks(std::string_view text);          // keys of kinds that we do not know are left out
Result<Jwt> read_jwt(std::string_view text);                        // form only
Result<void> verify_signature(const Jwt& token, const std::vector<Jwk>& keys, const std::vector<std::string>& allowed);
Result<std::string> sign_jwt(const Jwk& key, const std::string& alg, const std::string& typ, const std::string& claims);
Result<Jwk> make_key(const std::string& kind);                      // RSA, P-256, P-384
Result<std::string> key_pem(const Jwk& key);
Result<Jwk> read_key_pem(const std::string& pem);                   // kid: its thumbprint (RFC 7638)
std::string jwks_text(const std::vector<Jwk>& keys);                // public parts

}  // namespace joinedup::identity
