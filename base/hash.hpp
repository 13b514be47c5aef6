// Hashes. hash64 is XXH3 (64 bit; a published, stable function): for joins and buckets, never for secrets.
// Sha256 names content; Hmac keys a pseudonym. All give the same bytes on every machine.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace joinedup {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);
// A well-mixed 64-bit function of two 64-bit words (SplitMix64 finaliser).
constexpr std::uint64_t mix64(std::uint64_t a, std::uint64_t b = 0) {
  std::uint64_t z = a + 0x9E3779B97F4A7C15ULL * (b + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

using Digest = std::array<std::uint8_t, 32>;
std::string to_hex(std::span<const std::uint8_t> bytes);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  Digest finish();
  std::string finish_hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Result<std::string> sha256_file(const std::string& path);  // 64 hex digits
Digest hmac_sha256(std::string_view key, std::string_view message);

// HMAC-SHA-256 under one key for millions of short messages: the key's two block states are computed once.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key);
  ~HmacKey();
  Digest of(std::string_view message) const;  // any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace joinedup
