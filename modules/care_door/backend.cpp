// The other end of the socket: in the process that serves the shared record, for refreshes while it serves.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <list>
#include <mutex>
#include <thread>

#include "care_door/care_door.hpp"
#include "care_door/target.hpp"
#include "care_door/wire.hpp"

namespace joinedup::care_door {
namespace {

constexpr std::size_t most_bytes = 64u << 20;

class SocketBackend final : public Backend {
 public:
  SocketBackend(int listener, std::string path, Handler handler) : listener_(listener), path_(std::move(path)), handler_(std::move(handler)) {
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~SocketBackend() override {
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_, &one, sizeof one));
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    for (auto& worker : workers_) worker.join();
    ::close(listener_);
    ::close(stop_);
    ::unlink(path_.c_str());
  }

 private:
  void accept_all() {
    for (;;) {
      pollfd watched[2] = {{listener_, POLLIN, 0}, {stop_, POLLIN, 0}};
      if (::poll(watched, 2, -1) < 0 && errno != EINTR) return;
      if (watched[1].revents) return;
      if (!(watched[0].revents & POLLIN)) continue;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      // The socket's mode keeps other accounts out; this makes sure.
      ucred peer{};
      socklen_t size = sizeof peer;
      if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || (peer.uid != ::getuid() && peer.uid != 0)) {
        ::close(socket);
        continue;
      }
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      workers_.emplace_back([this, socket] { talk(socket); });
    }
  }
  void talk(int socket) {
    while (serve_one(socket)) {}
    const std::lock_guard lock(mutex_);
    sockets_.remove(socket);
    ::close(socket);
  }
  bool serve_one(int socket) const {
    const auto line = receive_line(socket);
    char method[16], path[2048];
    unsigned long length = 0;
    if (!line || std::sscanf(line->c_str(), "%15s %2047s %lu", method, path, &length) != 3 || length > most_bytes) return false;
    auto body = receive_bytes(socket, length);
    if (!body) return false;
    const auto answer = handler_(method, path, std::move(*body));
    return send_text(socket, std::to_string(answer.first) + " " + std::to_string(answer.second.size()) + "\n" + answer.second).has_value();
  }

  int listener_, stop_ = -1;
  std::string path_;
  Handler handler_;
  std::mutex mutex_;
  std::list<int> sockets_;
  std::list<std::thread> workers_;
  std::thread accepting_;
};

}  // namespace

Result<std::unique_ptr<Backend>> Backend::listen(const std::string& place_folder, Handler handler) {
  const auto path = place_folder + "/shared-record.sock";
  JOINEDUP_TRY(const int listener, listen_at(path));
  return std::unique_ptr<Backend>(std::make_unique<SocketBackend>(listener, path, std::move(handler)));
}

}  // namespace joinedup::care_door
