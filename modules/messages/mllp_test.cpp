// A connection from its one end to the other: plain, TLS, with the sender's certificate; cut off, malformed, many at once.
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "messages/hl7.hpp"
#include "messages/test_support.hpp"

namespace joinedup::messages {
namespace {

struct Certificate {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
  ~Certificate() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
};

// Signed by `authority`, or by itself. For the name localhost and this machine's address.
void make(Certificate& out, const char* name, const Certificate* authority, const std::string& file, const std::string& key_file) {
  static long serial = 1;
  out.key = EVP_EC_gen("P-256");
  out.certificate = X509_new();
  X509_set_version(out.certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(out.certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(out.certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(out.certificate), 86400);
  X509_set_pubkey(out.certificate, out.key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(out.certificate), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  const auto* by = authority != nullptr ? authority : &out;
  X509_set_issuer_name(out.certificate, X509_get_subject_name(by->certificate));
  X509V3_CTX context;
  X509V3_set_ctx(&context, by->certificate, out.certificate, nullptr, nullptr, 0);
  for (const auto& [id, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost"}, std::pair{NID_basic_constraints, authority == nullptr ? "critical,CA:TRUE" : "CA:FALSE"}}) {
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
    X509_add_ext(out.certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(out.certificate, by->key, EVP_sha256());
  FILE* to = std::fopen(file.c_str(), "w");
  PEM_write_X509(to, out.certificate);
  std::fclose(to);
  to = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(to, out.key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(to);
}

class MllpTest : public InboxFixture {
 protected:
  void listen(MllpOptions options = {}) {
    auto door = MllpServer::listen(options, *inbox_);
    ASSERT_TRUE(door) << door.error().text();
    door_ = std::move(*door);
  }
  void TearDown() override { door_.reset(); }
  int connect_raw() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(door_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const timeval limit{10, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return socket;
  }
  static std::string read_until(int socket, std::size_t frames) {
    std::string out;
    char room[4096];
    while (static_cast<std::size_t>(std::count(out.begin(), out.end(), frame_end)) < frames) {
      const auto size = ::recv(socket, room, sizeof room, 0);
      if (size <= 0) break;
      out.append(room, static_cast<std::size_t>(size));
    }
    return out;
  }
  std::unique_ptr<MllpServer> door_;
};

TEST_F(MllpTest, ManyMessagesOverOneConnectionAreAnsweredInTheirOrder) {
  listen();
  EXPECT_EQ(door_->address(), "mllp://127.0.0.1:" + std::to_string(door_->port()));
  std::vector<std::string> all;
  for (int i = 0; i < 40; ++i) all.push_back(Adt{.control = "C" + std::to_string(i), .pid3 = "M" + std::to_string(i) + "^^^RXX^MR", .visit = "V" + std::to_string(i)}.text());
  std::vector<std::string> answers;
  const auto sent = send_messages({.port = door_->port()}, all, [&](std::size_t, std::string_view answer) { answers.emplace_back(answer); });
  ASSERT_TRUE(sent) << sent.error().text();
  ASSERT_EQ(answers.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_NE(answers[static_cast<std::size_t>(i)].find("MSA|AA|C" + std::to_string(i) + "\r"), std::string::npos);
  inbox_->settle();
  EXPECT_EQ(find("Encounter", "").size(), 40u);
}

TEST_F(MllpTest, ASenderThatDoesNotWaitHasAllItsAnswersInOrder) {
  listen();
  std::string all = "\r\n";
  for (int i = 0; i < 20; ++i) all += "\x0B" + Adt{.control = "C" + std::to_string(i), .visit = "V" + std::to_string(i)}.text() + "\x1C\r";
  const int socket = connect_raw();
  // Byte by byte at first: frames may come in any pieces.
  for (std::size_t i = 0; i < 50; ++i) ASSERT_EQ(::send(socket, all.data() + i, 1, 0), 1);
  ASSERT_EQ(::send(socket, all.data() + 50, all.size() - 50, 0), static_cast<ssize_t>(all.size() - 50));
  const auto answers = read_until(socket, 20);
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    at = answers.find("MSA|AA|C" + std::to_string(i) + "\r", at);
    ASSERT_NE(at, answers.npos) << i;
  }
  ::close(socket);
}

TEST_F(MllpTest, WhatIsCutOffIsNotAnsweredAndNotKept) {
  listen();
  const int socket = connect_raw();
  const std::string half = "\x0B" + Adt{}.text();
  ::send(socket, half.data(), half.size(), 0);
  ::shutdown(socket, SHUT_WR);
  EXPECT_EQ(read_until(socket, 1), "");
  ::close(socket);
  EXPECT_TRUE(senders(folder_.path())->empty());
}

TEST_F(MllpTest, GarbageAndMessagesTooLongEndTheConnectionAndNothingElse) {
  listen();
  const int garbage = connect_raw();
  const std::string noise(100'000, 'x');
  ::send(garbage, noise.data(), noise.size(), MSG_NOSIGNAL);
  EXPECT_EQ(read_until(garbage, 1), "");
  ::close(garbage);
  const int large = connect_raw();
  std::thread writer([&] {
    const std::string begin = "\x0B" + Adt{}.text(), more(most_message_bytes, 'y');
    ::send(large, begin.data(), begin.size(), MSG_NOSIGNAL);
    ::send(large, more.data(), more.size(), MSG_NOSIGNAL);
  });
  EXPECT_NE(read_until(large, 1).find("MSA|AE"), std::string::npos);
  writer.join();
  ::close(large);
  ASSERT_EQ(for_review().size(), 1u) << "kept, so that somebody sees that it came";
  EXPECT_TRUE(send_messages({.port = door_->port()}, {Adt{}.text()}));
}

TEST_F(MllpTest, TwoHundredConnectionsAtATimeAreServedAndTheNextIsTurnedAway) {
  listen({.connections = 200});
  std::vector<int> open;
  for (int i = 0; i < 200; ++i) open.push_back(connect_raw());
  const std::string message = "\x0B" + Adt{}.text() + "\x1C\r";
  ::send(open.back(), message.data(), message.size(), 0);
  EXPECT_NE(read_until(open.back(), 1).find("MSA|AA"), std::string::npos);
  const int next = connect_raw();
  ::send(next, message.data(), message.size(), MSG_NOSIGNAL);
  EXPECT_EQ(read_until(next, 1), "");
  ::close(next);
  for (const int socket : open) ::close(socket);
}

TEST_F(MllpTest, OverTlsTheSendersCertificateSaysWhoItIs) {
  Certificate authority, server, sender, stranger;
  make(authority, "An authority", nullptr, folder_.file("ca.pem"), folder_.file("ca-key.pem"));
  make(server, "localhost", &authority, folder_.file("server.pem"), folder_.file("server-key.pem"));
  make(sender, "RYY", &authority, folder_.file("sender.pem"), folder_.file("sender-key.pem"));
  make(stranger, "RYY", nullptr, folder_.file("stranger.pem"), folder_.file("stranger-key.pem"));
  listen({.tls_certificate_file = folder_.file("server.pem"), .tls_key_file = folder_.file("server-key.pem"), .client_authority_file = folder_.file("ca.pem")});
  const std::vector<std::string> one = {Adt{.facility = "RXX"}.text()};
  const auto sent = send_messages({.port = door_->port(), .tls_authority_file = folder_.file("ca.pem"), .tls_certificate_file = folder_.file("sender.pem"), .tls_key_file = folder_.file("sender-key.pem")}, one);
  ASSERT_TRUE(sent) << sent.error().text();
  inbox_->settle();
  // It says that it is RXX; its certificate says RYY, and the numbers are RYY's.
  EXPECT_EQ(one.size(), 1u);
  EXPECT_EQ(find("Patient", "identifier=urn:joinedup:sender:RYY:RXX%7CM1").size(), 1u);
  EXPECT_FALSE(send_messages({.port = door_->port(), .tls_authority_file = folder_.file("ca.pem"), .timeout_seconds = 3}, {Adt{.control = "2"}.text()}));
  EXPECT_FALSE(send_messages({.port = door_->port(), .tls_authority_file = folder_.file("ca.pem"), .tls_certificate_file = folder_.file("stranger.pem"), .tls_key_file = folder_.file("stranger-key.pem"), .timeout_seconds = 3}, {Adt{.control = "3"}.text()}));
  EXPECT_FALSE(send_messages({.port = door_->port(), .timeout_seconds = 3}, {Adt{.control = "4"}.text()})) << "plain, where TLS is spoken";
  EXPECT_EQ(senders(folder_.path())->at(0).kept, 1u);
}

// The receiver agrees on TLS and ends the connection while a large message is on its way: an error to the sender, not its end.
TEST_F(MllpTest, AReceiverThatHangsUpIsAnErrorToTheSender) {
  Certificate authority, server;
  make(authority, "An authority", nullptr, folder_.file("ca.pem"), folder_.file("ca-key.pem"));
  make(server, "localhost", &authority, folder_.file("server.pem"), folder_.file("server-key.pem"));
  const int door = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(door, reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(door, 1), 0);
  ASSERT_EQ(::getsockname(door, reinterpret_cast<sockaddr*>(&at), &size), 0);
  std::thread receiver([&] {
    auto* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_file(context, folder_.file("server.pem").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context, folder_.file("server-key.pem").c_str(), SSL_FILETYPE_PEM);
    auto* tls = SSL_new(context);
    const int peer = ::accept(door, nullptr, nullptr);
    SSL_set_fd(tls, peer);
    char room[64];
    if (SSL_accept(tls) == 1) static_cast<void>(SSL_read(tls, room, sizeof room));
    ::shutdown(peer, SHUT_WR);
    ::close(peer);
    SSL_free(tls);
    SSL_CTX_free(context);
  });
  const auto handler = std::signal(SIGPIPE, SIG_DFL);
  const auto sent = send_messages({.port = ntohs(at.sin_port), .tls_authority_file = folder_.file("ca.pem"), .timeout_seconds = 10}, {Adt{}.text() + std::string(16 << 20, 'x')});
  std::signal(SIGPIPE, handler);
  receiver.join();
  ::close(door);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::unavailable);
}

TEST_F(MllpTest, PlainIsForThisMachineOnly) {
  EXPECT_FALSE(MllpServer::listen({.address = "0.0.0.0"}, *inbox_));
  EXPECT_FALSE(MllpServer::listen({.client_authority_file = "x.pem"}, *inbox_));
  EXPECT_FALSE(MllpServer::listen({.tls_certificate_file = "x.pem"}, *inbox_));
}

TEST_F(MllpTest, StoppingAnswersWhatWasBegunAndEndsSoon) {
  listen();
  const int socket = connect_raw();
  const std::string message = "\x0B" + Adt{}.text() + "\x1C\r";
  ::send(socket, message.data(), message.size(), 0);
  EXPECT_NE(read_until(socket, 1).find("MSA|AA"), std::string::npos);
  const auto began = std::chrono::steady_clock::now();
  door_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  ::close(socket);
}

}  // namespace
}  // namespace joinedup::messages
