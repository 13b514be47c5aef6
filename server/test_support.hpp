// A place, a served store and a plain blocking client. For tests of this room only.
#pragma once
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "base/file.hpp"
#include "base/test_folder.hpp"
#include "base/text.hpp"
#include "server/server.hpp"

namespace joinedup::server {

// A certificate of its own making for "localhost", as two PEM files.
inline void make_certificate(const std::string& certificate_file, const std::string& key_file) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  FILE* file = std::fopen(certificate_file.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

struct Answer {
  int status = 0;                             // 0: none came
  std::map<std::string, std::string> headers;  // names in small letters
  std::string body;
  std::string rest;                            // what came after it
};

// A connection that says what it is told and hears what is said.
class Client {
 public:
  enum class Over { plain, tls };
  explicit Client(std::uint16_t port, Over over = Over::plain, int most_tls = TLS1_3_VERSION) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval patience{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    if (over == Over::tls && connected_) {
      context_ = SSL_CTX_new(TLS_client_method());
      SSL_CTX_set_max_proto_version(context_, most_tls);
      SSL_CTX_set_cipher_list(context_, "ALL:@SECLEVEL=0");
      tls_ = SSL_new(context_);
      SSL_set_fd(tls_, socket_);
      connected_ = SSL_connect(tls_) == 1;
    }
  }
  ~Client() {
    SSL_free(tls_);
    SSL_CTX_free(context_);
    if (socket_ >= 0) ::close(socket_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  int socket() const { return socket_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = tls_ != nullptr ? SSL_write(tls_, text.data(), static_cast<int>(text.size())) : ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // One answer; without a body where the request was HEAD.
  enum class Body { may_come, never_comes };
  Answer receive(Body body = Body::may_come) {
    Answer out;
    std::size_t end = 0;
    while ((end = waiting_.find("\r\n\r\n")) == waiting_.npos)
      if (!more()) return out;
    const std::string head = waiting_.substr(0, end);
    waiting_.erase(0, end + 4);
    out.status = std::atoi(head.c_str() + 9);
    for (const auto line : split(head, '\n')) {
      const auto colon = line.find(':');
      if (colon != line.npos) out.headers[lower_ascii(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
    }
    if (body == Body::never_comes || out.status == 204 || out.status == 304 || out.status == 100) return out;
    if (out.headers.contains("content-length")) {
      const auto size = static_cast<std::size_t>(std::atoll(out.headers["content-length"].c_str()));
      while (waiting_.size() < size && more()) {}
      out.body = waiting_.substr(0, size);
      waiting_.erase(0, out.body.size());
    } else if (out.headers.contains("transfer-encoding")) {
      for (;;) {
        while (waiting_.find("\r\n") == waiting_.npos)
          if (!more()) return out.status = 0, out;
        const auto size = std::strtoul(waiting_.c_str(), nullptr, 16), from = waiting_.find("\r\n") + 2;
        while (waiting_.size() < from + size + 2)
          if (!more()) return out.status = 0, out;
        out.body += waiting_.substr(from, size);
        waiting_.erase(0, from + size + 2);
        if (size == 0) break;
      }
    } else {
      while (more()) {}
      out.body = std::exchange(waiting_, {});
    }
    return out;
  }
  Answer ask(const std::string& method, const std::string& target, const std::string& body = {}, const std::string& headers = {}) {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
    if (!body.empty() || method == "POST" || method == "PUT") text += "Content-Type: application/fhir+json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    if (!send(text + "\r\n" + body)) return {};
    return receive(method == "HEAD" ? Body::never_comes : Body::may_come);
  }
  // True where the server ends the connection within `ms`.
  bool is_ended(int ms) {
    pollfd one{socket_, POLLIN, 0};
    char byte = 0;
    return ::poll(&one, 1, ms) == 1 && (tls_ != nullptr ? SSL_read(tls_, &byte, 1) : ::recv(socket_, &byte, 1, 0)) <= 0;
  }
  bool more() {
    char room[65536];
    const auto got = tls_ != nullptr ? SSL_read(tls_, room, sizeof room) : ::recv(socket_, room, sizeof room, 0);
    if (got <= 0) return false;
    waiting_.append(room, static_cast<std::size_t>(got));
    return true;
  }

 private:
  int socket_ = -1;
  bool connected_ = false;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
  std::string waiting_;
};

// A store of its own behind a server of its own.
struct Served {
  TestFolder folder;
  std::unique_ptr<Server> server;
  std::unique_ptr<fhir::DurableStore> store;
  std::unique_ptr<rest::Api> api;
  explicit Served(ServerOptions options = {.access = Access::anyone_on_this_machine, .access_log = ""}) {
    auto made = Server::listen(std::move(options));
    if (!made) throw std::runtime_error(made.error().text());
    server = std::move(*made);
    auto opened = fhir::open_store({.path = folder.file("record.sqlite"), .base_url = server->base_url()});
    if (!opened) throw std::runtime_error(opened.error().text());
    store = std::move(*opened);
    api = std::make_unique<rest::Api>(*store, rest::ApiOptions{.base_url = server->base_url()});
    server->serve([this](const rest::Request& request) { return api->handle(request); }, [this] { return store->figures(); });
  }
  ~Served() { server->stop(); }
  std::uint16_t port() const { return server->port(); }
};

// A server before a handler of the test's own: no store.
struct Handled {
  std::unique_ptr<Server> server;
  explicit Handled(Server::Handler handler, ServerOptions options = {.access = Access::anyone_on_this_machine, .access_log = ""}) {
    auto made = Server::listen(std::move(options));
    if (!made) throw std::runtime_error(made.error().text());
    server = std::move(*made);
    server->serve(std::move(handler), {});
  }
  ~Handled() { server->stop(); }
  std::uint16_t port() const { return server->port(); }
};

inline ServerOptions open_options() { return {.access = Access::anyone_on_this_machine, .access_log = ""}; }
inline const char* smith = R"({"resourceType":"Patient","name":[{"family":"Smith"}],"birthDate":"1970-01-02"})";

}  // namespace joinedup::server
