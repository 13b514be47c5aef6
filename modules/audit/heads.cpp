#include "audit/heads.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "audit/files.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup::audit {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view key_title = "joinedup audit signing key 1\n";

std::string hex(std::string_view bytes) { return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}); }
std::string unhex(std::string_view text) {
  std::string out(text.size() / 2, '\0');
  std::size_t size = 0;
  if (sodium_hex2bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr, &size, nullptr) != 0 || size * 2 != text.size()) return {};
  return out;
}
std::string signature_of(const std::string& secret, std::string_view text) {
  std::string out(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(out.data()), nullptr, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       reinterpret_cast<const unsigned char*>(secret.data()));
  return hex(out);
}
bool is_signature(std::string_view signature, std::string_view text, std::string_view key) {
  const auto signed_by = unhex(signature), public_key = unhex(key);
  return signed_by.size() == crypto_sign_BYTES && public_key.size() == crypto_sign_PUBLICKEYBYTES &&
         crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(signed_by.data()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                     reinterpret_cast<const unsigned char*>(public_key.data())) == 0;
}

std::string head_text(const Head& head) {
  return "joinedup audit head 1\n" + head.writer + "\n" + head.chain + "\n" + std::to_string(head.sequence) + "\n" + head.hash + "\n" + head.instant + "\n";
}
std::string key_text(const SigningKey& key) { return "joinedup audit key 1\n" + key.key + "\n" + key.instant + "\n" + key.by + "\n"; }
std::string key_line(const SigningKey& key) {
  return R"({"format":1,"key":")" + key.key + R"(","instant":")" + key.instant + R"(","by":")" + key.by + R"(","signature":")" + key.signature + "\"}\n";
}

struct Pair {
  std::string secret, open;  // 64 bytes, hex
};
Pair new_pair() {
  std::string open(crypto_sign_PUBLICKEYBYTES, '\0'), secret(crypto_sign_SECRETKEYBYTES, '\0');
  crypto_sign_keypair(reinterpret_cast<unsigned char*>(open.data()), reinterpret_cast<unsigned char*>(secret.data()));
  return {secret, hex(open)};
}

Result<Pair> read_secret(const std::string& file) {
  JOINEDUP_TRY(const auto text, read_file(file));
  Pair pair;
  if (text.starts_with(key_title)) pair.secret = unhex(trim(std::string_view(text).substr(key_title.size())));
  if (pair.secret.size() != crypto_sign_SECRETKEYBYTES) return fail(ErrorCode::invalid_input, "This is not a signing key of the audit log.", file);
  pair.open = hex(std::string_view(pair.secret).substr(crypto_sign_SECRETKEYBYTES - crypto_sign_PUBLICKEYBYTES));
  return pair;
}

Result<void> write_secret(const std::string& file, const Pair& pair) { return write_file(file, std::string(key_title) + hex(pair.secret) + "\n", FileMode::secret); }

std::string string_of(const nlohmann::json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}
SigningKey key_of(const nlohmann::json& object) { return {string_of(object, "key"), string_of(object, "instant"), string_of(object, "by"), string_of(object, "signature")}; }
Head head_of(const nlohmann::json& object) {
  Head head{string_of(object, "writer"), string_of(object, "chain"), string_of(object, "hash"), string_of(object, "instant"), string_of(object, "key"), string_of(object, "signature"), 0};
  if (const auto at = object.find("sequence"); at != object.end() && at->is_number_unsigned()) head.sequence = at->get<std::uint64_t>();
  return head;
}
nlohmann::json json_of(std::string_view text) { return nlohmann::json::parse(text, nullptr, false); }

Result<std::vector<SigningKey>> checked(std::vector<SigningKey> keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& by = i == 0 ? keys[0].key : keys[i - 1].key;
    if (keys[i].by != by || !is_signature(keys[i].signature, key_text(keys[i]), by))
      return fail(ErrorCode::invalid_input, "A signing key of the audit log is not signed by the one before it.", "keys.jsonl:" + std::to_string(i + 1));
  }
  if (keys.empty()) return fail(ErrorCode::not_found, "The list of the audit log's signing keys is empty.", "keys.jsonl");
  return keys;
}

}  // namespace

std::string instant_text(std::int64_t microseconds) {
  const auto seconds = static_cast<std::time_t>(microseconds / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(microseconds % 1'000'000));
  return text;
}

std::int64_t instant_now_micro() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Result<Signer> Signer::open(const std::string& folder, const std::string& key_file) {
  if (sodium_init() < 0) return fail(ErrorCode::internal, "The system gives no random numbers.");
  JOINEDUP_TRY(const auto lock, FileLock::take(folder + "/keys.lock", FileLock::Wait::yes));
  return open_locked(folder, key_file);
}

Result<void> Signer::with_newest(const std::string& folder, const std::string& key_file, const std::function<Result<void>(const Signer&)>& write) {
  JOINEDUP_TRY(const auto lock, FileLock::take(folder + "/keys.lock", FileLock::Wait::yes));
  JOINEDUP_TRY(const auto list, read_file(folder + "/keys.jsonl"));
  // The list's last line names the key in use; the whole of it is checked only where that is another one.
  if (const auto last = trim(std::string_view(list)); last.substr(last.rfind('\n') + 1).find("\"key\":\"" + public_ + "\"") == std::string_view::npos) {
    JOINEDUP_TRY(*this, open_locked(folder, key_file));
  }
  return write(*this);
}

Result<Signer> Signer::open_locked(const std::string& folder, const std::string& key_file) {
  Signer signer;
  const auto waiting = key_file + ".next";
  if (fs::exists(waiting)) {  // killed while a key was made: it is the key if the list says so
    const auto pair = read_secret(waiting);
    const auto keys = read_keys(folder);
    std::error_code ignored;
    if (pair && keys && keys->back().key == pair->open) fs::rename(waiting, key_file, ignored);
    else fs::remove(waiting, ignored);
  }
  if (!fs::exists(key_file)) {
    if (fs::exists(folder + "/keys.jsonl"))
      return fail(ErrorCode::not_found, "The audit log's signing key is gone; put it back from where keys are kept, or move the whole audit folder aside as evidence.", key_file);
    const auto pair = new_pair();
    SigningKey key{pair.open, instant_text(instant_now_micro()), pair.open, {}};
    key.signature = signature_of(pair.secret, key_text(key));
    JOINEDUP_CHECK(write_secret(waiting, pair));
    JOINEDUP_CHECK(write_file(folder + "/keys.jsonl", key_line(key), FileMode::secret));
    std::error_code failed;
    fs::rename(waiting, key_file, failed);
    if (failed) return fail(ErrorCode::unavailable, "The audit log's signing key could not be put in its place: " + failed.message() + ".", key_file);
  }
  JOINEDUP_TRY(const auto pair, read_secret(key_file));
  JOINEDUP_TRY(const auto keys, read_keys(folder));
  if (keys.back().key != pair.open) return fail(ErrorCode::invalid_input, "The audit log's signing key is not the newest of its list.", key_file);
  signer.secret_ = pair.secret;
  signer.public_ = pair.open;
  return signer;
}

std::string Signer::sign(Head head) const {
  head.key = public_;
  head.signature = signature_of(secret_, head_text(head));
  return R"({"format":1,"writer":")" + head.writer + R"(","chain":")" + head.chain + R"(","sequence":)" + std::to_string(head.sequence) + R"(,"hash":")" + head.hash +
         R"(","instant":")" + head.instant + R"(","key":")" + head.key + R"(","signature":")" + head.signature + "\"}";
}

Result<std::vector<SigningKey>> parse_keys(std::string_view lines) {
  std::vector<SigningKey> keys;
  for (const auto line : split(lines, '\n')) {
    if (trim(line).empty()) continue;
    const auto object = json_of(line);
    if (!object.is_object()) return fail(ErrorCode::invalid_input, "The list of the audit log's signing keys was changed.", "keys.jsonl");
    keys.push_back(key_of(object));
  }
  return checked(std::move(keys));
}

Result<std::vector<SigningKey>> read_keys(const std::string& folder) {
  JOINEDUP_TRY(const auto text, read_file(folder + "/keys.jsonl"));
  return parse_keys(text);
}

bool is_signed(const Head& head, const std::vector<SigningKey>& keys) {
  for (const auto& key : keys)
    if (key.key == head.key) return is_signature(head.signature, head_text(head), head.key);
  return false;
}

Result<Head> parse_head(std::string_view line) {
  const auto object = json_of(line);
  if (!object.is_object()) return fail(ErrorCode::invalid_input, "This is not a signed head of an audit log.");
  return head_of(object);
}

Result<HeadsFile> read_heads_file(const std::string& path) {
  JOINEDUP_TRY(const auto text, read_file(path));
  HeadsFile file;
  const auto document = json_of(text);
  if (document.is_object() && document.contains("heads")) {
    if (const auto at = document.find("keys"); at != document.end() && at->is_array())
      for (const auto& key : *at)
        if (key.is_object()) file.keys.push_back(key_of(key));
    if (document["heads"].is_array())
      for (const auto& head : document["heads"])
        if (head.is_object()) file.heads.push_back(head_of(head));
    JOINEDUP_TRY(file.keys, checked(std::move(file.keys)));
    return file;
  }
  for (const auto line : split(text, '\n')) {
    if (trim(line).empty()) continue;
    JOINEDUP_TRY(auto head, parse_head(line));
    file.heads.push_back(std::move(head));
  }
  if (file.heads.empty()) return fail(ErrorCode::invalid_input, "This file holds no signed heads of an audit log.", path);
  return file;
}

Result<std::string> export_heads(const std::string& folder) {
  JOINEDUP_TRY(const auto keys, read_keys(folder));
  nlohmann::json document = {{"format", 1}, {"exported", instant_text(instant_now_micro())}, {"keys", nlohmann::json::array()}, {"heads", nlohmann::json::array()}};
  for (const auto& key : keys) document["keys"].push_back(json_of(key_line(key)));
  for (const auto& writer : writers_of(folder)) {
    JOINEDUP_TRY(const auto text, read_file(folder + "/" + writer + "/head"));
    JOINEDUP_TRY(const auto head, parse_head(text));
    if (!is_signed(head, keys)) return fail(ErrorCode::invalid_input, "The newest head of an audit log is not signed by its keys; run joinedup govern audit verify.", writer);
    document["heads"].push_back(json_of(text));
  }
  return document.dump(1) + "\n";
}

Result<void> rotate_signing_key(const std::string& folder, const std::string& signing_key_file) {
  const auto key_file = signing_key_file.empty() ? folder + "/signing.key" : signing_key_file;
  JOINEDUP_TRY(const auto before, Signer::open(folder, key_file));
  JOINEDUP_TRY(const auto lock, FileLock::take(folder + "/keys.lock", FileLock::Wait::yes));
  const auto pair = new_pair();
  SigningKey key{pair.open, instant_text(instant_now_micro()), before.public_, {}};
  key.signature = signature_of(before.secret_, key_text(key));
  JOINEDUP_TRY(const auto lines, read_file(folder + "/keys.jsonl"));
  // The key first, beside its place: killed after the list was written, the next to open finds it there.
  const auto waiting = key_file + ".next";
  JOINEDUP_CHECK(write_secret(waiting, pair));
  JOINEDUP_CHECK(write_file(folder + "/keys.jsonl", lines + key_line(key), FileMode::secret));
  std::error_code failed;
  fs::rename(waiting, key_file, failed);
  if (failed) return fail(ErrorCode::unavailable, "The new signing key could not take the old one's place: " + failed.message() + ".", key_file);
  Signer signer;
  signer.secret_ = pair.secret;
  signer.public_ = pair.open;
  const std::vector<SigningKey> old_keys = parse_keys(lines).value_or(std::vector<SigningKey>{});
  for (const auto& writer : writers_of(folder)) {
    const auto file = folder + "/" + writer + "/head";
    JOINEDUP_TRY(const auto text, read_file(file));
    JOINEDUP_TRY(const auto head, parse_head(text));
    if (!is_signed(head, old_keys)) continue;  // verify says so
    JOINEDUP_CHECK(overwrite_head(file, signer.sign(head)));
  }
  return {};
}

}  // namespace joinedup::audit
