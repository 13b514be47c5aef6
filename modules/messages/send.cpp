// The sending end of MLLP, on plain sockets: each message waits for its acknowledgement.
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>

#include "base/program.hpp"
#include "messages/hl7.hpp"
#include "messages/messages.hpp"

namespace joinedup::messages {
namespace {

class Wire {
 public:
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() {
    SSL_free(tls_);
    SSL_CTX_free(context_);
    if (socket_ >= 0) ::close(socket_);
  }
  Result<void> open(const SendOptions& options);
  bool write(std::string_view text) {
    while (!text.empty()) {
      const auto sent = tls_ != nullptr ? SSL_write(tls_, text.data(), static_cast<int>(text.size())) : ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // One framed text; nothing where the connection ended first.
  std::optional<std::string> read() {
    for (;;) {
      const auto begin = waiting_.find(frame_begin), end = waiting_.find(frame_end);
      if (begin != waiting_.npos && end != waiting_.npos && begin < end) {
        auto out = waiting_.substr(begin + 1, end - begin - 1);
        waiting_.erase(0, end + 1);
        return out;
      }
      if (waiting_.size() > most_message_bytes) return {};
      char room[8192];
      const auto size = tls_ != nullptr ? SSL_read(tls_, room, sizeof room) : ::recv(socket_, room, sizeof room, 0);
      if (size <= 0) return {};
      waiting_.append(room, static_cast<std::size_t>(size));
    }
  }

 private:
  int socket_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
  std::string waiting_;
};

Result<void> Wire::open(const SendOptions& options) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found) != 0) return fail(ErrorCode::unavailable, "The receiver's name cannot be resolved.", options.host);
  for (const auto* one = found; one != nullptr && socket_ < 0; one = one->ai_next) {
    socket_ = ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    const timeval limit{options.timeout_seconds, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, one->ai_addr, one->ai_addrlen) != 0) {
      ::close(socket_);
      socket_ = -1;
    }
  }
  ::freeaddrinfo(found);
  if (socket_ < 0) return fail(ErrorCode::unavailable, "Nobody takes messages at this address.", options.host + ":" + std::to_string(options.port));
  if (options.tls_authority_file.empty()) return {};
  survive_hang_ups();
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_locations(context_, options.tls_authority_file.c_str(), nullptr) != 1) return fail(ErrorCode::invalid_input, "The authority's certificate cannot be read.", options.tls_authority_file);
  if (!options.tls_certificate_file.empty() && (SSL_CTX_use_certificate_chain_file(context_, options.tls_certificate_file.c_str()) != 1 || SSL_CTX_use_PrivateKey_file(context_, options.tls_key_file.c_str(), SSL_FILETYPE_PEM) != 1))
    return fail(ErrorCode::invalid_input, "Our own certificate or its key cannot be read.", options.tls_certificate_file);
  tls_ = SSL_new(context_);
  SSL_set_fd(tls_, socket_);
  auto* check = SSL_get0_param(tls_);
  if (X509_VERIFY_PARAM_set1_ip_asc(check, options.host.c_str()) != 1) SSL_set1_host(tls_, options.host.c_str());
  if (SSL_connect(tls_) != 1) return fail(ErrorCode::unavailable, "The receiver's TLS cannot be agreed on: its certificate is not of the authority, or it wants one of ours.", options.host);
  return {};
}

}  // namespace

Result<std::size_t> send_messages(const SendOptions& options, const std::vector<std::string>& messages, const std::function<void(std::size_t, std::string_view)>& answered) {
  Wire wire;
  JOINEDUP_CHECK(wire.open(options));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    std::string framed(1, frame_begin);
    framed += messages[i];
    framed += frame_end;
    framed += '\r';
    if (!wire.write(framed)) return fail(ErrorCode::unavailable, "The connection ended; messages up to number " + std::to_string(i) + " were answered.");
    const auto answer = wire.read();
    if (!answer) return fail(ErrorCode::unavailable, "No answer came; messages up to number " + std::to_string(i) + " were answered.");
    if (answered) answered(i, *answer);
  }
  return messages.size();
}

}  // namespace joinedup::messages
