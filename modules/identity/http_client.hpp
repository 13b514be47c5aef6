// Asking other servers, of whom we trust neither name nor answer: https only, no redirects, no private addresses, bounded in time and size.
// Inside this room only.
//
//   JOINEDUP_TRY(const auto answer, fetch({.url = "https://login.example/.well-known/openid-configuration"}, {}));
//   answer.status, answer.body
//
// A name is resolved once; every address that it has must be allowed, and one of those is connected to. A redirect is an answer, not an order.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "identity/identity.hpp"

namespace joinedup::identity {

enum class PrivateAddresses : std::uint8_t { refused, allowed };  // allowed: a provider on the place's own network

struct HttpRules {
  Network network = Network::outside;
  PrivateAddresses private_addresses = PrivateAddresses::refused;
  std::chrono::milliseconds time{8000};
  std::size_t most = 256 * 1024;            // bytes of an answer
};

struct HttpAsked {
  std::string method = "GET", url;
  std::vector<rest::Header> headers = {};
  std::string body = {};
};

struct Address {
  std::string scheme, host, port, target;   // host without brackets
};
Result<Address> read_address(const std::string& url, const HttpRules& rules);

Result<rest::Response> fetch(const HttpAsked& asked, const HttpRules& rules);

}  // namespace joinedup::identity
