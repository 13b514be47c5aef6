// What all connections share, and what the watch over them sees of each: no Boost here. Inside this room only.
//
// A connection that keeps its peer waiting does so by work; a peer that keeps us waiting does so against a deadline. The watch
// looks four times a second at all deadlines and shuts down the sockets whose time is over, which wakes their sessions.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "server/access_log.hpp"
#include "server/metrics.hpp"
#include "server/server.hpp"
#include "server/site.hpp"

namespace joinedup::server {

using Clock = std::chrono::steady_clock;

class Connection {
 public:
  enum class Phase : std::uint8_t { idle, reading, working, writing, ended };
  explicit Connection(int socket, std::string address) : socket_(socket), address_(std::move(address)) {}
  void enter(Phase phase, Clock::time_point until) {
    deadline_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
    phase_.store(phase, std::memory_order_release);
  }
  Phase phase() const { return phase_.load(std::memory_order_acquire); }
  bool is_over(Clock::time_point now) const { return now.time_since_epoch().count() > deadline_.load(std::memory_order_relaxed); }
  bool was_late() const { return late_.load(std::memory_order_acquire); }
  void wake_late();                // its time is over
  void wake_reader();              // a waiting read ends
  void cut();                      // nothing more in either direction
  void ended();                    // before the socket is closed: its number may be another's from then on
  const std::string& address() const { return address_; }

 private:
  std::mutex mutex_;
  int socket_;
  std::string address_;
  std::atomic<Phase> phase_{Phase::idle};
  std::atomic<Clock::rep> deadline_{Clock::time_point::max().time_since_epoch().count()};
  std::atomic<bool> late_{false};
};

class Connections {
 public:
  // Nothing where there are too many, in all or from this address.
  std::shared_ptr<Connection> admit(int socket, const std::string& address, const Limits& limits);
  void leave(const std::shared_ptr<Connection>& connection);
  void watch(Metrics& metrics);    // once round
  void wake_idle();
  void cut_all();
  std::size_t count() const;

 private:
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<Connection>> all_;
  std::map<std::string, std::size_t> by_address_;
};

// How many bytes of bodies are held at a time, by everybody together.
class Budget {
 public:
  explicit Budget(std::size_t most) : left_(static_cast<std::int64_t>(most)) {}
  bool take(std::size_t bytes) {
    if (left_.fetch_sub(static_cast<std::int64_t>(bytes)) >= static_cast<std::int64_t>(bytes)) return true;
    give(bytes);
    return false;
  }
  void give(std::size_t bytes) { left_.fetch_add(static_cast<std::int64_t>(bytes)); }

 private:
  std::atomic<std::int64_t> left_;
};

// Answers that wait until something has been written down elsewhere (rest::Response::hold). Each is let go once: by whoever was asked,
// with an error where they forgot it, or by the server's end.
class Holds {
 public:
  using Resume = std::function<void(Result<void>)>;
  // What to call, from any thread and as often as one likes, to let the answer go: `go` is called the first time only.
  Resume keep(Resume go);
  void release_all();              // with an error; what is kept from now on is let go at once, too
  std::size_t count() const;

 private:
  struct Kept {
    std::atomic<bool> is_gone{false};
    Resume go;
  };
  struct Table {
    mutable std::mutex mutex;
    bool is_closed = false;
    std::map<Kept*, std::weak_ptr<Kept>> all;
  };
  static void let_go(const std::shared_ptr<Table>& table, const std::shared_ptr<Kept>& kept, Result<void> how);
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

struct Shared {
  explicit Shared(ServerOptions with) : options(std::move(with)), site(options, metrics), bodies(options.limits.bodies_bytes) {}
  ServerOptions options;
  Metrics metrics;
  std::unique_ptr<AccessLog> log;
  Site site;
  Connections connections;
  Budget bodies;
  Holds holds;
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> next_request{0};
  std::uint64_t first_request = 0;  // random, so that ids of two runs differ
};

}  // namespace joinedup::server
