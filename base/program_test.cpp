// A program whose reader goes away, whose streams are closed: what it does and what its caller is told. Each in a child process.
#include "base/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>

namespace joinedup {
namespace {

// Its exit status; 1000 and the signal's number where one ended it.
int status_of(const std::function<int()>& program) {
  std::fflush(nullptr);
  const auto child = ::fork();
  if (child == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    ::_exit(program());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}
int write_to_nobody() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 99;
  ::close(ends[1]);
  return ::write(ends[0], "x", 1) == -1 && errno == EPIPE ? 7 : 98;
}
// Standard output on `file` (null: closed; "|": a pipe whose reader has gone), and some text printed.
int print_on(const char* file, int status) {
  std::freopen("/dev/null", "w", stderr);
  if (file == nullptr) {
    ::close(1);
  } else if (*file == '|') {
    int ends[2];
    if (::pipe(ends) != 0) return 99;
    ::close(ends[0]);
    ::dup2(ends[1], 1);
  } else {
    ::dup2(::open(file, O_WRONLY), 1);
  }
  begin_program();
  std::puts("an answer");
  return end_program(status);
}

TEST(Program, APeerThatHangsUpIsAFailedWriteAndNotTheEnd) {
  EXPECT_EQ(status_of(write_to_nobody), 1000 + SIGPIPE) << "without it";
  EXPECT_EQ(status_of([] { survive_hang_ups(); return write_to_nobody(); }), 7);
}
TEST(Program, AnAnswerThatCouldNotBeWrittenIsAFailure) {
  EXPECT_EQ(status_of([] { return print_on("/dev/null", 0); }), 0);
  EXPECT_EQ(status_of([] { return print_on("/dev/null", 3); }), 3);
  for (const char* file : {"|", "/dev/full", static_cast<const char*>(nullptr)}) {
    EXPECT_EQ(status_of([&] { return print_on(file, 0); }), 1) << (file == nullptr ? "closed" : file);
    EXPECT_EQ(status_of([&] { return print_on(file, 2); }), 2) << "what went wrong before is what the caller is told";
  }
}
TEST(Program, NoFileOfOursGetsTheNumberOfAClosedStream) {
  EXPECT_GT(status_of([] {
              for (const int number : {0, 1, 2}) ::close(number);
              begin_program();
              return ::open("/dev/null", O_RDWR);
            }),
            2);  // not 3 exactly: who runs the tests may have left that one open
  EXPECT_EQ(status_of([] {
              ::close(1);
              begin_program();
              return ::open("/dev/null", O_RDWR) > 2 ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace joinedup
