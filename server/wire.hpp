// The words of HTTP that need no socket: what a request asks of the connection, how an answer's head is written.
// Inside this room only.
//
//   accepts_gzip("br, gzip;q=0.5") == true
//   response_head(response, {.version = 11, .length = 12, .keep = Keep::open, .request = "0a…"})
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "rest/rest.hpp"

namespace joinedup::server {

bool accepts_gzip(std::string_view accept_encoding);
bool has_token(std::string_view list, std::string_view token);  // of a comma-separated header, whatever its case

enum class Keep { open, close };
struct HeadFacts {
  unsigned version = 11;
  std::optional<std::size_t> length;  // nothing: the body comes in chunks, or until the connection ends
  Keep keep = Keep::open;
  std::string_view request;           // the request's id
  bool is_packed = false, is_tls = false, is_chunked = false;
};
std::string response_head(const rest::Response& response, const HeadFacts& facts);

// An OperationOutcome of this room's own making; the sentence is ours and holds nothing that a client sent.
rest::Response fault(int status, std::string_view code, std::string_view sentence);

// The path of a request's target ("/a?b", "http://host/a?b"), and what follows the "?"; nothing where it is neither.
struct Target {
  std::string path, query;
};
std::optional<Target> read_target(std::string_view target);

// True where a Host header names this machine itself: a page from elsewhere may not reach us under a name of its own.
bool is_this_machine(std::string_view host);

}  // namespace joinedup::server
