// Secrets: made by the system's generator, kept as hashes, compared in constant time. Inside this room only.
//
//   const std::string token = random_token();            // 256 bits, 43 characters that may stand in a URL
//   table.insert(fingerprint(token));                     // what is kept of it
//   hash_password("correct horse", Cost::normal); password_matches(hash, "correct horse");
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "identity/identity.hpp"

namespace joinedup::identity {

void start_sodium();                                       // once a program; again does nothing
std::string random_bytes(std::size_t size);
std::string random_token();
std::string base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);  // strict: no padding, nothing else
std::string base64(std::string_view bytes);
std::string base32(std::string_view bytes);                // RFC 4648, no padding
std::optional<std::string> from_base32(std::string_view text);
Digest fingerprint(std::string_view secret);               // SHA-256: of secrets with 128 bits or more only
bool equal_secrets(std::string_view a, std::string_view b);

// Argon2id (RFC 9106). At most as many at a time as `hashing_slots`; who would wait behind more than 64 others is turned away.
Result<std::string> hash_password(const std::string& password, Cost cost);
Result<bool> password_matches(const std::string& hash, const std::string& password);
bool wants_new_hash(const std::string& hash, Cost cost);

// RFC 6238: HMAC-SHA-1, 30 seconds, six digits.
std::string totp(std::string_view secret, std::int64_t step);
constexpr std::int64_t totp_step(std::int64_t seconds) { return seconds / 30; }
// The step that the code belongs to: now, the one before or the one after, and later than the last one used.
std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code, std::int64_t now, std::int64_t last_step);

// XSalsa20-Poly1305 under the place's key of accounts: what must be read again (TOTP secrets) and is in a backup too.
std::string seal(std::string_view key, std::string_view text);
std::optional<std::string> unseal(std::string_view key, std::string_view sealed);

}  // namespace joinedup::identity
