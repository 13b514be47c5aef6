// A process that is killed while it writes: what it said was kept is there, and the chain is whole.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "audit/audit.hpp"
#include "base/test_folder.hpp"
#include "base/text.hpp"

namespace joinedup::audit {
namespace {

// Says on the pipe what was acknowledged, until it is killed.
[[noreturn]] void append_for_ever(const std::string& folder, int round, int pipe) {
  auto log = Log::open({.folder = folder, .writer = "serve", .segment_bytes = 256 * 1024});
  if (!log) _exit(1);
  std::vector<std::thread> threads;
  std::atomic<int> waiting = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        while (waiting > 256) std::this_thread::sleep_for(std::chrono::microseconds(100));
        ++waiting;
        const auto name = "r" + std::to_string(round) + "." + std::to_string(t) + "." + std::to_string(i);
        (*log)->append({.kind = "read", .outcome = "allowed", .user = "u-1", .request = name, .query = i % 4 == 0 ? "Patient?name=x" : "", .resources = {"Observation/1/_history/1"}, .patients = {"9"}},
                       [&, name, pipe](const Result<void>& kept) {
                         --waiting;
                         const auto line = name + "\n";
                         if (kept && ::write(pipe, line.data(), line.size()) < 0) _exit(2);
                       });
      }
    });
  for (auto& thread : threads) thread.join();
  _exit(0);
}

TEST(Kill, WhatWasAcknowledgedOutlivesTheProcess) {
  const int kills = std::getenv("JOINEDUP_KILLS") != nullptr ? std::atoi(std::getenv("JOINEDUP_KILLS")) : 3;
  TestFolder folder;
  std::mt19937 random(static_cast<unsigned>(kills));
  std::uint64_t acknowledged = 0, torn = 0;
  for (int round = 0; round < kills; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      append_for_ever(folder.file("audit"), round, ends[1]);
    }
    ::close(ends[1]);
    std::string said;
    std::thread listener([&] {
      char room[65536];
      for (ssize_t got = 0; (got = ::read(ends[0], room, sizeof room)) > 0;) said.append(room, static_cast<std::size_t>(got));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 120));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    listener.join();
    ::close(ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << status;
    const auto end = said.rfind('\n');
    std::set<std::string, std::less<>> answered;
    if (end != std::string::npos)
      for (const auto line : split(std::string_view(said).substr(0, end), '\n')) answered.emplace(line);
    acknowledged += answered.size();
    const auto verified = verify(folder.file("audit"));
    ASSERT_TRUE(verified) << verified.error().text();
    ASSERT_TRUE(verified->ok) << "round " << round << ": " << verified->first_bad;
    torn += verified->notes.size() > 1 ? 1 : 0;
    auto reader = *Reader::open(folder.file("audit"));
    const auto found = reader->find({.count = answered.size() + 5'000});
    ASSERT_TRUE(found) << found.error().text();
    for (const auto& kept : *found) answered.erase(kept.event.request);
    ASSERT_TRUE(answered.empty()) << "round " << round << ": " << answered.size() << " answered accesses have no event, such as " << *answered.begin();
  }
  EXPECT_GT(acknowledged, static_cast<std::uint64_t>(kills)) << "it wrote while it was killed";
  std::printf("%d kills, %llu acknowledged events, %llu times an event was cut short\n", kills, static_cast<unsigned long long>(acknowledged), static_cast<unsigned long long>(torn));
}

}  // namespace
}  // namespace joinedup::audit
