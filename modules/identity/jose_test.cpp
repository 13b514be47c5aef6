#include "identity/jose.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <nlohmann/json.hpp>

#include "identity/http_client.hpp"
#include "identity/keys.hpp"
#include "identity/secrets.hpp"

namespace joinedup::identity {

const std::vector<std::string> all_ways{"RS256", "RS384", "PS256", "ES256", "ES384"};

TEST(Jose, TheExamplesOfRfc7515) {
  // RFC 7515 appendix A.2 (RS256) and A.3 (ES256): keys and tokens as printed there.
  const auto rsa = read_jwks(R"({"keys":[{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]})");
  ASSERT_TRUE(rsa);
  ASSERT_EQ(rsa->size(), 1U);
  const auto a2 = read_jwt("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
  ASSERT_TRUE(a2);
  EXPECT_EQ(a2->claim("iss"), "joe");
  EXPECT_EQ(a2->number("exp"), 1300819380);
  EXPECT_TRUE(verify_signature(*a2, *rsa, all_ways));
  const auto ec = read_jwks(R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})");
  const auto a3 = read_jwt("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  ASSERT_TRUE(ec);
  ASSERT_TRUE(a3);
  EXPECT_TRUE(verify_signature(*a3, *ec, all_ways));
  EXPECT_FALSE(verify_signature(*a3, *ec, {"RS256"})) << "right, but not a way that was asked for";
}

TEST(Jose, Rfc7638Thumbprint) {
  // RFC 7638 section 3.1.
  const auto keys = read_jwks(R"({"keys":[{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}]})");
  ASSERT_TRUE(keys);
  const auto text = jwks_text(*keys);
  const auto members = nlohmann::json::parse(text)["keys"][0];
  const nlohmann::json bare{{"e", members["e"]}, {"kty", members["kty"]}, {"n", members["n"]}};
  const auto digest = fingerprint(bare.dump());
  EXPECT_EQ(base64url({reinterpret_cast<const char*>(digest.data()), digest.size()}), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(Jose, SignedAndVerifiedInEveryWay) {
  start_sodium();
  for (const auto& [kind, alg] : std::vector<std::pair<std::string, std::string>>{{"RSA", "RS256"}, {"RSA", "RS384"}, {"RSA", "PS256"}, {"P-256", "ES256"}, {"P-384", "ES384"}}) {
    const auto key = make_key(kind), other = make_key(kind);
    ASSERT_TRUE(key);
    const auto text = sign_jwt(*key, alg, "JWT", R"({"iss":"me","aud":["a","b"],"exp":5})");
    ASSERT_TRUE(text);
    const auto token = read_jwt(*text);
    ASSERT_TRUE(token);
    const auto published = read_jwks(jwks_text({*other, *key}));
    ASSERT_TRUE(published);
    EXPECT_TRUE(verify_signature(*token, *published, {alg})) << alg;
    EXPECT_TRUE(token->has_audience("b"));
    EXPECT_FALSE(token->has_audience("c"));
    auto forged = *token;
    forged.signed_part[forged.signed_part.size() - 3] ^= 1;
    EXPECT_FALSE(verify_signature(forged, *published, {alg}));
    EXPECT_FALSE(verify_signature(*token, *read_jwks(jwks_text({*other})), {alg}));
    EXPECT_EQ(read_key_pem(*key_pem(*key))->kid, key->kid);
    EXPECT_EQ(jwks_text({*key}).find("\"d\""), std::string::npos);
  }
}

TEST(JoseAttack, AlgorithmsThatAreNone) {
  start_sodium();
  const auto key = make_key("RSA");
  const auto text = *sign_jwt(*key, "RS256", "JWT", R"({"sub":"x"})");
  const auto keys = read_jwks(jwks_text({*key}));
  const auto claims = text.substr(text.find('.') + 1, text.rfind('.') - text.find('.') - 1);
  const auto signature = text.substr(text.rfind('.') + 1);
  const auto with = [&](const std::string& header, const std::string& end) { return read_jwt(base64url(header) + "." + claims + "." + end); };
  for (const char* alg : {"none", "None", "NONE", "HS256", "HS384", "RS512", "ES256", "ES384", "EdDSA", "dir", "rs256", "RS256 "}) {
    for (const auto& end : {signature, std::string()}) {
      const auto token = with(std::string("{\"alg\":\"") + alg + "\",\"kid\":\"" + key->kid + "\"}", end);
      if (token) { EXPECT_FALSE(verify_signature(*token, *keys, all_ways)) << alg; }
    }
  }
  // The public key as the secret of an HMAC: the classic.
  const std::string header = R"({"alg":"HS256","typ":"JWT"})";
  const auto part = base64url(header) + "." + claims;
  const auto pem = jwks_text({*key});
  const auto mac = hmac_sha256(pem, part);
  const auto token = read_jwt(part + "." + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()}));
  ASSERT_TRUE(token);
  EXPECT_FALSE(verify_signature(*token, *keys, {"RS256", "HS256", "none"})) << "not even where somebody allows it";
}

TEST(JoseAttack, KeysOutOfTheTokenAreNotLookedAt) {
  start_sodium();
  const auto trusted = make_key("P-256"), evil = make_key("P-256");
  const auto set = read_jwks(jwks_text({*trusted}));
  const auto claims = base64url(R"({"sub":"x"})");
  const auto jwk = nlohmann::json::parse(jwks_text({*evil}))["keys"][0];
  for (const auto& header : {nlohmann::json{{"alg", "ES256"}, {"jwk", jwk}}, nlohmann::json{{"alg", "ES256"}, {"jwk", jwk}, {"kid", trusted->kid}}, nlohmann::json{{"alg", "ES256"}, {"jku", "https://evil.example/jwks"}, {"kid", evil->kid}},
                             nlohmann::json{{"alg", "ES256"}, {"kid", "../../../../dev/null"}}, nlohmann::json{{"alg", "ES256"}, {"kid", "' OR 1=1 --"}}, nlohmann::json{{"alg", "ES256"}, {"x5u", "https://evil.example/cert"}}}) {
    // Signed by the attacker's key under the header that the attacker likes.
    auto shape = *sign_jwt(*evil, "ES256", "JWT", R"({"sub":"x"})");
    auto token = read_jwt(base64url(header.dump()) + "." + claims + shape.substr(shape.rfind('.')));
    ASSERT_TRUE(token);
    EXPECT_FALSE(verify_signature(*token, *set, all_ways)) << header.dump();
  }
  EXPECT_FALSE(read_jwt(base64url(R"({"alg":"ES256","crit":["b64"],"b64":false})") + "." + claims + ".AAAA"));
}

TEST(JoseAttack, KeysThatAreWeakOrNotOnTheCurve) {
  const auto kept = [](const std::string& key) {
    const auto read = read_jwks("{\"keys\":[" + key + "]}");
    return read ? static_cast<int>(read->size()) : -1;
  };
  EXPECT_EQ(kept(R"({"kty":"RSA","n":")" + base64url(std::string(128, '\xFF')) + R"(","e":"AQAB"})"), 0) << "1024 bits";
  EXPECT_EQ(kept(R"({"kty":"RSA","n":")" + base64url(std::string(255, '\xFF')) + R"(","e":"AQAB"})"), 0);
  EXPECT_EQ(kept(R"({"kty":"RSA","n":")" + base64url(std::string(256, '\xFF')) + R"(","e":"AQ"})"), 0) << "e = 1 verifies anything";
  EXPECT_EQ(kept(R"({"kty":"EC","crv":"P-256","x":")" + base64url(std::string(32, '\x01')) + R"(","y":")" + base64url(std::string(32, '\x02')) + R"("})"), 0) << "not on the curve";
  EXPECT_EQ(kept(R"({"kty":"EC","crv":"P-256","x":")" + base64url(std::string(32, '\0')) + R"(","y":")" + base64url(std::string(32, '\0')) + R"("})"), 0);
  EXPECT_EQ(kept(R"({"kty":"oct","k":"AAAA"})"), -1) << "a secret in public";
  EXPECT_EQ(kept(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})"), 0);
  const auto enc = make_key("P-256");
  auto object = nlohmann::json::parse(jwks_text({*enc}))["keys"][0];
  object["use"] = "enc";
  const auto keys = read_jwks(nlohmann::json{{"keys", {object}}}.dump());
  const auto token = read_jwt(*sign_jwt(*enc, "ES256", "JWT", "{}"));
  EXPECT_FALSE(verify_signature(*token, *keys, all_ways)) << "a key for sealing does not sign";
}

TEST(JoseAttack, TextThatIsNoToken) {
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string("..."), std::string("a.b"), std::string("a.b.c.d"), std::string("e30.e30.e30="), std::string("e30.e30."), std::string("W10.e30.AA"), std::string("eyJhbGciOjF9.e30.AA"), std::string(20000, 'a')})
    EXPECT_FALSE(read_jwt(text)) << text.substr(0, 40);
}

TEST(Secrets, Rfc6238) {
  // RFC 6238 appendix B, SHA-1, the last six digits.
  const std::string secret = "12345678901234567890";
  for (const auto& [at, code] : std::vector<std::pair<std::int64_t, std::string>>{{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}})
    EXPECT_EQ(totp(secret, totp_step(at)), code) << at;
  EXPECT_EQ(base32("foobar"), "MZXW6YTBOI");  // RFC 4648 section 10
  EXPECT_EQ(from_base32("MZXW6YTBOI"), "foobar");
  EXPECT_EQ(from_base32("mzxw 6ytb oi"), "foobar");
  EXPECT_FALSE(from_base32("M1"));
  EXPECT_EQ(matching_step(secret, "287082", 59 + 30, 0), 1);
  EXPECT_FALSE(matching_step(secret, "287082", 59 + 60, 0));
  EXPECT_FALSE(matching_step(secret, "287082", 59, 1));
}

TEST(Secrets, SealedIsSealed) {
  start_sodium();
  const auto key = random_bytes(32), other = random_bytes(32);
  const auto sealed = seal(key, "secret");
  EXPECT_EQ(unseal(key, sealed), "secret");
  EXPECT_FALSE(unseal(other, sealed));
  EXPECT_NE(seal(key, "secret"), sealed);
  auto bent = *from_base64url(sealed);
  bent.back() ^= 1;
  EXPECT_FALSE(unseal(key, base64url(bent)));
  EXPECT_FALSE(unseal(key, "short"));
  EXPECT_FALSE(unseal(key, ""));
}

TEST(SsrfAttack, AddressesThatAreNotAsked) {
  const HttpRules outside;
  for (const char* url : {"http://login.example/", "ftp://x/", "file:///etc/passwd", "gopher://x/", "https://", "https:///x", "https://user@host/", "https://a@b@c/", "https://host:99999999/", "https://host:/", "https://ho st/", "https://host\\@evil/", "https://host/#frag", "//host/", "https://host:443:1/", "https://h\r\nX: y/"})
    EXPECT_FALSE(read_address(url, outside)) << url;
  const auto good = read_address("https://login.example:8443/a?b=c", outside);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->host, "login.example");
  EXPECT_EQ(good->port, "8443");
  EXPECT_EQ(good->target, "/a?b=c");
  const HttpRules here{.network = Network::this_machine};
  EXPECT_TRUE(read_address("http://127.0.0.1:1234/x", here));
  EXPECT_FALSE(read_address("http://login.example/x", here)) << "plain text never leaves this machine";
  // Connecting is refused by what the name leads to, however it is written.
  for (const char* url : {"https://127.0.0.1:9/", "https://localhost:9/", "https://[::1]:9/", "https://2130706433:9/", "https://0x7f000001:9/", "https://127.1:9/", "https://0:9/", "https://[::ffff:127.0.0.1]:9/"}) {
    const auto answer = fetch({.url = url}, outside);
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    EXPECT_EQ(answer.error().sentence.find("127"), std::string::npos);
  }
}

}  // namespace joinedup::identity
