// HTTP as it should be: pipelines, chunks, packing, continuation, streams, a graceful end, and what is written down.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "server/gzip.hpp"
#include "server/route_label.hpp"
#include "server/test_support.hpp"
#include "server/wire.hpp"

namespace joinedup::server {
namespace {

using namespace std::chrono_literals;

rest::Response plain(std::string body) { return {.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = std::move(body), .more = {}}; }
rest::Response echo(const rest::Request& request) { return plain(request.method + " " + request.path + "?" + request.query + " " + request.body); }

TEST(Exchange, PipelinedRequestsAreAnsweredInTurn) {
  Handled served(echo);
  Client client(served.port());
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += i % 2 == 0 ? "GET /fhir/x?" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
                      : "POST /fhir/x?" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
  client.send(all);
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(client.receive().body, i % 2 == 0 ? "GET /x?" + std::to_string(i) + " " : "POST /x?" + std::to_string(i) + " abc");
}

TEST(Exchange, ARequestMayComeByteByByteAndInChunks) {
  Handled served(echo);
  Client client(served.port());
  for (const char c : std::string("POST /fhir/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3;why=not\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"))
    ASSERT_TRUE(client.send(std::string(1, c)));
  EXPECT_EQ(client.receive().body, "POST /x? abcdefg");
  EXPECT_EQ(client.ask("GET", "http://localhost/fhir/y?z=1").body, "GET /y?z=1 ");
}

TEST(Exchange, SaysGoOnWhereItIsAskedTo) {
  Handled served(echo);
  Client client(served.port());
  client.send("POST /fhir/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("abc");
  EXPECT_EQ(client.receive().body, "POST /x? abc");
}

TEST(Exchange, HeadHasTheLengthAndNoBody) {
  Handled served([](const rest::Request&) { return plain("twelve bytes"); });
  Client client(served.port());
  const auto head = client.ask("HEAD", "/fhir/x");
  EXPECT_EQ(head.headers.at("content-length"), "12");
  EXPECT_EQ(client.ask("GET", "/fhir/x").body, "twelve bytes") << "nothing of a body stood in between";
}

TEST(Exchange, PacksWhereItIsWelcome) {
  const std::string text(100'000, 'a');
  Handled served([&](const rest::Request&) { return plain(text); });
  Client client(served.port());
  const auto packed = client.ask("GET", "/fhir/x", {}, "Accept-Encoding: br, gzip;q=0.5\r\n");
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), 2000u);
  EXPECT_EQ(gunzip(packed.body, 1 << 20).value(), text);
  EXPECT_EQ(client.ask("GET", "/fhir/x").body, text);
  EXPECT_EQ(client.ask("GET", "/fhir/x", {}, "Accept-Encoding: gzip;q=0\r\n").body, text);
  Handled echoing(echo);
  Packer packer;
  EXPECT_EQ(Client(echoing.port()).ask("POST", "/fhir/x", packer.add("plain at last", Packer::Then::end), "Content-Encoding: gzip\r\n").body, "POST /x? plain at last");
}

// A thousand numbered lines, a piece each.
rest::Response lines(std::atomic<int>& made, int count, std::size_t size) {
  rest::Response out = plain({});
  out.more = [&made, count, size](std::string& piece) -> Result<bool> {
    piece = std::to_string(++made) + ":" + std::string(size, '.') + "\n";
    return made < count;
  };
  return out;
}

TEST(Exchange, LongAnswersComeInPiecesPackedOrNot) {
  std::atomic<int> made{0};
  Handled served([&](const rest::Request&) { return made = 0, lines(made, 1000, 100); });
  Client client(served.port());
  const auto whole = client.ask("GET", "/fhir/$export");
  EXPECT_EQ(whole.headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(std::count(whole.body.begin(), whole.body.end(), '\n'), 1000);
  const auto packed = client.ask("GET", "/fhir/$export", {}, "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(gunzip(packed.body, 1 << 20).value(), whole.body);
  EXPECT_EQ(client.ask("GET", "/healthz").status, 200) << "the connection goes on";
  client.send("GET /fhir/$export HTTP/1.0\r\nHost: localhost\r\n\r\n");
  const auto old = client.receive();
  EXPECT_FALSE(old.headers.contains("transfer-encoding"));
  EXPECT_EQ(old.body, whole.body);
}

TEST(Exchange, PiecesAreMadeAsTheyAreTaken) {
  std::atomic<int> made{0};
  auto options = open_options();
  Handled served([&](const rest::Request&) { return lines(made, 10'000, 100'000); }, options);
  Client client(served.port());
  client.send("GET /fhir/$export HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::this_thread::sleep_for(500ms);
  EXPECT_GT(made, 0);
  EXPECT_LT(made, 200) << "a gigabyte was asked for and nothing of it taken";
}

TEST(Exchange, AStreamThatFailsIsNotTakenForAWhole) {
  std::atomic<int> made{0};
  Handled served([&](const rest::Request&) {
    rest::Response out = plain({});
    out.more = [&](std::string& piece) -> Result<bool> {
      piece = "line\n";
      if (++made == 3) return fail(ErrorCode::unavailable, "The disk went away.");
      return true;
    };
    return out;
  });
  Client client(served.port());
  EXPECT_EQ(client.ask("GET", "/fhir/$export").status, 0) << "no last chunk came";
}

TEST(Exchange, StopsWhenOpenRequestsAreAnswered) {
  std::atomic<bool> is_working{false};
  Handled served([&](const rest::Request&) {
    is_working = true;
    std::this_thread::sleep_for(600ms);
    return plain("done");
  });
  Client busy(served.port()), idle(served.port());
  EXPECT_EQ(idle.ask("GET", "/healthz").status, 200);
  busy.send("POST /fhir/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  while (!is_working) std::this_thread::sleep_for(5ms);
  const auto begin = std::chrono::steady_clock::now();
  std::thread stop([&] { served.server->stop(); });
  const auto answer = busy.receive();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(idle.is_ended(2000));
  stop.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
  EXPECT_FALSE(Client(served.port()).connected());
}

TEST(Exchange, StopDoesNotWaitForeverForASlowPeer) {
  auto options = open_options();
  options.limits.stop = Limits::Time(300);
  Handled served(echo, options);
  Client slow(served.port());
  slow.send("POST /fhir/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  std::this_thread::sleep_for(100ms);
  const auto begin = std::chrono::steady_clock::now();
  served.server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

TEST(Exchange, SlowWorkHoldsNoReadsUp) {
  std::atomic<int> waiting{0};
  auto options = open_options();
  options.threads = 2;
  Handled served([&](const rest::Request& r) {
    if (r.method == "POST") ++waiting, std::this_thread::sleep_for(1s);
    return plain("x");
  }, options);
  std::vector<std::unique_ptr<Client>> writers;
  for (int i = 0; i < 30; ++i) {
    writers.push_back(std::make_unique<Client>(served.port()));
    writers.back()->send("POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  }
  const auto begin = std::chrono::steady_clock::now();
  Client reader(served.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(reader.ask("GET", "/fhir/Patient/1").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 800ms);
  for (auto& writer : writers) EXPECT_EQ(writer->receive().status, 200);
  EXPECT_EQ(waiting, 30);
}

TEST(Exchange, ASlowSearchHoldsNobodyElseUp) {
  std::atomic<bool> is_searching{false};
  auto options = open_options();
  options.threads = 2;
  Handled served([&](const rest::Request& r) {
    if (r.query == "slow") is_searching = true, std::this_thread::sleep_for(1s);
    return plain("x");
  }, options);
  std::vector<std::unique_ptr<Client>> readers;
  for (int i = 0; i < 20; ++i) readers.push_back(std::make_unique<Client>(served.port())), readers.back()->ask("GET", "/healthz");
  Client slow(served.port());
  slow.send("GET /fhir/Patient?slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (!is_searching) std::this_thread::sleep_for(1ms);
  const auto begin = std::chrono::steady_clock::now();
  for (auto& reader : readers) EXPECT_EQ(reader->ask("GET", "/fhir/Patient/1").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 800ms) << "whichever connections shared a thread with it";
  EXPECT_EQ(slow.receive().status, 200);
}

TEST(Exchange, WhatIsWrittenDownHoldsNothingOfAPerson) {
  TestFolder folder;
  auto options = open_options();
  options.access_log = folder.file("access.jsonl");
  {
    Handled served(echo, options);
    Client client(served.port());
    for (const auto* target : {"/fhir/Patient?name=Penelope&identifier=9990000000", "/fhir/Patient/Penelope", "/fhir/Penelope/9990000000", "/Penelope",
                               "/fhir/Patient/Penelope/$everything", "/fhir/Patient/Penelope/_history/7", "/reports/Penelope.html"})
      client.ask("GET", target, {}, "X-Penelope: Penelope\r\nX-Request-Id: Penelope\r\n");
    client.ask("POST", "/fhir/Patient", "Penelope");
    Client strange(served.port());
    strange.send("PENELOPE /fhir/Patient HTTP/1.1\r\nHost: localhost\r\n\r\n");
    strange.receive();
    const auto metrics = client.ask("GET", "/metrics").body;
    EXPECT_EQ(metrics.find("enelope"), std::string::npos) << metrics;
    EXPECT_EQ(metrics.find("9990000000"), std::string::npos);
    EXPECT_NE(metrics.find("joinedup_http_requests_total{method=\"GET\",route=\"/fhir/{type}/{id}\",status=\"200\"} 1"), std::string::npos) << metrics;
    EXPECT_NE(metrics.find("joinedup_http_request_seconds_count{route=\"/fhir/{type}\"} 3"), std::string::npos) << metrics;
  }
  const auto text = read_file(folder.file("access.jsonl")).value();
  EXPECT_EQ(lower_ascii(text).find("penelope"), std::string::npos) << text;
  EXPECT_EQ(text.find("9990000000"), std::string::npos);
  int count = 0;
  for (const auto line : split(text, '\n')) {
    if (line.empty()) continue;
    const auto parsed = nlohmann::json::parse(line);
    for (const auto* key : {"time", "request", "method", "route", "status", "bytes", "ms"}) EXPECT_TRUE(parsed.contains(key)) << line;
    ++count;
  }
  EXPECT_EQ(count, 10);
}

TEST(Exchange, ReportsAreServedAndNothingBesideThem) {
  TestFolder folder;
  ASSERT_TRUE(write_file(folder.file("index.html"), "<h1>Report</h1>"));
  ASSERT_TRUE(write_file(folder.file("secret.sqlite"), "people"));
  ASSERT_TRUE(make_folder(folder.file("reports")));
  auto options = open_options();
  options.reports_folder = folder.file("reports");
  ASSERT_TRUE(write_file(folder.file("reports/index.html"), "<h1>Report</h1>"));
  Handled served(echo, options);
  Client client(served.port());
  EXPECT_EQ(client.ask("GET", "/reports/index.html").body, "<h1>Report</h1>");
  EXPECT_NE(client.ask("GET", "/").body.find("/reports/index.html"), std::string::npos);
  EXPECT_EQ(client.ask("GET", "/reports/").headers.at("location"), "/reports/index.html");
  for (const auto* target : {"/reports/../secret.sqlite", "/reports/..%2Fsecret.sqlite", "/reports/../index.html", "/reports//etc/passwd", "/reports/.html", "/reportsindex.html"})
    EXPECT_EQ(client.ask("GET", target).status, 404) << target;
  EXPECT_EQ(client.ask("POST", "/reports/index.html").status, 405);
}

TEST(Wire, AnAnswersHeadCannotBeBrokenIntoTwo) {
  rest::Response response = plain("x");
  response.headers.push_back({"Location", "http://here/fhir/Patient/1\r\nSet-Cookie: a=b\r\n\r\n<html>"});
  const auto head = response_head(response, {.length = 1, .request = "1"});
  EXPECT_EQ(head.find("\nSet-Cookie"), std::string::npos);
  EXPECT_EQ(head.find("\r\n\r\n"), head.size() - 4);
}

TEST(Wire, EveryAnswerTellsTheBrowserToKeepRunFrameAndSniffNothing) {
  rest::Response response = plain("x");
  const auto head = response_head(response, {.length = 1, .request = "1", .is_tls = true});
  for (const auto* line : {"Cache-Control: no-store", "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "Strict-Transport-Security: max-age=31536000; includeSubDomains",
                           "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"})
    EXPECT_NE(head.find(std::string("\r\n") + line + "\r\n"), std::string::npos) << line;
  // A page's own policy is the only one.
  response.headers.push_back({"content-security-policy", "default-src 'self'"});
  const auto page = response_head(response, {.length = 1, .request = "1"});
  EXPECT_EQ(page.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.find("Strict-Transport-Security"), std::string::npos) << "of no use over plain HTTP";
}

TEST(Wire, KnowsThisMachine) {
  for (const auto* yes : {"localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:80", "127.9.9.9", "[::1]:8080"}) EXPECT_TRUE(is_this_machine(yes)) << yes;
  for (const auto* no : {"", "attacker.example", "127.0.0.1.attacker.example", "localhost.attacker.example", "10.0.0.1", "[::2]"}) EXPECT_FALSE(is_this_machine(no)) << no;
}

TEST(Wire, NamesRoutesByTemplate) {
  const auto name = [](std::string_view path) { return std::string(route_name(label_of(path).route)); };
  EXPECT_EQ(name("/fhir/Patient/1"), "/fhir/{type}/{id}");
  EXPECT_EQ(name("/fhir/Patient/1/_history/2"), "/fhir/{type}/{id}/_history/{version}");
  EXPECT_EQ(name("/fhir/Patient/1/Observation"), "/fhir/{type}/{id}/{type}");
  EXPECT_EQ(name("/fhir/Smith/1"), "{other}");
  EXPECT_EQ(label_of("/fhir/Smith").type, "");
  EXPECT_EQ(label_of("/fhir/Patient/1").type, "Patient");
}

}  // namespace
}  // namespace joinedup::server
