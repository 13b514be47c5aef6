#include "care_door/wire.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/file.hpp"

namespace joinedup::care_door {
namespace {

constexpr const char* broken = "The process that serves the shared record ended the conversation; see that it runs, and refresh again.";

Result<int> open_socket(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorCode::unsupported, "The place's folder has too long a path for a socket (107 characters at most); refresh while the shared record is not served.", path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) return tl::unexpected(system_error("No socket could be made", path));
  return made;
}

}  // namespace

Result<int> connect_to(const std::string& path) {
  sockaddr_un address;
  JOINEDUP_TRY(const int made, open_socket(path, address));
  if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
  ::close(made);
  return fail(ErrorCode::not_found, "Nobody serves the shared record at this socket.", path);
}

Result<int> listen_at(const std::string& path) {
  // Whoever holds the record's lock may take the socket: an old one is of a process that ended without tidying up.
  ::unlink(path.c_str());
  sockaddr_un address;
  JOINEDUP_TRY(const int made, open_socket(path, address));
  const auto mask = ::umask(0177);
  const bool bound = ::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::umask(mask);
  if (bound && ::listen(made, 8) == 0) return made;
  const auto error = system_error("The socket for refreshes could not be opened", path);
  ::close(made);
  return tl::unexpected(error);
}

Result<void> send_text(int socket, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto sent = ::send(socket, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return fail(ErrorCode::unavailable, broken);
    at += static_cast<std::size_t>(sent);
  }
  return {};
}

Result<std::string> receive_line(int socket) {
  std::string line;
  for (char c = 0; line.size() < 4096; line += c) {
    const auto got = ::recv(socket, &c, 1, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 && line.empty()) return line;
    if (got <= 0) return fail(ErrorCode::unavailable, broken);
    if (c == '\n') return line;
  }
  return fail(ErrorCode::invalid_input, "A line over the socket for refreshes is too long.");
}

Result<std::string> receive_bytes(int socket, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t at = 0; at < bytes;) {
    const auto got = ::recv(socket, text.data() + at, bytes - at, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(ErrorCode::unavailable, broken);
    at += static_cast<std::size_t>(got);
  }
  return text;
}

Result<Answer> ask(int socket, const std::string& method, const std::string& path, const std::string& body) {
  JOINEDUP_CHECK(send_text(socket, method + " " + path + " " + std::to_string(body.size()) + "\n" + body));
  JOINEDUP_TRY(const auto line, receive_line(socket));
  Answer answer;
  unsigned long length = 0;
  if (std::sscanf(line.c_str(), "%d %lu", &answer.status, &length) != 2) return fail(ErrorCode::unavailable, broken);
  JOINEDUP_TRY(answer.body, receive_bytes(socket, length));
  return answer;
}

}  // namespace joinedup::care_door
