// MLLP over TCP and TLS: the only file of this room with Boost in it.
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "messages/hl7.hpp"
#include "messages/messages.hpp"

namespace joinedup::messages {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

struct Door {
  explicit Door(MllpOptions with, Inbox& to) : options(std::move(with)), inbox(to) {}
  MllpOptions options;
  Inbox& inbox;
  std::atomic<bool> stopping{false};
  std::atomic<std::int64_t> bytes{0};
};

std::string common_name(SSL* tls) {
  std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get_peer_certificate(tls), &X509_free);
  if (certificate == nullptr) return {};
  char name[200] = {};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name);
  return size > 0 ? std::string(name, static_cast<std::size_t>(size)) : std::string();
}

// One connection: a message, its answer, the next message. The watch ends what lasts too long.
template <class Stream>
class Talk {
 public:
  Talk(Stream& stream, Door& door, std::string partner) : stream_(stream), door_(door), partner_(std::move(partner)), timer_(stream.get_executor()) {}
  ~Talk() { door_.bytes -= static_cast<std::int64_t>(held_); }
  asio::awaitable<void> run();

 private:
  asio::awaitable<bool> read_some(Clock::time_point until);
  asio::awaitable<std::string> answer_to(std::string message);
  void hold();
  Stream& stream_;
  Door& door_;
  std::string partner_, buffer_;
  asio::steady_timer timer_;
  std::size_t held_ = 0;
};

template <class Stream>
void Talk<Stream>::hold() {
  door_.bytes += static_cast<std::int64_t>(buffer_.size()) - static_cast<std::int64_t>(held_);
  held_ = buffer_.size();
}

template <class Stream>
asio::awaitable<bool> Talk<Stream>::read_some(Clock::time_point until) {
  char room[16 * 1024];
  error_code error;
  auto late = std::make_shared<std::atomic<bool>>(true);
  timer_.expires_at(until);
  timer_.async_wait([&lowest = stream_.lowest_layer(), late](error_code cancelled) {
    if (cancelled || !late->load()) return;
    error_code ignored;
    lowest.shutdown(tcp::socket::shutdown_both, ignored);
  });
  const auto size = co_await stream_.async_read_some(asio::buffer(room), asio::redirect_error(asio::use_awaitable, error));
  late->store(false);
  timer_.cancel();
  if (error || size == 0) co_return false;
  buffer_.append(room, size);
  hold();
  co_return door_.bytes.load() <= static_cast<std::int64_t>(door_.options.waiting_bytes);
}

template <class Stream>
asio::awaitable<std::string> Talk<Stream>::answer_to(std::string message) {
  auto begin = [this](auto handler, std::string bytes) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto executor = asio::get_associated_executor(*shared, stream_.get_executor());
    door_.inbox.receive(std::move(bytes), partner_, [shared, executor](Result<std::string> done) {
      asio::post(executor, [shared, answer = done ? std::move(*done) : std::string()]() mutable { std::move(*shared)(std::move(answer)); });
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::string)>(begin, asio::use_awaitable, std::move(message));
}

template <class Stream>
asio::awaitable<void> Talk<Stream>::run() {
  while (!door_.stopping) {
    const auto idle_until = Clock::now() + std::chrono::seconds(door_.options.idle_seconds);
    std::size_t begin = 0;
    for (;;) {  // to the beginning of a frame; what stands before it (line ends, mostly) is no message
      begin = buffer_.find(frame_begin);
      if (begin != buffer_.npos) break;
      if (buffer_.size() > 64 * 1024) co_return;  // this is not MLLP
      if (buffer_.find_first_not_of("\r\n ") == buffer_.npos) buffer_.clear();
      if (!co_await read_some(idle_until)) co_return;
    }
    buffer_.erase(0, begin + 1);
    const auto until = Clock::now() + std::chrono::seconds(door_.options.message_seconds);
    std::size_t end = 0, looked = 0;
    while ((end = buffer_.find(frame_end, looked)) == buffer_.npos && buffer_.size() <= most_message_bytes) {
      looked = buffer_.size();
      if (!co_await read_some(until)) co_return;  // a message cut off was not answered: the sender sends it again
    }
    const bool is_too_long = end == buffer_.npos;
    std::string message = buffer_.substr(0, is_too_long ? most_message_bytes + 1 : end);
    buffer_.erase(0, is_too_long ? buffer_.size() : end + 1);
    hold();
    const auto answer = co_await answer_to(std::move(message));
    if (answer.empty()) co_return;  // it could not be kept: no answer, so that it comes again
    std::string framed(1, frame_begin);
    framed += answer;
    framed += frame_end;
    framed += '\r';
    error_code error;
    timer_.expires_after(std::chrono::seconds(30));
    auto late = std::make_shared<std::atomic<bool>>(true);
    timer_.async_wait([&lowest = stream_.lowest_layer(), late](error_code cancelled) {
      error_code ignored;
      if (!cancelled && late->load()) lowest.shutdown(tcp::socket::shutdown_both, ignored);
    });
    co_await asio::async_write(stream_, asio::buffer(framed), asio::redirect_error(asio::use_awaitable, error));
    late->store(false);
    timer_.cancel();
    if (error || is_too_long) co_return;
  }
}

class AsioMllp final : public MllpServer {
 public:
  AsioMllp(MllpOptions options, Inbox& inbox) : door_(std::move(options), inbox), io_(1), acceptor_(io_) {}
  ~AsioMllp() override { stop(); }
  Result<void> begin();
  std::uint16_t port() const override { return port_; }
  std::string address() const override { return "mllp://" + host_ + ":" + std::to_string(port_); }
  void stop() override;

 private:
  Result<void> make_tls();
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(tcp::socket& socket);
  Door door_;
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::unique_ptr<asio::ssl::context> tls_;
  std::list<tcp::socket*> open_;   // of the one thread
  std::uint16_t port_ = 0;
  std::string host_;
  std::thread thread_;
};

Result<void> AsioMllp::make_tls() {
  const auto& options = door_.options;
  tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  auto* native = tls_->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  if (SSL_CTX_use_certificate_chain_file(native, options.tls_certificate_file.c_str()) != 1) return fail(ErrorCode::invalid_input, "The TLS certificate cannot be read; it must be a PEM file, with the chain after it.", options.tls_certificate_file);
  if (SSL_CTX_use_PrivateKey_file(native, options.tls_key_file.c_str(), SSL_FILETYPE_PEM) != 1) return fail(ErrorCode::invalid_input, "The TLS key cannot be read; it must be a PEM file without a passphrase.", options.tls_key_file);
  if (SSL_CTX_check_private_key(native) != 1) return fail(ErrorCode::invalid_input, "The TLS key is not the certificate's.", options.tls_key_file);
  if (!options.client_authority_file.empty()) {
    if (SSL_CTX_load_verify_locations(native, options.client_authority_file.c_str(), nullptr) != 1) return fail(ErrorCode::invalid_input, "The authority of the senders' certificates cannot be read; it must be a PEM file.", options.client_authority_file);
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return {};
}

Result<void> AsioMllp::begin() {
  const auto& options = door_.options;
  error_code error;
  const auto address = asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, error);
  if (error) return fail(ErrorCode::wrong_usage, "The address to take messages at must be an IP address of this machine.");
  const bool has_tls = !options.tls_certificate_file.empty();
  if (has_tls == options.tls_key_file.empty()) return fail(ErrorCode::wrong_usage, "A certificate needs its key and a key its certificate.");
  if (!has_tls && !options.client_authority_file.empty()) return fail(ErrorCode::wrong_usage, "Senders show certificates over TLS only: give a certificate and key of this server too.");
  if (!address.is_loopback() && !has_tls) return fail(ErrorCode::wrong_usage, "Messages come over TLS from other machines; give a certificate and its key.");
  if (has_tls) JOINEDUP_CHECK(make_tls());
  const tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(128, error);
  if (error == asio::error::address_in_use) return fail(ErrorCode::conflict, "Another program takes messages at this port; stop it or give another.", "--mllp-port " + std::to_string(options.port));
  if (error) return fail(ErrorCode::unavailable, "The port cannot be listened at: " + error.message() + ".", "--mllp-port " + std::to_string(options.port));
  port_ = acceptor_.local_endpoint().port();
  host_ = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  asio::co_spawn(io_, accept(), asio::detached);
  thread_ = std::thread([this] { io_.run(); });
  return {};
}

asio::awaitable<void> AsioMllp::serve(tcp::socket& socket) {
  if (tls_ == nullptr) {
    Talk<tcp::socket> talk(socket, door_, {});
    co_await talk.run();
    co_return;
  }
  error_code error;
  asio::ssl::stream<tcp::socket&> stream(socket, *tls_);
  asio::steady_timer late(io_, std::chrono::seconds(10));
  late.async_wait([&socket](error_code cancelled) {
    error_code ignored;
    if (!cancelled) socket.shutdown(tcp::socket::shutdown_both, ignored);
  });
  co_await stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
  late.cancel();
  if (error) co_return;
  const std::string partner = door_.options.client_authority_file.empty() ? std::string() : common_name(stream.native_handle());
  if (!door_.options.client_authority_file.empty() && partner.empty()) co_return;  // a certificate that names nobody
  Talk<asio::ssl::stream<tcp::socket&>> talk(stream, door_, partner);
  co_await talk.run();
}

asio::awaitable<void> AsioMllp::accept() {
  while (!door_.stopping) {
    error_code error;
    auto socket = std::make_shared<tcp::socket>(io_);
    co_await acceptor_.async_accept(*socket, asio::redirect_error(asio::use_awaitable, error));
    if (!acceptor_.is_open() || door_.stopping) co_return;
    if (error) {
      asio::steady_timer pause(io_, std::chrono::milliseconds(50));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (open_.size() >= door_.options.connections) continue;  // closed again
    socket->set_option(tcp::no_delay(true), error);
    const auto place = open_.insert(open_.end(), socket.get());
    asio::co_spawn(
        io_, [this, socket]() -> asio::awaitable<void> { co_await serve(*socket); },
        [this, socket, place](std::exception_ptr) {
          open_.erase(place);
          if (door_.stopping && open_.empty()) io_.stop();
        });
  }
}

void AsioMllp::stop() {
  if (door_.stopping.exchange(true)) return;
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    error_code ignored;
    acceptor_.close(ignored);
    for (auto* socket : open_) socket->shutdown(tcp::socket::shutdown_receive, ignored);  // who waits for a message stops; who has one is answered
    if (open_.empty()) return io_.stop();
    auto last = std::make_shared<asio::steady_timer>(io_, std::chrono::seconds(2));
    last->async_wait([this, last](error_code) { io_.stop(); });
  });
  thread_.join();
}

}  // namespace

Result<std::unique_ptr<MllpServer>> MllpServer::listen(MllpOptions options, Inbox& inbox) {
  auto server = std::make_unique<AsioMllp>(std::move(options), inbox);
  JOINEDUP_CHECK(server->begin());
  return std::unique_ptr<MllpServer>(std::move(server));
}

}  // namespace joinedup::messages
