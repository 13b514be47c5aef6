// Raw bytes at the server's socket, as libFuzzer makes them: whatever comes, the process lives, every answer is of HTTP's form, and
// the connection ends. The whole house stands behind it, over an empty store. Seeds in fuzz/ (see HACKING.md).
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "server/test_support.hpp"

using namespace joinedup;
using namespace joinedup::server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Served* served = [] {
    auto options = open_options();
    options.threads = 1;
    options.writers = 2;
    options.limits.header = options.limits.idle = options.limits.body_grace = Limits::Time(3000);
    options.limits.body_bytes = 1 << 20;
    return new Served(options);
  }();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 0;
  served->server->adopt(ends[1]);
  std::size_t sent = 0;
  while (sent < size) {
    const auto now = ::send(ends[0], data + sent, size - sent, MSG_NOSIGNAL);
    if (now <= 0) break;
    sent += static_cast<std::size_t>(now);
  }
  ::shutdown(ends[0], SHUT_WR);
  std::string heard;
  char room[65536];
  for (ssize_t got = 0; (got = ::recv(ends[0], room, sizeof room, 0)) > 0;) heard.append(room, static_cast<std::size_t>(got));
  ::close(ends[0]);
  if (!heard.empty() && heard.compare(0, 7, "HTTP/1.") != 0) std::abort();
  return 0;
}
