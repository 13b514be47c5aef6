#include "server/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace joinedup::server {

void Connection::wake_late() {
  const std::lock_guard lock(mutex_);
  if (socket_ < 0 || late_.exchange(true)) return;
  // A session that reads may still say why it ends; one that writes to a peer that does not take it may not.
  ::shutdown(socket_, phase() == Phase::writing ? SHUT_RDWR : SHUT_RD);
}

void Connection::wake_reader() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RD);
}

void Connection::cut() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

void Connection::ended() {
  const std::lock_guard lock(mutex_);
  socket_ = -1;
}

std::shared_ptr<Connection> Connections::admit(int socket, const std::string& address, const Limits& limits) {
  const std::lock_guard lock(mutex_);
  auto& of_address = by_address_[address];
  if (all_.size() >= limits.connections || of_address >= limits.connections_per_address) {
    if (of_address == 0) by_address_.erase(address);
    return nullptr;
  }
  ++of_address;
  all_.push_back(std::make_shared<Connection>(socket, address));
  return all_.back();
}

void Connections::leave(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find(all_.begin(), all_.end(), connection);
  if (at == all_.end()) return;
  all_.erase(at);
  if (--by_address_[connection->address()] == 0) by_address_.erase(connection->address());
}

void Connections::watch(Metrics& metrics) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  for (const auto& connection : all_) {
    if (!connection->is_over(now) || connection->was_late()) continue;
    if (connection->phase() != Connection::Phase::idle) ++metrics.timed_out;
    connection->wake_late();
  }
}

void Connections::wake_idle() {
  const std::lock_guard lock(mutex_);
  for (const auto& connection : all_)
    if (connection->phase() == Connection::Phase::idle) connection->wake_reader();
}

void Connections::cut_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& connection : all_) connection->cut();
}

std::size_t Connections::count() const {
  const std::lock_guard lock(mutex_);
  return all_.size();
}

void Holds::let_go(const std::shared_ptr<Table>& table, const std::shared_ptr<Kept>& kept, Result<void> how) {
  if (kept->is_gone.exchange(true)) return;
  {
    const std::lock_guard lock(table->mutex);
    table->all.erase(kept.get());
  }
  std::exchange(kept->go, {})(std::move(how));
}

Holds::Resume Holds::keep(Resume go) {
  auto kept = std::make_shared<Kept>();
  kept->go = std::move(go);
  bool is_closed = false;
  {
    const std::lock_guard lock(table_->mutex);
    is_closed = table_->is_closed;
    if (!is_closed) table_->all.emplace(kept.get(), kept);
  }
  // Owned by every copy of what we give away: when the last is gone without a call, nobody will ever call.
  struct Owner {
    std::shared_ptr<Table> table;
    std::shared_ptr<Kept> kept;
    ~Owner() { let_go(table, kept, fail(ErrorCode::internal, "An answer was held and forgotten.")); }
  };
  const std::shared_ptr<Owner> owner(new Owner{table_, kept});
  if (is_closed) let_go(table_, kept, fail(ErrorCode::unavailable, "The server is stopping."));
  return [owner](Result<void> how) { let_go(owner->table, owner->kept, std::move(how)); };
}

void Holds::release_all() {
  std::vector<std::shared_ptr<Kept>> waiting;
  {
    const std::lock_guard lock(table_->mutex);
    table_->is_closed = true;
    for (const auto& [address, kept] : table_->all)
      if (auto one = kept.lock()) waiting.push_back(std::move(one));
  }
  for (const auto& one : waiting) let_go(table_, one, fail(ErrorCode::unavailable, "The server is stopping."));
}

std::size_t Holds::count() const {
  const std::lock_guard lock(table_->mutex);
  return table_->all.size();
}

}  // namespace joinedup::server
