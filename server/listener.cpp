// Sockets, certificates, threads, and the watch over connections.
#include "server/session.hpp"

#include <openssl/rand.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <thread>
#include <vector>

#include "base/hash.hpp"
#include "server/wire.hpp"

namespace joinedup::server {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Result<std::unique_ptr<asio::ssl::context>> make_tls(const ServerOptions& options) {
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  auto* native = tls->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (SSL_CTX_use_certificate_chain_file(native, options.tls_certificate_file.c_str()) != 1)
    return fail(ErrorCode::invalid_input, "The TLS certificate cannot be read; it must be a PEM file, with the chain after it.", options.tls_certificate_file);
  if (SSL_CTX_use_PrivateKey_file(native, options.tls_key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(ErrorCode::invalid_input, "The TLS key cannot be read; it must be a PEM file without a passphrase.", options.tls_key_file);
  if (SSL_CTX_check_private_key(native) != 1) return fail(ErrorCode::invalid_input, "The TLS key is not the certificate's.", options.tls_key_file);
  return tls;
}

class BeastServer final : public Server {
 public:
  explicit BeastServer(ServerOptions options) : shared_(std::make_shared<Shared>(std::move(options))), threads_(threads_of(shared_->options)), io_(static_cast<int>(threads_)), work_(io_.get_executor()),
        acceptor_(io_), writers_(std::max(1U, shared_->options.writers)) {}
  ~BeastServer() override { stop(); }
  Result<void> begin();
  std::uint16_t port() const override { return port_; }
  std::string base_url() const override { return base_url_; }
  void serve(Handler fhir, Figures figures, Handler pages) override;
  void stop() override;
  void adopt(int socket) override;

 private:
  static unsigned threads_of(const ServerOptions& options) { return options.threads > 0 ? options.threads : std::max(2U, std::thread::hardware_concurrency()) + 1; }
  asio::awaitable<void> accept();
  asio::awaitable<void> refuse(Socket socket);
  void begin_session(Socket socket, const std::string& address);

  std::shared_ptr<Shared> shared_;
  unsigned threads_;
  std::unique_ptr<asio::ssl::context> tls_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  asio::thread_pool writers_;
  std::vector<std::thread> crew_;
  std::thread watch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool watching_ = false;
  std::uint16_t port_ = 0;
  std::string base_url_;
};

Result<void> BeastServer::begin() {
  auto& options = shared_->options;
  RAND_bytes(reinterpret_cast<unsigned char*>(&shared_->first_request), sizeof shared_->first_request);
  JOINEDUP_TRY(shared_->log, AccessLog::open(options.access_log, shared_->metrics));
  error_code error;
  const auto address = asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, error);
  if (error) return fail(ErrorCode::wrong_usage, "The address to serve at must be an IP address of this machine.", "--address");
  const bool has_tls = !options.tls_certificate_file.empty();
  if (has_tls != !options.tls_key_file.empty()) return fail(ErrorCode::wrong_usage, "A certificate needs its key and a key its certificate: give both --tls-cert and --tls-key.");
  if (!address.is_loopback() && !has_tls)
    return fail(ErrorCode::wrong_usage, "Plain HTTP is spoken on this machine only; give --tls-cert and --tls-key to be reached from others.", "--address");
  if (!address.is_loopback() && options.access == Access::anyone_on_this_machine)
    return fail(ErrorCode::wrong_usage, "--insecure-no-auth is for this machine only; it cannot be combined with an address that others reach.", "--address");
  if (!address.is_loopback()) options.reports_folder.clear();
  if (has_tls) { JOINEDUP_TRY(tls_, make_tls(options)); }
  const tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(1024, error);
  if (error == asio::error::address_in_use)
    return fail(ErrorCode::conflict, "Another program serves at this port; stop it or give another --port.", "--port " + std::to_string(options.port));
  if (error) return fail(ErrorCode::unavailable, "The port cannot be served at: " + error.message() + ".", "--port " + std::to_string(options.port));
  port_ = acceptor_.local_endpoint().port();
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  base_url_ = !options.base_url.empty() ? options.base_url : (has_tls ? "https://" : "http://") + host + ":" + std::to_string(port_) + "/fhir";
  // A connection is a file to the system; its usual limit of 1,024 is less than ours.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  return {};
}

void BeastServer::begin_session(Socket socket, const std::string& address) {
  ++shared_->metrics.accepted;
  auto connection = shared_->connections.admit(socket.native_handle(), address, shared_->options.limits);
  if (!connection) {
    ++shared_->metrics.refused;
    asio::co_spawn(io_, refuse(std::move(socket)), asio::detached);
    return;
  }
  ++shared_->metrics.open_connections;
  SessionParts parts{shared_, connection, &writers_, tls_.get()};
  asio::co_spawn(io_, run_session(std::move(socket), std::move(parts)), [this, connection](std::exception_ptr failed) {
    connection->ended();
    if (failed) shared_->log->event("error", "A connection ended by a fault of the program.");
    --shared_->metrics.open_connections;
    shared_->connections.leave(connection);
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
}

asio::awaitable<void> BeastServer::refuse(Socket socket) {
  if (tls_ != nullptr) co_return;
  error_code error;
  auto response = fault(503, "throttled", "There are too many connections. Try again in a moment.");
  response.headers.push_back({"Retry-After", "2"});
  const std::string text = response_head(response, {.length = response.body.size(), .keep = Keep::close, .request = "-"}) + response.body;
  socket.non_blocking(true, error);
  socket.write_some(asio::buffer(text), error);  // what does not go at once does not go
  socket.shutdown(Socket::shutdown_send, error);
}

asio::awaitable<void> BeastServer::accept() {
  for (;;) {
    error_code error;
    tcp::endpoint peer;
    tcp::socket socket = co_await acceptor_.async_accept(peer, asio::redirect_error(asio::use_awaitable, error));
    if (!acceptor_.is_open() || shared_->stopping) co_return;
    if (error) {  // no file left for it, most often: the others must go on
      asio::steady_timer pause(io_, std::chrono::milliseconds(50));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    socket.set_option(tcp::no_delay(true), error);
    begin_session(Socket(std::move(socket)), peer.address().to_string());
  }
}

void BeastServer::adopt(int socket) {
  asio::post(io_, [this, socket] {
    error_code error;
    Socket adopted(io_);
    adopted.assign(asio::generic::stream_protocol(AF_UNIX, 0), socket, error);
    if (!error) begin_session(std::move(adopted), "local");
  });
}

void BeastServer::serve(Handler fhir, Figures figures, Handler pages) {
  shared_->site.open(std::move(fhir), std::move(figures), std::move(pages));
  watching_ = true;
  if (acceptor_.is_open()) asio::co_spawn(io_, accept(), asio::detached);
  for (unsigned i = 0; i < threads_; ++i) crew_.emplace_back([this] { io_.run(); });
  watch_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (watching_) {
      changed_.wait_for(lock, std::chrono::milliseconds(250));
      if (!watching_) break;
      lock.unlock();
      shared_->connections.watch(shared_->metrics);
      lock.lock();
    }
  });
}

void BeastServer::stop() {
  if (shared_->stopping.exchange(true)) return;
  asio::post(io_, [this] {
    error_code ignored;
    acceptor_.close(ignored);
  });
  shared_->connections.wake_idle();
  const auto wait = [&](std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [&] { return shared_->connections.count() == 0; });
  };
  if (!crew_.empty() && !wait(shared_->options.limits.stop)) {
    shared_->connections.cut_all();
    shared_->holds.release_all();
    wait(std::chrono::milliseconds(5000));
  }
  shared_->site.close();
  writers_.join();
  work_.reset();
  io_.stop();
  for (auto& one : crew_) one.join();
  {
    const std::lock_guard lock(mutex_);
    watching_ = false;
    changed_.notify_all();
  }
  if (watch_.joinable()) watch_.join();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options) {
  auto server = std::make_unique<BeastServer>(std::move(options));
  JOINEDUP_CHECK(server->begin());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace joinedup::server
