// Our own key of signing, and others' fetched from where they publish them. Inside this room only.
//
//   keys.verify_at("https://app.example/jwks.json", token, {"RS384"}, rules, now)    // asks again for a key it does not know, not too often
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "identity/http_client.hpp"
#include "identity/jose.hpp"
#include "identity/state.hpp"

namespace joinedup::identity {

class Keys {
 public:
  Jwk own;                                   // RS256, of our id tokens

  Result<void> verify_at(const std::string& url, const Jwt& token, const std::vector<std::string>& allowed, const HttpRules& rules, std::int64_t now);

 private:
  struct Held {
    std::mutex fetching;
    std::vector<Jwk> keys;
    std::int64_t fetched = 0, asked = 0;
  };
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Held>> held_;
};

Result<std::shared_ptr<Keys>> open_keys(const State& state);
Result<void> check_client(const State& state, const Client& client);
Result<std::string> launch_address(State& state, const access::Subject& subject, const std::string& client, const std::string& patient);

}  // namespace joinedup::identity
