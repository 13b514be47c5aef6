// What only a guardian may read: a search's query, a reason in somebody's words. Inside this room only.
//
//   JOINEDUP_TRY(auto sealer, Sealer::open(folder, key_file));
//   event.sealed = sealer.seal("Patient?name=smith", "");
//   JOINEDUP_TRY(const auto plain, unseal(event.sealed, guardian_secret));   // plain.query, plain.reason
//
// Bytes: 1 · data key sealed to the guardian (libsodium's crypto_box_seal, 80 bytes) · nonce (24) · XChaCha20-Poly1305 of the two texts.
// A data key lives in memory for an hour at most, so a stolen disk tells nothing and a stolen process little.
#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace joinedup::audit {

class Sealer {
 public:
  static Result<std::unique_ptr<Sealer>> open(const std::string& folder, const std::string& secret_file);
  std::string seal(std::string_view query, std::string_view reason);  // any thread

 private:
  void renew();
  std::string guardian_;  // public, 32 bytes
  std::mutex mutex_;
  std::string key_, box_;
  std::chrono::steady_clock::time_point until_{};
};

struct Unsealed {
  std::string query, reason;
};
Result<Unsealed> unseal(std::string_view sealed, const std::string& guardian_secret);
Result<std::string> read_guardian_secret(const std::string& file);
std::string shape_of(std::string_view query);  // "Patient?name:exact=smith&_count=5" → "Patient?name:exact&_count"

}  // namespace joinedup::audit
