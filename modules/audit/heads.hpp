// Signed heads of chains, and the keys that sign them. Inside this room only.
//
//   JOINEDUP_TRY(auto signer, Signer::open(folder, key_file));
//   const std::string line = signer.sign({.writer = "serve", .chain = …, .hash = …, .sequence = 17});   // one JSON line, no end of line
//   JOINEDUP_TRY(const auto keys, read_keys(folder));     // each signed by the one before it
//   if (!is_signed(head, keys)) …
//
// Files: <folder>/keys.jsonl, <folder>/chains.jsonl (every chain ever begun), <folder>/<writer>/head (the newest, overwritten),
// <folder>/<writer>/heads.jsonl (now and then), signing.key (0600).
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/audit.hpp"
#include "audit/segment.hpp"

namespace joinedup::audit {

class Signer {
 public:
  static Result<Signer> open(const std::string& folder, const std::string& key_file);
  // Takes the key that was rotated in meanwhile, and writes while none can be: `write` is given this signer.
  Result<void> with_newest(const std::string& folder, const std::string& key_file, const std::function<Result<void>(const Signer&)>& write);
  std::string sign(Head head) const;  // sets key and signature
  const std::string& public_key() const { return public_; }

 private:
  friend Result<void> rotate_signing_key(const std::string&, const std::string&);
  static Result<Signer> open_locked(const std::string& folder, const std::string& key_file);  // by whoever holds keys.lock
  std::string secret_, public_;       // secret_: 64 bytes; public_: hex
};

struct SigningKey {
  std::string key, instant, by, signature;  // hex
};
Result<std::vector<SigningKey>> read_keys(const std::string& folder);
Result<std::vector<SigningKey>> parse_keys(std::string_view lines);
bool is_signed(const Head& head, const std::vector<SigningKey>& keys);
Result<Head> parse_head(std::string_view line);

// What an exported document, or a file of lines, holds.
struct HeadsFile {
  std::vector<SigningKey> keys;
  std::vector<Head> heads;
};
Result<HeadsFile> read_heads_file(const std::string& path);

std::string instant_text(std::int64_t microseconds);  // 2026-01-31T09:30:00.123456Z
std::int64_t instant_now_micro();

}  // namespace joinedup::audit
