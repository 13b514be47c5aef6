// An HTTPS receiver that takes, refuses, hangs, redirects. For tests of this room only.
#pragma once
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace joinedup::subscriptions {

class Receiver {
 public:
  enum class Mood { takes, refuses, hangs, redirects, babbles };
  explicit Receiver(const std::string& certificate_file) {
    auto* key = EVP_EC_gen("P-256");
    auto* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("receiver"), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    for (const auto& [id, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1"}, std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
      auto* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
      X509_add_ext(certificate, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, EVP_sha256());
    FILE* file = std::fopen(certificate_file.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&here), sizeof here);
    ::listen(listener_, 16);
    socklen_t size = sizeof here;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size);
    port = ntohs(here.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~Receiver() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }
  std::vector<std::string> got() {
    const std::lock_guard lock(mutex_);
    return got_;
  }
  std::uint16_t port = 0;
  std::atomic<Mood> mood{Mood::takes};
  std::atomic<int> asked{0};

 private:
  void run() {
    while (!stop_) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) continue;
      const timeval limit{5, 0};
      ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      auto* tls = SSL_new(context_);
      SSL_set_fd(tls, socket);
      if (SSL_accept(tls) == 1) serve(tls);
      SSL_free(tls);
      ::close(socket);
    }
  }
  void serve(SSL* tls) {
    std::string text;
    char room[4096];
    std::size_t wanted = std::string::npos;
    while (text.size() < wanted) {
      const int size = SSL_read(tls, room, sizeof room);
      if (size <= 0) return;
      text.append(room, static_cast<std::size_t>(size));
      const auto end = text.find("\r\n\r\n");
      if (end != text.npos) wanted = end + 4 + static_cast<std::size_t>(std::atoi(text.c_str() + text.find("Content-Length: ") + 16));
    }
    ++asked;
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    switch (mood.load()) {
      case Mood::takes: {
        const std::lock_guard lock(mutex_);
        got_.push_back(text);
        break;
      }
      case Mood::refuses: answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"; break;
      case Mood::redirects: answer = "HTTP/1.1 307 Elsewhere\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"; break;
      case Mood::babbles: answer = std::string(200'000, 'x'); break;
      case Mood::hangs:
        while (mood == Mood::hangs && !stop_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return;
    }
    SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
  }
  SSL_CTX* context_ = nullptr;
  int listener_ = -1;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<std::string> got_;
  std::thread thread_;
};

}  // namespace joinedup::subscriptions
