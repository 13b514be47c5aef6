// Answers whose pieces come when there are some: no thread waits for them, and they are not packed.
#include <atomic>
#include <mutex>
#include <thread>

#include "server/test_support.hpp"

namespace joinedup::server {
namespace {

struct Source {
  std::mutex mutex;
  std::vector<std::function<void(Result<void>)>> ready;
  std::atomic<int> left{0};
};

rest::Response stream_of(const std::shared_ptr<Source>& source) {
  rest::Response out;
  out.headers = {{"Content-Type", "text/event-stream"}};
  out.body = "data: begin\n\n";
  out.wait = [source](std::function<void(Result<void>)> ready) {
    const std::lock_guard lock(source->mutex);
    source->ready.push_back(std::move(ready));
  };
  out.more = [source](std::string& piece) -> Result<bool> {
    piece = "data: more\n\n";
    return --source->left > 0;
  };
  return out;
}

TEST(Stream, ManyMoreListenersThanThreadsAndOthersAreAnsweredMeanwhile) {
  auto source = std::make_shared<Source>();
  auto server = Server::listen({.access = Access::anyone_on_this_machine, .access_log = "", .threads = 2, .writers = 2});
  ASSERT_TRUE(server) << server.error().text();
  (*server)->serve([source](const rest::Request& request) { return request.path == "/listen" ? stream_of(source) : rest::Response{.status = 200, .headers = {}, .body = "here"}; }, {});
  constexpr int listeners = 120;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < listeners; ++i) {
    clients.push_back(std::make_unique<Client>((*server)->port()));
    ASSERT_TRUE(clients.back()->send("GET /fhir/listen HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"));
  }
  for (int i = 0; i < 500; ++i) {
    {
      const std::lock_guard lock(source->mutex);
      if (source->ready.size() == listeners) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Client other((*server)->port());
  ASSERT_TRUE(other.send("POST /fhir/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(other.receive().body, "here") << "the writers' threads are free";
  std::vector<std::function<void(Result<void>)>> ready;
  {
    const std::lock_guard lock(source->mutex);
    ASSERT_EQ(source->ready.size(), static_cast<std::size_t>(listeners));
    ready = std::exchange(source->ready, {});
  }
  for (const auto& one : ready) one({});  // each has one more piece, the last
  for (const auto& client : clients) {
    const auto answer = client->receive();
    EXPECT_EQ(answer.body, "data: begin\n\ndata: more\n\n");
    EXPECT_FALSE(answer.headers.contains("content-encoding"));
  }
  (*server)->stop();
}

}  // namespace
}  // namespace joinedup::server
