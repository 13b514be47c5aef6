// One HTTPS POST to a receiver that a partner named: guarded against being led anywhere else. Inside this room only.
//
//   JOINEDUP_TRY(const Endpoint endpoint, read_endpoint("https://partner.example/hook"));
//   JOINEDUP_TRY(const int status, post(endpoint, {.headers = {{"Authorization", "Bearer x"}}}, guard));
//
// https only; the certificate is checked against the name; the address that was checked is the one that is connected to; addresses that are
// not public are refused; no redirect is followed; the whole has one time limit and the answer a size limit.
#pragma once
#include <netinet/in.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "rest/rest.hpp"

namespace joinedup::subscriptions {

struct Endpoint {
  std::string host, path;      // path with its query
  std::uint16_t port = 443;
  std::string authority() const { return host + ":" + std::to_string(port); }
};
Result<Endpoint> read_endpoint(std::string_view url);

struct Post {
  std::vector<rest::Header> headers;
  std::string content_type, body;  // both may be empty
};

struct Guard {
  std::vector<std::string> allowed;      // "host:port" that may have an address that is not public
  std::string authority_file;            // empty: the system's
  std::chrono::milliseconds timeout{10'000};
};

// "Name: value" as a Subscription gives it; an error for what would change the request's form or say who sends it.
Result<rest::Header> read_header(std::string_view line);
Result<int> post(const Endpoint& endpoint, const Post& what, const Guard& guard);  // the status of the answer

}  // namespace joinedup::subscriptions
