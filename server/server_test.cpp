// The server as clients meet it: over real sockets, plain and TLS.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "server/gzip.hpp"
#include "server/test_support.hpp"
#include "server/wire.hpp"

namespace joinedup::server {
namespace {

TEST(Server, CreatesReadsUpdatesSearchesAndDeletesOverTls) {
  TestFolder folder;
  make_certificate(folder.file("cert.pem"), folder.file("key.pem"));
  Served served({.tls_certificate_file = folder.file("cert.pem"), .tls_key_file = folder.file("key.pem"), .access = Access::anyone_on_this_machine, .access_log = ""});
  EXPECT_EQ(served.server->base_url(), "https://127.0.0.1:" + std::to_string(served.port()) + "/fhir");
  Client client(served.port(), Client::Over::tls);
  ASSERT_TRUE(client.connected());
  const auto made = client.ask("POST", "/fhir/Patient", smith);
  EXPECT_EQ(made.status, 201);
  const auto location = made.headers.at("location");
  const auto path = location.substr(location.find("/fhir/"), location.find("/_history") - location.find("/fhir/"));
  const auto read = client.ask("GET", path);
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.body, made.body);
  EXPECT_TRUE(read.headers.contains("strict-transport-security"));
  const auto id = path.substr(path.rfind('/') + 1);
  EXPECT_EQ(client.ask("PUT", path, R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"family":"Jones"}]})").status, 200);
  EXPECT_NE(client.ask("GET", "/fhir/Patient?name=jones").body.find(id), std::string::npos);
  EXPECT_EQ(client.ask("GET", "/fhir/Patient?name=smith").body.find(id), std::string::npos);
  EXPECT_EQ(client.ask("DELETE", path).status, 204);
  EXPECT_GE(client.ask("GET", path).status, 404);
}

TEST(Server, SpeaksNoTlsOlderThan1_2) {
  TestFolder folder;
  make_certificate(folder.file("cert.pem"), folder.file("key.pem"));
  Served served({.tls_certificate_file = folder.file("cert.pem"), .tls_key_file = folder.file("key.pem"), .access = Access::anyone_on_this_machine, .access_log = ""});
  EXPECT_TRUE(Client(served.port(), Client::Over::tls, TLS1_2_VERSION).connected());
  EXPECT_FALSE(Client(served.port(), Client::Over::tls, TLS1_1_VERSION).connected());
  Client plain(served.port());
  EXPECT_EQ(plain.ask("GET", "/healthz").status, 0) << "plain HTTP to a TLS port is not answered";
}

TEST(Server, AnswersNobodyWithoutSignIn) {
  Served served({.access_log = ""});
  Client client(served.port());
  const auto refused = client.ask("GET", "/fhir/Patient/1");
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(refused.body.find("OperationOutcome"), std::string::npos);
  EXPECT_TRUE(refused.headers.contains("www-authenticate"));
  EXPECT_EQ(client.ask("POST", "/fhir/Patient", smith).status, 401);
  EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
}

TEST(Server, OpenDoorsAreForThisMachineOnly) {
  EXPECT_FALSE(Server::listen({.address = "0.0.0.0", .access_log = ""}));
  TestFolder folder;
  make_certificate(folder.file("cert.pem"), folder.file("key.pem"));
  const auto both = Server::listen({.address = "0.0.0.0", .tls_certificate_file = folder.file("cert.pem"), .tls_key_file = folder.file("key.pem"),
                                    .access = Access::anyone_on_this_machine, .access_log = ""});
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().code, ErrorCode::wrong_usage);
  EXPECT_FALSE(Server::listen({.tls_certificate_file = folder.file("cert.pem"), .access_log = ""})) << "a certificate without its key";
}

TEST(Server, PagesFromElsewhereCannotActThroughABrowserHere) {
  Served served;
  Client client(served.port());
  client.send("GET /fhir/Patient HTTP/1.1\r\nHost: attacker.example\r\n\r\n");
  EXPECT_EQ(client.receive().status, 421);
  EXPECT_EQ(client.ask("POST", "/fhir/Patient", smith, "Origin: https://attacker.example\r\n").status, 403);
  const auto own = client.ask("POST", "/fhir/Patient", smith, "Origin: http://localhost:1\r\n");
  EXPECT_EQ(own.status, 201);
  EXPECT_FALSE(own.headers.contains("access-control-allow-origin"));
}

TEST(Server, TwoAtOnePortIsASentence) {
  auto one = Server::listen({.access_log = ""});
  ASSERT_TRUE(one);
  const auto two = Server::listen({.port = (*one)->port(), .access_log = ""});
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().code, ErrorCode::conflict);
}

}  // namespace

TEST(Server, WithoutSignInPagesFromElsewhereDoNotListenEither) {
  auto server = Server::listen({.access = Access::anyone_on_this_machine, .access_log = ""});
  ASSERT_TRUE(server) << server.error().text();
  int answered = 0;
  (*server)->serve([](const rest::Request&) { return rest::Response{}; }, {}, [&](const rest::Request&) {
    ++answered;
    return rest::Response{.status = 200, .headers = {}, .body = "events"};
  });
  Client client((*server)->port());
  ASSERT_TRUE(client.send("GET /events HTTP/1.1\r\nHost: attacker.example\r\n\r\n"));
  EXPECT_EQ(client.receive().status, 421);
  EXPECT_EQ(client.ask("GET", "/events", "", "Origin: https://attacker.example\r\n").status, 403);
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(client.ask("GET", "/events", "", "").body, "events");
  EXPECT_EQ(answered, 1);
  (*server)->stop();
}

}  // namespace joinedup::server
