// wire: requests to the process that serves the shared record, over a Unix socket that only its own account may open. A request
// is "METHOD PATH LENGTH\n" and a body, an answer "STATUS LENGTH\n" and a body; FHIR's own interactions, no more. This room only.
#pragma once
#include <string>

#include "base/result.hpp"

namespace joinedup::care_door {

struct Answer {
  int status = 0;
  std::string body;
};

Result<int> connect_to(const std::string& path);            // the socket; not_found where nobody listens
Result<int> listen_at(const std::string& path);             // 0600; an old one that nobody serves is replaced
Result<void> send_text(int socket, const std::string& text);
Result<std::string> receive_line(int socket);               // up to 4,096 bytes; empty at the end
Result<std::string> receive_bytes(int socket, std::size_t bytes);
Result<Answer> ask(int socket, const std::string& method, const std::string& path, const std::string& body);

}  // namespace joinedup::care_door
