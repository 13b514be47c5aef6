// Peers that are slow, greedy, broken or many: what they get, and that everybody else is served meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "server/gzip.hpp"
#include "server/test_support.hpp"

namespace joinedup::server {
namespace {

using namespace std::chrono_literals;
using Time = Limits::Time;

rest::Response plain(std::string body) { return {.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = std::move(body), .more = {}}; }
rest::Response echo(const rest::Request& request) { return plain(request.method + " " + request.path + "?" + request.query + " " + request.body); }

ServerOptions with(const std::function<void(Limits&)>& change) {
  auto options = open_options();
  change(options.limits);
  return options;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(Hostile, AHeaderThatComesByDropsIsGivenUp) {
  Handled served(echo, with([](Limits& l) { l.header = Time(500); }));
  Client slow(served.port());
  std::atomic<bool> ended{false};
  const double took = seconds_of([&] {
    std::thread drops([&] {
      for (const char c : std::string(400, 'x')) {
        if (ended || !slow.send(std::string("X: ").substr(0, 1) + c)) break;
        std::this_thread::sleep_for(20ms);
      }
    });
    slow.send("GET /fhir/Patient HTTP/1.1\r\nHost: localhost\r\n");
    EXPECT_EQ(slow.receive().status, 408);
    ended = true;
    drops.join();
  });
  EXPECT_LT(took, 3);
  EXPECT_EQ(Client(served.port()).ask("GET", "/healthz").status, 200);
}

TEST(Hostile, ABodyThatComesByDropsIsGivenUp) {
  Handled served(echo, with([](Limits& l) { l.body_grace = Time(500); l.body_rate = 1000; }));
  Client slow(served.port());
  slow.send("POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc");
  EXPECT_EQ(slow.receive().status, 408);
  // At the stated rate it may take longer than the grace.
  Client steady(served.port());
  steady.send("POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n");
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(steady.send(std::string(1000, 'a')));
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(steady.receive().status, 200);
}

TEST(Hostile, AHundredSlowPeersHoldNobodyUp) {
  Handled served(echo, with([](Limits& l) { l.header = Time(2000); }));
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(std::make_unique<Client>(served.port()));
    slow.back()->send("GET /fhir/Patient HTTP/1.1\r\nHo");
  }
  Client quick(served.port());
  const double took = seconds_of([&] {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(quick.ask("GET", "/fhir/x").status, 200);
  });
  EXPECT_LT(took, 2);
}

TEST(Hostile, AnIdleConnectionIsEnded) {
  Handled served(echo, with([](Limits& l) { l.idle = Time(300); }));
  Client idle(served.port()), silent(served.port());
  EXPECT_EQ(idle.ask("GET", "/healthz").status, 200);
  EXPECT_TRUE(idle.is_ended(3000));
  EXPECT_TRUE(silent.is_ended(3000));
}

TEST(Hostile, ATlsPeerThatNeverGreetsIsEnded) {
  TestFolder folder;
  make_certificate(folder.file("cert.pem"), folder.file("key.pem"));
  auto options = with([](Limits& l) { l.handshake = Time(300); });
  options.tls_certificate_file = folder.file("cert.pem"), options.tls_key_file = folder.file("key.pem");
  Handled served(echo, options);
  Client silent(served.port());
  EXPECT_TRUE(silent.is_ended(3000));
}

TEST(Hostile, APeerThatDoesNotTakeItsAnswerIsCut) {
  Handled served([](const rest::Request&) { return plain(std::string(64 << 20, 'x')); }, with([](Limits& l) { l.write_grace = Time(400); l.body_rate = 1 << 30; }));
  Client deaf(served.port());
  deaf.send("GET /fhir/Patient HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::this_thread::sleep_for(1500ms);
  EXPECT_EQ(deaf.receive().body.size() < (64 << 20), true);
  EXPECT_NE(Client(served.port()).ask("GET", "/metrics").body.find("joinedup_connections_timed_out_total 1"), std::string::npos);
}

TEST(Hostile, ThereIsACapOnConnectionsAndItIsLiftedAgain) {
  Handled served(echo, with([](Limits& l) { l.connections_per_address = 4; }));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(served.port()));
    EXPECT_EQ(clients.back()->ask("GET", "/healthz").status, 200);
  }
  Client fifth(served.port());
  const auto refused = fifth.receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("OperationOutcome"), std::string::npos);
  EXPECT_EQ(clients[0]->ask("GET", "/healthz").status, 200);
  clients.clear();
  int status = 0;
  for (int tries = 0; tries < 50 && status != 200; ++tries) {
    std::this_thread::sleep_for(20ms);
    status = Client(served.port()).ask("GET", "/healthz").status;
  }
  EXPECT_EQ(status, 200);
}

TEST(Hostile, ABodyTooLargeIsRefusedBeforeItIsTaken) {
  std::atomic<int> asked{0};
  Handled served([&](const rest::Request& r) { return ++asked, echo(r); }, with([](Limits& l) { l.body_bytes = 100'000; }));
  Client honest(served.port());
  honest.send("POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n");
  const auto refused = honest.receive();
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(refused.body.find("OperationOutcome"), std::string::npos);

  Client pushing(served.port());  // sends all of it whatever it is told; it still hears the answer
  pushing.send("POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n");
  std::thread push([&] {
    const std::string megabyte(1 << 20, 'x');
    for (int i = 0; i < 95 && pushing.send(megabyte); ++i) {}
  });
  EXPECT_EQ(pushing.receive().status, 413);
  push.join();

  Client chunks(served.port());
  chunks.send("POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::thread push_chunks([&] {
    for (int i = 0; i < 200 && chunks.send("400\r\n" + std::string(1024, 'x') + "\r\n"); ++i) {}
  });
  EXPECT_EQ(chunks.receive().status, 413);
  push_chunks.join();
  EXPECT_EQ(asked, 0);
}

TEST(Hostile, ABombIsDefused) {
  std::atomic<int> asked{0};
  Handled served([&](const rest::Request& r) { return ++asked, echo(r); });
  Packer packer;
  std::string bomb;
  const std::string zeros(1 << 20, '\0');
  for (int i = 0; i < 200; ++i) bomb += packer.add(zeros, i == 199 ? Packer::Then::end : Packer::Then::more);
  ASSERT_LT(bomb.size(), 2u << 20);
  Client client(served.port());
  const auto refused = client.ask("POST", "/fhir/Patient", bomb, "Content-Encoding: gzip\r\n");
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(refused.body.find("unpacked"), std::string::npos);
  EXPECT_EQ(Client(served.port()).ask("POST", "/fhir/Patient", bomb.substr(0, 100), "Content-Encoding: gzip\r\n").status, 400) << "half of it";
  EXPECT_EQ(Client(served.port()).ask("POST", "/fhir/Patient", "{}", "Content-Encoding: br\r\n").status, 415);
  EXPECT_EQ(asked, 0);
}

TEST(Hostile, AllBodiesTogetherAreBounded) {
  Handled served(echo, with([](Limits& l) { l.bodies_bytes = 300'000; }));
  std::vector<std::unique_ptr<Client>> holding;
  for (int i = 0; i < 2; ++i) {
    holding.push_back(std::make_unique<Client>(served.port()));
    holding.back()->send("POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 140001\r\n\r\n" + std::string(140'000, 'x'));
  }
  std::this_thread::sleep_for(200ms);
  const auto refused = Client(served.port()).ask("POST", "/fhir/Patient", std::string(100'000, 'x'));
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.headers.contains("retry-after"));
  for (auto& client : holding) {
    client->send("x");
    EXPECT_EQ(client->receive().status, 200);
  }
  EXPECT_EQ(Client(served.port()).ask("POST", "/fhir/Patient", std::string(100'000, 'x')).status, 200) << "what was held is given back";
}

TEST(Hostile, WhatIsNotHttpIsRefusedAndEndsTheConnection) {
  Handled served(echo);
  const std::string get = "GET /fhir/x HTTP/1.1\r\n", host = "Host: localhost\r\n", post = "POST /fhir/x HTTP/1.1\r\n" + host;
  const std::vector<std::pair<std::string, int>> cases = {
      {get + "\r\n", 400},
      {get + host + host + "\r\n", 400},
      {"GET /fhir/x HTTP/2.0\r\n" + host + "\r\n", 400},
      {"GET  /fhir/x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET fhir/x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"FROB /fhir/x HTTP/1.1\r\n" + host + "\r\n", 200},  // a method that the house below may refuse
      {"CONNECT localhost:1 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"TRACE / HTTP/1.1\r\n" + host + "\r\n", 405},
      {get + host + "Bad Name: x\r\n\r\n", 400},
      {get + host + "X: a\001b\r\n\r\n", 400},
      {get + host + "X: " + std::string(40'000, 'a') + "\r\n\r\n", 431},
      {"GET /" + std::string(40'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 431},
      {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400},
      {post + "Content-Length: -1\r\n\r\n", 400},
      {post + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n", 400},
      {post + "Expect: a-miracle\r\nContent-Length: 0\r\n\r\n", 417},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 501},
      {std::string("\0\0\0\0\r\n\r\n", 8), 501},
  };
  for (const auto& [text, status] : cases) {
    Client client(served.port());
    client.send(text);
    const auto answer = client.receive();
    EXPECT_EQ(answer.status, status) << text.substr(0, 120);
    if (status >= 400) {
      EXPECT_NE(answer.body.find("OperationOutcome"), std::string::npos);
      EXPECT_EQ(answer.headers.at("connection"), "close");
      EXPECT_TRUE(client.is_ended(3000)) << text.substr(0, 120);
    }
  }
  EXPECT_EQ(Client(served.port()).ask("GET", "/healthz").status, 200);
}

// JOINEDUP_FUZZ_SECONDS of it; http_fuzz.cpp is the same under sanitizers and guided.
TEST(Hostile, BrokenRequestsByTheThousandDoNoHarm) {
  const char* given = std::getenv("JOINEDUP_FUZZ_SECONDS");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(given != nullptr ? std::atoi(given) : 3);
  Served served;
  const std::vector<std::string> seeds = {
      "GET /fhir/Patient?name=smith&_include=Patient:organization HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n",
      "POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 29\r\nExpect: 100-continue\r\n\r\n{\"resourceType\": \"Patient\"}  ",
      "POST /fhir HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n{\"res\r\n0\r\nTrailer: x\r\n\r\n",
      "PUT /fhir/Patient/a HTTP/1.1\r\nHost: localhost\r\nIf-Match: W/\"1\"\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
      "HEAD /reports/index.html HTTP/1.0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"};
  int count = 0, answered = 0;
  for (; std::chrono::steady_clock::now() < until; ++count) {
    CounterRandom random(3, static_cast<std::uint64_t>(count), 1);
    std::string text = seeds[random.below(seeds.size())];
    for (int edits = random.between(0, 6); edits > 0; --edits) {
      const auto at = random.below(text.size());
      switch (random.below(4)) {
        case 0: text[at] = static_cast<char>(random.below(256)); break;
        case 1: text.erase(at, random.below(8) + 1); break;
        case 2: text.insert(at, text.substr(random.below(text.size()), random.below(20))); break;
        default: text.insert(at, std::string(random.below(3) + 1, "\r\n: ,;=%/"[random.below(10)]));
      }
      if (text.empty()) text = "\r";
    }
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    served.server->adopt(ends[1]);
    static_cast<void>(::send(ends[0], text.data(), text.size(), MSG_NOSIGNAL));
    ::shutdown(ends[0], SHUT_WR);
    std::string heard;
    char room[65536];
    for (ssize_t got = 0; (got = ::recv(ends[0], room, sizeof room, 0)) > 0;) heard.append(room, static_cast<std::size_t>(got));
    ::close(ends[0]);
    if (heard.empty()) continue;
    ++answered;
    ASSERT_EQ(heard.substr(0, 7), "HTTP/1.") << text;
  }
  EXPECT_GT(answered, count / 10);
  EXPECT_EQ(Client(served.port()).ask("GET", "/readyz").status, 200);
}

TEST(Hostile, AHandlersFaultIsAnAnswer) {
  Handled served([](const rest::Request& r) -> rest::Response {
    if (r.query == "memory") throw std::bad_alloc();
    throw std::runtime_error("Mrs Smith's record");
  });
  Client client(served.port());
  EXPECT_EQ(client.ask("GET", "/fhir/x?memory").status, 503);
  const auto fault = client.ask("POST", "/fhir/x");
  EXPECT_EQ(fault.status, 500);
  EXPECT_EQ(fault.body.find("Smith"), std::string::npos);
}

}  // namespace
}  // namespace joinedup::server
