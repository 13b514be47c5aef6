#include "identity/jose.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "identity/secrets.hpp"

namespace joinedup::identity {

namespace {

using nlohmann::json;
using KeyPointer = std::shared_ptr<evp_pkey_st>;

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* p) const { Free(p); }
};
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
using File = std::unique_ptr<BIO, Freer<BIO_free_all>>;

struct Algorithm {
  const char* name;
  const char* curve;        // empty: RSA
  bool is_pss;
  const EVP_MD* (*digest)();
  std::size_t half;         // bytes of r and of s
};
constexpr Algorithm algorithms[] = {{"RS256", "", false, EVP_sha256, 0}, {"RS384", "", false, EVP_sha384, 0}, {"RS512", "", false, EVP_sha512, 0}, {"PS256", "", true, EVP_sha256, 0},
                                    {"ES256", "P-256", false, EVP_sha256, 32}, {"ES384", "P-384", false, EVP_sha384, 48}};

const Algorithm* algorithm_of(const std::string& name) {
  for (const auto& one : algorithms)
    if (name == one.name) return &one;
  return nullptr;
}

tl::unexpected<Error> bad_token(const char* sentence) { return fail(ErrorCode::unauthenticated, sentence); }
tl::unexpected<Error> bad_key(const char* sentence) { return fail(ErrorCode::invalid_input, sentence); }

std::optional<std::string> part(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().size() > 2048) return {};
  return from_base64url(found->get_ref<const std::string&>());
}

Number number_of(const std::string& bytes) {
  return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
}

KeyPointer from_parameters(const char* type, OSSL_PARAM_BLD* builder) {
  std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 || EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) return nullptr;
  return {key, EVP_PKEY_free};
}

KeyPointer rsa_key(const json& object) {
  const auto n = part(object, "n"), e = part(object, "e");
  if (!n || !e || n->size() < 256 || n->size() > 1024 || e->empty() || e->size() > 8) return nullptr;
  const auto modulus = number_of(*n), exponent = number_of(*e);
  if (!BN_is_odd(modulus.get()) || !BN_is_odd(exponent.get()) || BN_is_one(exponent.get())) return nullptr;
  std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  auto key = from_parameters("RSA", builder.get());
  return key && EVP_PKEY_get_bits(key.get()) >= 2048 ? key : nullptr;
}

KeyPointer curve_key(const json& object, const std::string& curve) {
  const std::size_t size = curve == "P-256" ? 32 : curve == "P-384" ? 48 : 0;
  const auto x = part(object, "x"), y = part(object, "y");
  if (size == 0 || !x || !y || x->size() != size || y->size() != size) return nullptr;
  const std::string point = "\x04" + *x + *y;
  std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.c_str(), 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  auto key = from_parameters("EC", builder.get());  // refuses a point that is not on the curve
  if (!key) return nullptr;
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  return check && EVP_PKEY_public_check(check.get()) == 1 ? key : nullptr;
}

std::string number_text(const evp_pkey_st* key, const char* name, std::size_t size) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const Number number(raw);
  std::string out(size > 0 ? size : static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  return base64url(out);
}

// Members of RFC 7638, in its order: also what is published.
json public_members(const Jwk& key) {
  if (key.curve.empty()) return {{"e", number_text(key.key.get(), OSSL_PKEY_PARAM_RSA_E, 0)}, {"kty", "RSA"}, {"n", number_text(key.key.get(), OSSL_PKEY_PARAM_RSA_N, 0)}};
  const std::size_t size = key.curve == "P-256" ? 32 : 48;
  return {{"crv", key.curve}, {"kty", "EC"}, {"x", number_text(key.key.get(), OSSL_PKEY_PARAM_EC_PUB_X, size)}, {"y", number_text(key.key.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size)}};
}

Jwk named(Jwk key) {
  const auto digest = fingerprint(public_members(key).dump());
  key.kid = base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
  return key;
}

bool fits(const Jwk& key, const Algorithm& algorithm) { return key.is_for_signatures && key.curve == algorithm.curve && (key.alg.empty() || key.alg == algorithm.name); }

// r and s side by side (RFC 7518 3.4) as OpenSSL's DER.
std::string der_of(const std::string& raw, std::size_t half) {
  if (raw.size() != 2 * half) return {};
  const Signature signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), number_of(raw.substr(0, half)).release(), number_of(raw.substr(half)).release());
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &out);
  std::string der(reinterpret_cast<char*>(out), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(out);
  return der;
}

std::string raw_of(const std::string& der, std::size_t half) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return {};
  std::string raw(2 * half, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(half));
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), reinterpret_cast<unsigned char*>(raw.data()) + half, static_cast<int>(half));
  return raw;
}

bool set_padding(EVP_PKEY_CTX* context, const Algorithm& algorithm) {
  if (!algorithm.is_pss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool is_signed_by(const Jwt& token, const Jwk& key, const Algorithm& algorithm) {
  const std::string signature = algorithm.half > 0 ? der_of(token.signature, algorithm.half) : token.signature;
  if (signature.empty()) return false;
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;
  return context && EVP_DigestVerifyInit(context.get(), &details, algorithm.digest(), nullptr, key.key.get()) == 1 && set_padding(details, algorithm) &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(), reinterpret_cast<const unsigned char*>(token.signed_part.data()), token.signed_part.size()) == 1;
}

}  // namespace

std::string Jwt::claim(const std::string& name) const {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string() : found->second;
}
std::optional<std::int64_t> Jwt::number(const std::string& name) const {
  const auto found = numbers.find(name);
  if (found == numbers.end() || !(std::abs(found->second) < 1e15)) return {};
  return static_cast<std::int64_t>(found->second);
}
bool Jwt::has_audience(const std::string& audience) const {
  const auto found = lists.find("aud");
  return found != lists.end() && std::find(found->second.begin(), found->second.end(), audience) != found->second.end();
}

Result<std::vector<Jwk>> read_jwks(std::string_view text) {
  if (text.size() > 256 * 1024) return bad_key("The set of keys is too long.");
  const auto set = json::parse(text, nullptr, false);
  if (!set.is_object() || !set.contains("keys") || !set["keys"].is_array()) return bad_key("That is not a JSON Web Key Set.");
  std::vector<Jwk> out;
  for (const auto& object : set["keys"]) {
    if (!object.is_object() || out.size() >= 32) continue;
    const auto word = [&](const char* name) { return object.contains(name) && object[name].is_string() ? object[name].get<std::string>() : std::string(); };
    if (object.contains("d") || word("kty") == "oct") return bad_key("The set of keys holds a secret. Register the public parts only, and make new keys: these are known now.");
    Jwk key;
    key.kid = word("kid"), key.alg = word("alg");
    if (const auto use = word("use"); !use.empty()) key.is_for_signatures = use == "sig";
    if (word("kty") == "EC") key.key = curve_key(object, key.curve = word("crv"));
    else if (word("kty") == "RSA") key.key = rsa_key(object);
    if (key.key && key.kid.size() <= 200) out.push_back(std::move(key));
  }
  return out;
}

Result<Jwt> read_jwt(std::string_view text) {
  if (text.size() > 16 * 1024) return bad_token("The token is too long.");
  const auto first = text.find('.');
  const auto second = first == text.npos ? text.npos : text.find('.', first + 1);
  if (second == text.npos || text.find('.', second + 1) != text.npos) return bad_token("The token is not of three parts.");
  const auto head = from_base64url(text.substr(0, first)), body = from_base64url(text.substr(first + 1, second - first - 1)), signature = from_base64url(text.substr(second + 1));
  if (!head || !body || !signature) return bad_token("The token is not in base64url.");
  // Depth is bounded by the length; parse() without exceptions gives `discarded` for what is not JSON.
  const auto header = json::parse(*head, nullptr, false), claims = json::parse(*body, nullptr, false);
  if (!header.is_object() || !claims.is_object()) return bad_token("The token's parts are not JSON objects.");
  if (header.contains("crit")) return bad_token("The token asks for extensions that this server does not know.");
  Jwt out;
  const auto word = [&](const char* name) { return header.contains(name) && header[name].is_string() ? header[name].get<std::string>() : std::string(); };
  out.alg = word("alg"), out.kid = word("kid"), out.typ = word("typ");
  if (out.alg.empty() || out.kid.size() > 200) return bad_token("The token does not say how it is signed.");
  out.signed_part = text.substr(0, second), out.signature = *signature;
  for (const auto& [name, value] : claims.items()) {
    if (value.is_string()) out.texts[name] = value.get<std::string>(), out.lists[name] = {value.get<std::string>()};
    else if (value.is_number()) out.numbers[name] = value.get<double>();
    else if (name == "events" && value.is_object()) out.has_logout_event = value.contains("http://schemas.openid.net/event/backchannel-logout");
    else if (value.is_array() && std::all_of(value.begin(), value.end(), [](const json& v) { return v.is_string(); })) out.lists[name] = value.get<std::vector<std::string>>();
  }
  return out;
}

Result<void> verify_signature(const Jwt& token, const std::vector<Jwk>& keys, const std::vector<std::string>& allowed) {
  const auto* algorithm = algorithm_of(token.alg);
  if (algorithm == nullptr || std::find(allowed.begin(), allowed.end(), token.alg) == allowed.end()) return bad_token("The token is signed in a way that is not accepted here.");
  bool is_known = false;
  for (const auto& key : keys) {
    if (!fits(key, *algorithm) || (!token.kid.empty() && key.kid != token.kid)) continue;
    is_known = true;
    if (is_signed_by(token, key, *algorithm)) return {};
  }
  return is_known ? bad_token("The token's signature is wrong.") : tl::unexpected<Error>(Error{ErrorCode::not_found, "The token is signed by a key that is not known.", {}});
}

Result<std::string> sign_jwt(const Jwk& key, const std::string& alg, const std::string& typ, const std::string& claims) {
  const auto* algorithm = algorithm_of(alg);
  if (algorithm == nullptr || key.curve != algorithm->curve) return fail(ErrorCode::internal, "The key does not fit the way of signing.");
  const std::string text = base64url(json{{"alg", alg}, {"kid", key.kid}, {"typ", typ}}.dump()) + "." + base64url(claims);
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (!context || EVP_DigestSignInit(context.get(), &details, algorithm->digest(), nullptr, key.key.get()) != 1 || !set_padding(details, *algorithm) || EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    return fail(ErrorCode::internal, "A token could not be signed.");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) != 1) return fail(ErrorCode::internal, "A token could not be signed.");
  signature.resize(size);
  return text + "." + base64url(algorithm->half > 0 ? raw_of(signature, algorithm->half) : signature);
}

Result<Jwk> make_key(const std::string& kind) {
  Jwk out;
  EVP_PKEY* made = kind == "RSA" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}) : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kind.c_str());
  if (made == nullptr) return fail(ErrorCode::internal, "A key could not be made.");
  out.key = {made, EVP_PKEY_free};
  if (kind != "RSA") out.curve = kind;
  return named(std::move(out));
}

Result<std::string> key_pem(const Jwk& key) {
  const File file(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(file.get(), key.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) return fail(ErrorCode::internal, "A key could not be written.");
  char* at = nullptr;
  const long size = BIO_get_mem_data(file.get(), &at);
  return std::string(at, static_cast<std::size_t>(size));
}

Result<Jwk> read_key_pem(const std::string& pem) {
  const File file(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Jwk out;
  EVP_PKEY* read = PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr);
  if (read == nullptr) return bad_key("That is not a private key in PEM.");
  out.key = {read, EVP_PKEY_free};
  if (EVP_PKEY_is_a(read, "EC") == 1) out.curve = EVP_PKEY_get_bits(read) == 384 ? "P-384" : "P-256";
  return named(std::move(out));
}

std::string jwks_text(const std::vector<Jwk>& keys) {
  json all = json::array();
  for (const auto& key : keys) {
    auto one = public_members(key);
    one["kid"] = key.kid, one["use"] = "sig";
    all.push_back(std::move(one));
  }
  return json{{"keys", all}}.dump();
}

}  // namespace joinedup::identity
