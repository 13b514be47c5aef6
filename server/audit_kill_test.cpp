// The server killed under load, with its door and its log: no answer went out whose event is not on the disk, and the chain is whole.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "audit/audit.hpp"
#include "server/doorkeeper.hpp"
#include "server/test_support.hpp"

namespace joinedup::server {
namespace {

[[noreturn]] void serve_for_ever(const TestFolder& folder, int pipe) {
  auto server = Server::listen({.access = Access::handler_decides, .access_log = ""});
  auto store = fhir::open_store({.path = folder.file("record.sqlite"), .base_url = (*server)->base_url()});
  auto log = audit::Log::open({.folder = folder.file("audit"), .writer = "serve", .segment_bytes = 256 * 1024});
  if (!store || !log) ::_exit(8);
  const rest::Api api(**store, {.base_url = (*server)->base_url()});
  const Doorkeeper door({.who = [](const rest::Request&) -> Result<access::Subject> { return access::Subject{.user = "u-1", .practitioner = "w1", .organisation = "Y1", .roles = {"nurse"}}; },
                         .permit = [](const access::Subject&) -> Result<std::unique_ptr<fhir::Permit>> { return std::make_unique<fhir::PermitAll>(); },
                         .note = [&](audit::Event event, std::function<void(Result<void>)> done) { (*log)->append(std::move(event), std::move(done)); },
                         .handle = [&](const rest::Request& request) { return api.handle(request); },
                         .can_keep = [&] { return (*log)->can_keep(); }});
  (*server)->serve(
      [&](const rest::Request& request) {
        auto own = request;
        return door.answer(own);
      },
      [&] { return (*store)->figures(); });
  const std::uint16_t port = (*server)->port();
  if (::write(pipe, &port, sizeof port) != sizeof port) ::_exit(7);
  for (;;) ::pause();
}

TEST(AuditKill, NoAnswerWithoutItsEventWhenTheServerIsKilled) {
  const int kills = std::getenv("JOINEDUP_KILLS") != nullptr ? std::atoi(std::getenv("JOINEDUP_KILLS")) : 3;
  TestFolder folder;
  std::mt19937 random(1);
  std::size_t answers = 0;
  for (int round = 0; round < kills; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) serve_for_ever(folder, ends[1]);
    ::close(ends[1]);
    std::uint16_t port = 0;
    ASSERT_EQ(::read(ends[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
    ::close(ends[0]);
    std::vector<std::set<std::string>> answered(8);
    std::atomic<int> count = 0;
    std::vector<std::thread> crew;
    for (std::size_t c = 0; c < answered.size(); ++c)
      crew.emplace_back([&, c] {
        Client client(port);
        for (int n = 0; client.connected(); ++n) {
          const auto answer = n % 4 == 0   ? client.ask("POST", "/fhir/Patient", smith)
                              : n % 4 == 1 ? client.ask("GET", "/fhir/Patient?name=smith&_count=3")
                              : n % 4 == 2 ? client.ask("GET", "/fhir/Patient/no-such")
                                           : client.ask("GET", "/fhir/Patient?_count=1");
          if (answer.status == 0) return;
          answered[c].insert(answer.headers.at("x-request-id"));
          ++count;
        }
      });
    for (int i = 0; i < 1000 && count < 40; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (auto& one : crew) one.join();
    EXPECT_GE(count.load(), 40) << "it answered while it was killed";
    const auto verified = audit::verify(folder.file("audit"));
    ASSERT_TRUE(verified) << verified.error().text();
    ASSERT_TRUE(verified->ok) << "round " << round << ": " << verified->first_bad;
    const auto reader = *audit::Reader::open(folder.file("audit"));
    const auto found = reader->find({.count = static_cast<std::size_t>(count) + 1'000});
    ASSERT_TRUE(found) << found.error().text();
    std::set<std::string> written;
    for (const auto& kept : *found) written.insert(kept.event.request);
    for (const auto& one : answered)
      for (const auto& id : one) {
        ++answers;
        ASSERT_TRUE(written.contains(id)) << "round " << round << ": an answer has no event";
      }
  }
  std::printf("%d kills, %zu answers, each with its event\n", kills, answers);
}

}  // namespace
}  // namespace joinedup::server
