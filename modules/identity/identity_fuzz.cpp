// Fuzzing of what strangers send to sign-in: tokens, sets of keys, forms, cookies, addresses, scopes, registrations. Whatever comes: a value
// that keeps its promises, or a refusal; and nothing that this harness did not sign itself is ever found signed.
#include <cstdlib>

#include "base/fuzz.hpp"
#include "identity/form.hpp"
#include "identity/http_client.hpp"
#include "identity/jose.hpp"
#include "identity/providers.hpp"
#include "identity/scope.hpp"
#include "identity/secrets.hpp"

using namespace joinedup;
using namespace joinedup::identity;

namespace {

void must(bool good) {
  if (!good) std::abort();
}

const std::vector<std::string> ways{"RS256", "RS384", "PS256", "ES256", "ES384", "none", "HS256"};

const std::vector<Jwk>& keys() {
  static const std::vector<Jwk> all = [] {
    start_sodium();
    return std::vector<Jwk>{*make_key("RSA"), *make_key("P-256"), *make_key("P-384")};
  }();
  return all;
}

void token(std::string_view text) {
  const auto read = read_jwt(text);
  if (!read) {
    must(!read.error().sentence.empty());
    return;
  }
  must(!read->alg.empty() && text.substr(0, read->signed_part.size()) == read->signed_part);
  must(!verify_signature(*read, keys(), ways));
  (void)read->number("exp");
  (void)read->has_audience("a");
}

// The header and claims are the fuzzer's, the signature is ours, over something else.
void claims(std::string_view text) {
  const auto mark = text.find('\n');
  if (mark == text.npos) return;
  static const auto good = *sign_jwt(keys()[1], "ES256", "JWT", R"({"iss":"me"})");
  const auto read = read_jwt(base64url(text.substr(0, mark)) + "." + base64url(text.substr(mark + 1)) + good.substr(good.rfind('.')));
  if (read) must(!verify_signature(*read, keys(), ways));
}

void key_set(std::string_view text) {
  const auto read = read_jwks(text);
  if (!read) return;
  must(read->size() <= 32);
  const auto again = read_jwks(jwks_text(*read));
  must(again && again->size() == read->size());
  static const auto good = *read_jwt(*sign_jwt(keys()[0], "RS256", "JWT", "{}"));
  must(!verify_signature(good, *read, ways));
}

void form(std::string_view text) {
  const auto read = read_form(text);
  must(read.text("a").find('\0') == std::string::npos);
  must(read_form("x=" + percent_encoded(text)).text("x") == text || text.find('\0') != text.npos || text.size() > 20'000);
  if (is_local_path(text)) must(text[0] == '/' && (text.size() == 1 || (text[1] != '/' && text[1] != '\\')) && text.find('\n') == text.npos);
  rest::Request request;
  request.headers.push_back({"Cookie", std::string(text)});
  (void)cookie(request, "a");
  const auto origin = origin_of(text);
  must(origin.empty() || origin.find("://") != origin.npos);
}

void address(std::string_view text) {
  const HttpRules rules;
  const auto read = read_address(std::string(text), rules);
  if (!read) return;
  must(read->scheme == "https" && !read->host.empty() && read->target[0] == '/' && read->target.find_first_of("\r\n ") == std::string::npos && read->host.find('@') == std::string::npos);
}

void scopes(std::string_view text) {
  const auto read = read_scopes(text);
  const auto again = read_scopes(read.text());
  must(again.words == read.words);
  static const auto allowed = read_scopes("patient/Observation.rs?category=a user/*.r launch/patient");
  for (const auto& scope : narrowed(read, allowed).resources) {
    must(!scope.create && !scope.update && !scope.remove);
    bool is_covered = false;
    for (const auto& may : allowed.resources) is_covered = is_covered || covers(may, scope);
    must(is_covered);
  }
}

void client(std::string_view text) {
  const auto read = read_client(std::string(text));
  if (!read) return;
  const auto again = read_client(client_text(*read));
  must(again && again->id == read->id && again->scopes == read->scopes && again->redirect_uris == read->redirect_uris);
}

// What a provider says of itself, of its tokens, and of who somebody is.
void provider(std::string_view text) {
  static const std::string issuer = "https://id.example";
  static Provider known;
  known.issuer = issuer, known.client_id = "me", known.acr = {"AAL2"};
  if (const auto read = read_discovery(text, issuer)) must(text.find("issuer") != text.npos || text.find('\\') != text.npos);
  Provider::Metadata metadata;
  if (!read_launch(text, metadata)) must(metadata.authorization.empty() && metadata.token.empty());
  if (const auto tokens = read_tokens(text)) (void)read_jwt(tokens->id);
  const auto token = read_jwt(base64url(R"({"alg":"ES256"})") + "." + base64url(text) + ".AAAA");
  if (!token) return;
  const auto assurance = check_id_token(known, *token, "nonce", 1'000);
  if (assurance) must(token->claim("iss") == issuer && token->has_audience("me") && token->claim("nonce") == "nonce" && !token->claim("sub").empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [kind, text] = fuzz_kind(data, size, {"token", "claims", "key_set", "form", "address", "scopes", "client", "provider"});
  switch (kind) {
    case 0: token(text); break;
    case 1: claims(text); break;
    case 2: key_set(text); break;
    case 3: form(text); break;
    case 4: address(text); break;
    case 5: scopes(text); break;
    case 6: client(text); break;
    default: provider(text); break;
  }
  return 0;
}
