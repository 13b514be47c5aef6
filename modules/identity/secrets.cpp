#include "identity/secrets.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sodium.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

namespace joinedup::identity {

namespace {

constexpr std::string_view base32_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// Argon2 takes memory on purpose: a crowd at the door must not take all there is.
class Slots {
 public:
  bool enter() {
    std::unique_lock lock(mutex_);
    if (waiting_ >= 64) return false;
    ++waiting_;
    changed_.wait(lock, [this] { return busy_ < most_; });
    --waiting_;
    ++busy_;
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --busy_;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned busy_ = 0, waiting_ = 0;
  const unsigned most_ = std::max(1U, std::thread::hardware_concurrency());
};

Slots& slots() {
  static Slots all;
  return all;
}

struct CostFigures {
  unsigned long long passes;
  std::size_t bytes;
};
// OWASP's password storage figures ask for 46 MiB at one pass, or 19 MiB at two.
CostFigures figures(Cost cost) { return cost == Cost::normal ? CostFigures{2, 46ULL << 20} : CostFigures{1, 64ULL << 10}; }

Error too_many() { return {ErrorCode::unavailable, "Too many people are signing in at this moment. Try again in a few seconds.", {}}; }

}  // namespace

void start_sodium() {
  static const int started = sodium_init();
  JOINEDUP_INVARIANT(started >= 0, "the library of secrets could not start");
}

std::string random_bytes(std::size_t size) {
  std::string out(size, '\0');
  randombytes_buf(out.data(), size);
  return out;
}

std::string random_token() { return base64url(random_bytes(32)); }

namespace {
std::string encode64(std::string_view bytes, int variant) {
  std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), variant);
  out.pop_back();
  return out;
}
}  // namespace

std::string base64url(std::string_view bytes) { return encode64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING); }
std::string base64(std::string_view bytes) { return encode64(bytes, sodium_base64_VARIANT_ORIGINAL); }

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  if (text.empty()) return out;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr, &size, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) return {};
  out.resize(size);
  return out;
}

std::string base32(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 5; held -= 5) out += base32_letters[(bits >> (held - 5)) & 31];
  }
  if (held > 0) out += base32_letters[(bits << (5 - held)) & 31];
  return out;
}

std::optional<std::string> from_base32(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-' || c == '=') continue;
    const auto at = base32_letters.find(static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
    if (at == base32_letters.npos) return {};
    bits = (bits << 5) | static_cast<std::uint32_t>(at);
    if ((held += 5) >= 8) out += static_cast<char>((bits >> (held -= 8)) & 255);
  }
  return out;
}

Digest fingerprint(std::string_view secret) {
  Digest out;
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), out.data());
  return out;
}

bool equal_secrets(std::string_view a, std::string_view b) { return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0; }

Result<std::string> hash_password(const std::string& password, Cost cost) {
  if (!slots().enter()) return tl::unexpected<Error>(too_many());
  char out[crypto_pwhash_STRBYTES];
  const int failed = crypto_pwhash_str_alg(out, password.data(), password.size(), figures(cost).passes, figures(cost).bytes, crypto_pwhash_ALG_ARGON2ID13);
  slots().leave();
  if (failed != 0) return fail(ErrorCode::unavailable, "There is not enough memory to check a password now. Try again in a moment.");
  return std::string(out);
}

Result<bool> password_matches(const std::string& hash, const std::string& password) {
  if (!slots().enter()) return tl::unexpected<Error>(too_many());
  const int differs = crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size());
  slots().leave();
  return differs == 0;
}

bool wants_new_hash(const std::string& hash, Cost cost) { return crypto_pwhash_str_needs_rehash(hash.c_str(), figures(cost).passes, figures(cost).bytes) != 0; }

std::string totp(std::string_view secret, std::int64_t step) {
  unsigned char counter[8], mac[EVP_MAX_MD_SIZE];
  for (int i = 0; i < 8; ++i) counter[i] = static_cast<unsigned char>(step >> (56 - 8 * i));
  unsigned int size = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter, sizeof counter, mac, &size);
  const unsigned at = mac[size - 1] & 15;
  const std::uint32_t number = (static_cast<std::uint32_t>(mac[at] & 127) << 24) | (static_cast<std::uint32_t>(mac[at + 1]) << 16) | (static_cast<std::uint32_t>(mac[at + 2]) << 8) | mac[at + 3];
  char text[8];
  std::snprintf(text, sizeof text, "%06u", number % 1'000'000);
  return text;
}

std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code, std::int64_t now, std::int64_t last_step) {
  std::optional<std::int64_t> found;
  for (std::int64_t step = totp_step(now) - 1; step <= totp_step(now) + 1; ++step)
    if (equal_secrets(totp(secret, step), code) && step > last_step && !found) found = step;
  return found;
}

std::string seal(std::string_view key, std::string_view text) {
  std::string out = random_bytes(crypto_secretbox_NONCEBYTES);
  out.resize(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + text.size());
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  crypto_secretbox_easy(at + crypto_secretbox_NONCEBYTES, reinterpret_cast<const unsigned char*>(text.data()), text.size(), at, reinterpret_cast<const unsigned char*>(key.data()));
  return base64url(out);
}

std::optional<std::string> unseal(std::string_view key, std::string_view sealed) {
  const auto bytes = from_base64url(sealed);
  constexpr std::size_t extra = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (!bytes || bytes->size() < extra) return {};
  std::string out(bytes->size() - extra, '\0');
  const auto* at = reinterpret_cast<const unsigned char*>(bytes->data());
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(out.data()), at + crypto_secretbox_NONCEBYTES, bytes->size() - crypto_secretbox_NONCEBYTES, at, reinterpret_cast<const unsigned char*>(key.data())) != 0) return {};
  return out;
}

}  // namespace joinedup::identity
