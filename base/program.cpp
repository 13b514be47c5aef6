#include "base/program.hpp"

#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

namespace joinedup {

void survive_hang_ups() { std::signal(SIGPIPE, SIG_IGN); }

void begin_program() {
  survive_hang_ups();
  // In this order: open() gives the lowest number that is free. Standard output is opened for reading, so that writing to it fails and is said.
  for (const auto& [number, way] : {std::pair{0, O_RDONLY}, std::pair{1, O_RDONLY}, std::pair{2, O_WRONLY}})
    if (::fcntl(number, F_GETFD) == -1 && errno == EBADF) static_cast<void>(::open("/dev/null", way));
}

int end_program(int status) {
  const bool is_out = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (is_out || (status != 0 && status != 3)) return status;
  std::fputs("joinedup: The answer could not be written to its end: its reader stopped reading, or there is no room. What the command did besides is done.\n", stderr);
  return 1;
}

}  // namespace joinedup
