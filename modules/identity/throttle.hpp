// Wrong passwords cost time: the first few nothing, then twice as long each, for a name and for an address apart. Inside this room only.
//
//   Throttle names({.free = 5}); if (const auto wait = names.wait("gp.one", now); wait > 0) … ;  names.failed("gp.one", now); names.worked("gp.one");
//
// A name that is nobody's is treated as any other, so that nothing is learnt from it. Kept in memory: a restart forgets it.
#pragma once
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "base/hash.hpp"

namespace joinedup::identity {

class Throttle {
 public:
  struct Limits {
    int free = 5;                        // wrong tries that cost nothing
    std::int64_t most = 15 * 60;         // seconds
    std::size_t entries = 100'000;
  };
  Throttle(Limits limits, std::uint64_t seed) : limits_(limits), seed_(seed) {}

  std::int64_t wait(std::string_view who, std::int64_t now) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(hash64(who, seed_));
    return found == entries_.end() ? 0 : std::max<std::int64_t>(0, found->second.until - now);
  }
  // Counts a try before it is judged, so that many at once are not free; worked() takes it back. Gives the time to wait, if any.
  std::int64_t begin(std::string_view who, std::int64_t now) {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= limits_.entries) forget(now);
    auto& entry = entries_[hash64(who, seed_)];
    if (entry.until > now) return entry.until - now;
    if (now - entry.last > 86'400) entry.failures = 0;
    entry.last = now;
    if (++entry.failures >= limits_.free) entry.until = now + std::min(limits_.most, std::int64_t{1} << std::min(20, entry.failures - limits_.free + 1));
    return 0;
  }
  void worked(std::string_view who) {
    const std::lock_guard lock(mutex_);
    entries_.erase(hash64(who, seed_));
  }
  // One try taken back, no more: who knows one password has not earned tries at others'.
  void give_back(std::string_view who) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(hash64(who, seed_));
    if (found == entries_.end()) return;
    if (--found->second.failures < limits_.free) found->second.until = 0;
  }

 private:
  struct Entry {
    int failures = 0;
    std::int64_t last = 0, until = 0;
  };
  void forget(std::int64_t now) {
    std::erase_if(entries_, [&](const auto& e) { return e.second.until + limits_.most < now && e.second.last + limits_.most < now; });
    if (entries_.size() >= limits_.entries) std::erase_if(entries_, [&](const auto& e) { return e.second.failures < limits_.free; });
  }
  Limits limits_;
  std::uint64_t seed_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> entries_;
};

}  // namespace joinedup::identity
