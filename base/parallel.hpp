// parallel_for: run work(i) for i in [0, count) on `threads` threads, one item at a time from a shared counter.
// The work must not depend on which thread runs it. The first error stops the rest and is returned.
#pragma once
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.hpp"

namespace joinedup {

template <class Work>
Result<void> parallel_for(std::size_t count, unsigned threads, Work work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::optional<Error> first;
  const auto run = [&] {
    for (std::size_t at = next++; at < count; at = next++) {
      Result<void> done = work(at);
      if (done) continue;
      next = count;
      const std::lock_guard lock(mutex);
      if (!first) first = done.error();
    }
  };
  if (threads < 2 || count < 2) run();
  else {
    std::vector<std::thread> crew;
    for (unsigned i = 1; i < threads; ++i) crew.emplace_back(run);
    run();
    for (auto& worker : crew) worker.join();
  }
  if (first) return tl::unexpected<Error>(*first);
  return {};
}

}  // namespace joinedup
