// The entries of a Bundle that was posted, and how each was answered. Inside this room only.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rest/search_bundle.hpp"
#include "rest/state.hpp"

namespace joinedup::rest {

struct BundleEntry {
  std::size_t number = 0;  // from 0
  std::string method, path, query, full_url;
  std::string_view resource;  // its text; empty where there is none. Points into the Bundle's text
  std::string resource_type, resource_id;
  std::string canonical;  // the resource's own url, where it has one
  std::string if_none_exist, if_match, if_none_match, if_modified_since;
};

Result<std::vector<BundleEntry>> read_entries(const fhirpath::Document& document, const State& state);
// The request that an entry stands for, with `body` as its resource; an entry that patches gives its patch.
Result<Request> entry_request(const BundleEntry& entry, std::string_view body, const Call& call);
// An answer holds no more than this: a small Bundle can ask for a great deal.
inline constexpr std::size_t most_answered = 64U << 20;
Response too_much_answered();
Result<std::string> decode_base64(std::string_view text);
Error at_entry(Error error, std::size_t number);

// handle() without its last touches: finds the route and runs it.
Response answer(const State& state, const Request& request);

Response transaction(const State& state, const Call& call, std::vector<BundleEntry> entries);

}  // namespace joinedup::rest
