#include "subscriptions/deliver.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/public_address.hpp"
#include "base/text.hpp"

namespace joinedup::subscriptions {
namespace {

using Clock = std::chrono::steady_clock;

class Line {
 public:
  explicit Line(Clock::time_point until) : until_(until) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() {
    SSL_free(tls_);
    SSL_CTX_free(context_);
    if (socket_ >= 0) ::close(socket_);
  }
  Result<void> connect(const addrinfo& to);
  Result<void> shake_hands(const Endpoint& endpoint, const Guard& guard);
  Result<void> write(std::string_view text);
  Result<std::string> read_head();

 private:
  Result<void> wait(short events) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now()).count();
    pollfd one{socket_, events, 0};
    if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) <= 0) return fail(ErrorCode::unavailable, "The receiver took too long.");
    return {};
  }
  // True: do it again, the socket is ready; an error: it is over.
  Result<void> again(int result, const char* broken) {
    const int why = SSL_get_error(tls_, result);
    if (why == SSL_ERROR_WANT_READ) return wait(POLLIN);
    if (why == SSL_ERROR_WANT_WRITE) return wait(POLLOUT);
    return fail(ErrorCode::unavailable, broken);
  }
  Clock::time_point until_;
  int socket_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
};

Result<void> Line::connect(const addrinfo& to) {
  socket_ = ::socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0) return fail(ErrorCode::unavailable, "No connection could be begun.");
  if (::connect(socket_, to.ai_addr, to.ai_addrlen) == 0) return {};
  if (errno == EINPROGRESS) JOINEDUP_CHECK(wait(POLLOUT));
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return fail(ErrorCode::unavailable, "The receiver does not answer at its address.");
  return {};
}

Result<void> Line::shake_hands(const Endpoint& endpoint, const Guard& guard) {
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  const int has_roots = guard.authority_file.empty() ? SSL_CTX_set_default_verify_paths(context_) : SSL_CTX_load_verify_locations(context_, guard.authority_file.c_str(), nullptr);
  if (has_roots != 1) return fail(ErrorCode::invalid_input, "The authorities by which receivers are checked cannot be read.");
  tls_ = SSL_new(context_);
  SSL_set_fd(tls_, socket_);
  auto* check = SSL_get0_param(tls_);
  if (X509_VERIFY_PARAM_set1_ip_asc(check, endpoint.host.c_str()) != 1) {
    SSL_set1_host(tls_, endpoint.host.c_str());
    SSL_set_tlsext_host_name(tls_, endpoint.host.c_str());
  }
  for (;;) {
    const int done = SSL_connect(tls_);
    if (done == 1) return {};
    JOINEDUP_CHECK(again(done, "The receiver's certificate is not accepted, or it does not speak TLS."));
  }
}

Result<void> Line::write(std::string_view text) {
  while (!text.empty()) {
    const int done = SSL_write(tls_, text.data(), static_cast<int>(std::min<std::size_t>(text.size(), 1 << 20)));
    if (done > 0) text.remove_prefix(static_cast<std::size_t>(done));
    else JOINEDUP_CHECK(again(done, "The receiver ended the connection."));
  }
  return {};
}

Result<std::string> Line::read_head() {
  std::string out;
  char room[4096];
  while (out.find("\r\n\r\n") == out.npos) {
    const int done = SSL_read(tls_, room, sizeof room);
    if (done > 0) out.append(room, static_cast<std::size_t>(done));
    else JOINEDUP_CHECK(again(done, "The receiver ended the connection without an answer."));
    if (out.size() > 64 * 1024) return fail(ErrorCode::unavailable, "The receiver's answer is too long.");
  }
  return out;
}

}  // namespace

Result<Endpoint> read_endpoint(std::string_view url) {
  const auto wrong = [](const char* sentence) { return fail(ErrorCode::invalid_input, sentence, "channel.endpoint"); };
  if (url.size() > 2000) return wrong("The endpoint is too long.");
  if (lower_ascii(url.substr(0, 8)) != "https://") return wrong("The endpoint must begin with https://.");
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7F || c == '\\' || c == '"') return wrong("The endpoint holds a character that no address has.");
  url.remove_prefix(8);
  const auto end = url.find_first_of("/?#");
  auto name = url.substr(0, end);
  Endpoint out;
  out.path = end == url.npos ? "/" : std::string(url.substr(end, url.find('#') - end));
  if (out.path[0] != '/') out.path.insert(0, "/");
  if (name.find('@') != name.npos) return wrong("The endpoint must not hold a user name.");
  if (name.starts_with("[")) {
    const auto close = name.find(']');
    if (close == name.npos) return wrong("The endpoint's address cannot be read.");
    out.host = std::string(name.substr(1, close - 1));
    name.remove_prefix(close + 1);
  } else {
    const auto colon = name.find(':');
    out.host = lower_ascii(name.substr(0, colon));
    name = colon == name.npos ? std::string_view() : name.substr(colon);
  }
  if (!name.empty()) {
    char* stop = nullptr;
    const std::string digits(name.substr(1));
    const long port = std::strtol(digits.c_str(), &stop, 10);
    if (name[0] != ':' || digits.empty() || *stop != '\0' || port < 1 || port > 65535) return wrong("The endpoint's port is not a number from 1 to 65535.");
    out.port = static_cast<std::uint16_t>(port);
  }
  if (out.host.empty()) return wrong("The endpoint names no host.");
  return out;
}

Result<rest::Header> read_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == line.npos || colon == 0 || line.size() > 4000) return fail(ErrorCode::invalid_input, "A header of the channel is not of the form Name: value.", "channel.header");
  rest::Header out{std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))};
  for (const char c : out.name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') return fail(ErrorCode::invalid_input, "A header's name holds a character that none has.", "channel.header");
  for (const char c : out.value)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) return fail(ErrorCode::invalid_input, "A header's value holds a control character.", "channel.header");
  static constexpr std::array<std::string_view, 9> ours = {"host", "content-length", "transfer-encoding", "content-type", "connection", "upgrade", "te", "trailer", "expect"};
  if (std::find(ours.begin(), ours.end(), lower_ascii(out.name)) != ours.end()) return fail(ErrorCode::invalid_input, "This header is set by the sender.", "channel.header");
  return out;
}

Result<int> post(const Endpoint& endpoint, const Post& what, const Guard& guard) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  if (::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found) != 0 || found == nullptr) return fail(ErrorCode::unavailable, "The receiver's name cannot be resolved.");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  const bool may_be_private = std::find(guard.allowed.begin(), guard.allowed.end(), endpoint.authority()) != guard.allowed.end();
  // One private address among public ones is enough to refuse: which is used must not depend on the order of an answer.
  if (!may_be_private)
    for (const auto* one = found; one != nullptr; one = one->ai_next)
      if (!is_public_address(one->ai_addr)) return fail(ErrorCode::forbidden, "The receiver's address is not a public one, and place.toml does not allow it.");
  Line line(Clock::now() + guard.timeout);
  JOINEDUP_CHECK(line.connect(*found));
  JOINEDUP_CHECK(line.shake_hands(endpoint, guard));
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  std::string request = "POST " + endpoint.path + " HTTP/1.1\r\nHost: " + (is_v6 ? "[" + endpoint.host + "]" : endpoint.host) + (endpoint.port == 443 ? "" : ":" + std::to_string(endpoint.port)) + "\r\nConnection: close\r\n";
  for (const auto& header : what.headers) request += header.name + ": " + header.value + "\r\n";
  if (!what.content_type.empty()) request += "Content-Type: " + what.content_type + "\r\n";
  request += "Content-Length: " + std::to_string(what.body.size()) + "\r\n\r\n" + what.body;
  JOINEDUP_CHECK(line.write(request));
  JOINEDUP_TRY(const auto head, line.read_head());
  if (head.size() < 12 || !head.starts_with("HTTP/1.")) return fail(ErrorCode::unavailable, "The receiver's answer is not of HTTP's form.");
  return std::atoi(head.c_str() + 9);
}

}  // namespace joinedup::subscriptions
