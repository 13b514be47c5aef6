// Answers that wait for something to be written down: nothing of them is seen before, and nothing at all where it fails.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "server/test_support.hpp"

namespace joinedup::server {
namespace {

using namespace std::chrono_literals;
using Resume = std::function<void(Result<void>)>;

// A clerk who writes nothing down until told to.
struct Clerk {
  std::mutex mutex;
  std::vector<Resume> waiting;
  rest::Response hold(rest::Response response) {
    response.hold = [this](Resume resume) {
      const std::lock_guard lock(mutex);
      waiting.push_back(std::move(resume));
    };
    return response;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return waiting.size();
  }
  void wait_for(std::size_t some) {
    for (int i = 0; i < 400 && count() < some; ++i) std::this_thread::sleep_for(10ms);
    ASSERT_GE(count(), some);
  }
  std::vector<Resume> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(waiting, {});
  }
};

rest::Response secret(int status = 200) { return {.status = status, .headers = {{"Content-Type", "text/plain"}, {"X-Secret", "header"}}, .body = "secret"}; }

TEST(Hold, NothingGoesOutBeforeItIsWrittenDown) {
  Clerk clerk;
  Handled served([&](const rest::Request&) { return clerk.hold(secret()); });
  Client client(served.port());
  client.send("GET /fhir/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  clerk.wait_for(1);
  pollfd one{client.socket(), POLLIN, 0};
  EXPECT_EQ(::poll(&one, 1, 100), 0) << "not a byte yet";
  for (auto& resume : clerk.take()) resume({});
  const auto answer = client.receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "secret");
}

TEST(Hold, WhatCannotBeWrittenDownIsNotAnswered) {
  for (const int status : {200, 201, 204, 304, 404}) {
    Handled served([&](const rest::Request&) {
      auto response = secret(status);
      response.hold = [](const Resume& resume) { resume(fail(ErrorCode::storage_full, "The disk is full.")); };
      return response;
    });
    Client client(served.port());
    const auto answer = client.ask("GET", "/fhir/x");
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.body.find("OperationOutcome"), std::string::npos);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_FALSE(answer.headers.contains("x-secret")) << "not even a header";
    EXPECT_EQ(answer.headers.at("retry-after"), "2");
    EXPECT_EQ(client.ask("GET", "/fhir/x").status, 503) << "the connection goes on";
  }
}

TEST(Hold, PiecesWaitToo) {
  std::atomic<int> made = 0;
  Handled served([&](const rest::Request& request) {
    auto response = secret();
    response.more = [&](std::string& piece) -> Result<bool> {
      ++made;
      piece = "more";
      return false;
    };
    const bool may = request.path == "/may";
    response.hold = [may](const Resume& resume) { may ? resume({}) : resume(fail(ErrorCode::unavailable, "No.")); };
    return response;
  });
  Client client(served.port());
  EXPECT_EQ(client.ask("GET", "/fhir/not").status, 503);
  EXPECT_EQ(made, 0) << "no piece was made";
  EXPECT_EQ(client.ask("GET", "/fhir/may").body, "secretmore");
}

TEST(Hold, NoThreadWaitsForIt) {
  Clerk clerk;
  Handled served([&](const rest::Request& request) { return request.path == "/quick" ? secret() : clerk.hold(secret()); },
                 {.access = Access::anyone_on_this_machine, .access_log = "", .threads = 2, .writers = 2});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(served.port()));
    clients.back()->send(std::string(i % 2 == 0 ? "GET" : "DELETE") + " /fhir/Patient/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  clerk.wait_for(100);
  EXPECT_EQ(Client(served.port()).ask("GET", "/fhir/quick").body, "secret") << "a hundred wait, others are served";
  auto waiting = clerk.take();
  std::thread other([&] { for (auto& resume : waiting) resume({}); });
  for (auto& client : clients) EXPECT_EQ(client->receive().body, "secret");
  other.join();
}

TEST(Hold, ForgottenOrRepeatedOrFailingHoldsEndOnce) {
  Handled served([&](const rest::Request& request) {
    auto response = secret();
    if (request.path == "/forgotten") response.hold = [](const Resume&) {};
    else if (request.path == "/thrown") response.hold = [](const Resume&) { throw std::runtime_error("no"); };
    else response.hold = [](const Resume& resume) { resume({}); resume(fail(ErrorCode::internal, "twice")); resume({}); };
    return response;
  });
  Client client(served.port());
  EXPECT_EQ(client.ask("GET", "/fhir/forgotten").status, 503);
  EXPECT_EQ(client.ask("GET", "/fhir/thrown").status, 503);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask("GET", "/fhir/twice").body, "secret");
}

TEST(Hold, StopWaitsForHeldAnswers) {
  Clerk clerk;
  Handled served([&](const rest::Request&) { return clerk.hold(secret()); });
  Client client(served.port());
  client.send("GET /fhir/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  clerk.wait_for(1);
  std::thread stopping([&] { served.server->stop(); });
  std::this_thread::sleep_for(100ms);
  for (auto& resume : clerk.take()) resume({});
  EXPECT_EQ(client.receive().body, "secret");
  stopping.join();
}

TEST(Hold, AHoldThatOutlivesTheServerDoesNoHarm) {
  Clerk clerk;
  {
    ServerOptions options = open_options();
    options.limits.stop = 200ms;
    Handled served([&](const rest::Request&) { return clerk.hold(secret()); }, options);
    Client client(served.port());
    client.send("GET /fhir/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    clerk.wait_for(1);
    served.server->stop();
    EXPECT_EQ(client.receive().body.find("secret"), std::string::npos);
  }
  for (auto& resume : clerk.take()) resume({});
}

}  // namespace
}  // namespace joinedup::server
