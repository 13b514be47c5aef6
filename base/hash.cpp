#include "base/hash.hpp"

#define XXH_INLINE_ALL
#define OPENSSL_SUPPRESS_DEPRECATED  // SHA256_*: the block state that HmacKey copies
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace joinedup {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) { EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

Digest Sha256::finish() {
  Digest digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &length);
  EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
  return digest;
}

std::string Sha256::finish_hex() { return to_hex(finish()); }

Result<std::string> sha256_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(ErrorCode::not_found, std::string("The file cannot be opened: ") + std::strerror(errno) + ".", path);
  Sha256 sum;
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const auto got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int why = errno;
      ::close(file);
      return fail(ErrorCode::unavailable, std::string("The file cannot be read: ") + std::strerror(why) + ".", path);
    }
    if (got == 0) break;
    sum.update({buffer.data(), static_cast<std::size_t>(got)});
  }
  ::close(file);
  return sum.finish_hex();
}

Digest hmac_sha256(std::string_view key, std::string_view message) {
  Digest digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), digest.data(), &length);
  return digest;
}

struct HmacKey::State {
  SHA256_CTX inner, outer;
};

HmacKey::HmacKey(std::string_view key) : state_(std::make_unique<State>()) {
  unsigned char block[64] = {};
  if (key.size() > sizeof block) SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), block);
  else std::memcpy(block, key.data(), key.size());
  for (auto& byte : block) byte ^= 0x36;
  SHA256_Init(&state_->inner);
  SHA256_Update(&state_->inner, block, sizeof block);
  for (auto& byte : block) byte ^= 0x36 ^ 0x5c;
  SHA256_Init(&state_->outer);
  SHA256_Update(&state_->outer, block, sizeof block);
}

HmacKey::~HmacKey() = default;

Digest HmacKey::of(std::string_view message) const {
  Digest digest{};
  SHA256_CTX inner = state_->inner, outer = state_->outer;
  SHA256_Update(&inner, message.data(), message.size());
  SHA256_Final(digest.data(), &inner);
  SHA256_Update(&outer, digest.data(), digest.size());
  SHA256_Final(digest.data(), &outer);
  return digest;
}

}  // namespace joinedup
