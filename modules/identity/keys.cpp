#include "identity/keys.hpp"

#include <filesystem>

#include "base/file.hpp"

namespace joinedup::identity {

namespace {
constexpr std::int64_t fresh_for = 600;      // seconds; a key withdrawn there is good here no longer than this
constexpr std::int64_t between_asking = 30;  // unknown keys make us ask, but no faster
}  // namespace

Result<void> Keys::verify_at(const std::string& url, const Jwt& token, const std::vector<std::string>& allowed, const HttpRules& rules, std::int64_t now) {
  std::shared_ptr<Held> held;
  {
    const std::lock_guard lock(mutex_);
    if (held_.size() > 1000) held_.clear();
    auto& slot = held_[url];
    if (!slot) slot = std::make_shared<Held>();
    held = slot;
  }
  const std::lock_guard lock(held->fetching);
  const auto ask = [&]() -> Result<void> {
    held->asked = now;
    JOINEDUP_TRY(const auto answer, fetch({.url = url, .headers = {{"Accept", "application/json"}}}, rules));
    if (answer.status != 200) return fail(ErrorCode::unavailable, "The keys are not where they should be.");
    JOINEDUP_TRY(held->keys, read_jwks(answer.body));
    held->fetched = now;
    return {};
  };
  if (now - held->fetched >= fresh_for) {
    if (now - held->asked < between_asking && held->asked > 0 && held->fetched == 0) return fail(ErrorCode::unavailable, "The keys could not be fetched a moment ago.");
    if (auto asked = ask(); !asked) return asked;
  }
  auto verified = verify_signature(token, held->keys, allowed);
  if (verified || verified.error().code != ErrorCode::not_found || now - held->asked < between_asking) return verified;
  if (auto asked = ask(); !asked) return asked;
  return verify_signature(token, held->keys, allowed);
}

Result<std::shared_ptr<Keys>> open_keys(const State& state) {
  auto keys = std::make_shared<Keys>();
  const auto file = state.options.place + "/identity/signing.pem";
  if (!std::filesystem::exists(file)) {
    JOINEDUP_TRY(const auto made, make_key("RSA"));
    JOINEDUP_TRY(const auto pem, key_pem(made));
    JOINEDUP_CHECK(write_file(file, pem, FileMode::secret));
  }
  JOINEDUP_TRY(const auto pem, read_file(file));
  JOINEDUP_TRY(keys->own, read_key_pem(pem));
  return keys;
}

}  // namespace joinedup::identity
