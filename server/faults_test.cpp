// What befalls a server that is killed, whose disk is full, whose clock jumps, under load over HTTP.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/random.hpp"
#include "server/test_support.hpp"

namespace joinedup::server {
namespace {

using namespace std::chrono_literals;

// A server in a process of its own.
class Child {
 public:
  explicit Child(const std::string& record, const std::function<bool()>& before = {}) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      if (before && !before()) ::_exit(9);
      auto server = Server::listen(open_options());
      auto store = fhir::open_store({.path = record, .base_url = (*server)->base_url()});
      if (!store) std::fprintf(stderr, "%s\n", store.error().text().c_str()), ::_exit(8);
      const rest::Api api(**store, {.base_url = (*server)->base_url()});
      (*server)->serve([&](const rest::Request& r) { return api.handle(r); }, [&] { return (*store)->figures(); });
      const std::uint16_t port = (*server)->port();
      if (::write(ends[1], &port, sizeof port) != sizeof port) ::_exit(7);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    if (::read(ends[0], &port_, sizeof port_) != sizeof port_) port_ = 0;
    ::close(ends[0]);
  }
  ~Child() { kill(); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  std::uint16_t port() const { return port_; }
  int pid() const { return pid_; }

 private:
  int pid_ = 0;
  std::uint16_t port_ = 0;
};

std::string patient(const std::string& mark, long counter = 0) {
  return R"({"resourceType":"Patient","identifier":[{"system":"urn:test","value":")" + mark + R"("}],"multipleBirthInteger":)" + std::to_string(counter) + "}";
}

// What one client was promised, and what it had asked for when the line went dead.
struct Promises {
  std::vector<std::string> created;      // paths
  std::vector<std::string> whole, open;  // marks of transactions: acknowledged; asked
  std::string counter_id;
  long counted = -1, tried = -1;         // the counter's last acknowledged value, and the last asked for
};

void write_until_dead(std::uint16_t port, const std::string& name, Promises& out, std::atomic<int>& acknowledged) {
  Client client(port);
  for (int n = 0; client.connected(); ++n, ++acknowledged) {
    if (n % 3 == 0) {
      const auto made = client.ask("POST", "/fhir/Patient", patient(name + "-" + std::to_string(n)));
      if (made.status != 201) return;
      const auto location = made.headers.at("location");
      out.created.push_back(location.substr(location.find("/fhir/"), location.find("/_history") - location.find("/fhir/")));
    } else if (n % 3 == 1) {
      out.tried = out.counted + 1;
      std::string body = patient(out.counter_id, out.tried);
      body.insert(1, R"("id":")" + out.counter_id + R"(",)");
      const auto status = client.ask("PUT", "/fhir/Patient/" + out.counter_id, body).status;
      if (status != 200 && status != 201) return;
      out.counted = out.tried;
    } else {
      const std::string mark = name + "-t" + std::to_string(n);
      std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
      for (int i = 0; i < 3; ++i) bundle += std::string(i == 0 ? "" : ",") + R"({"resource":)" + patient(mark) + R"(,"request":{"method":"POST","url":"Patient"}})";
      out.open.push_back(mark);
      if (client.ask("POST", "/fhir", bundle + "]}").status != 200) return;
      out.whole.push_back(mark);
    }
  }
}

std::size_t found(Client& client, const std::string& mark) {
  const auto page = client.ask("GET", "/fhir/Patient?identifier=urn:test%7C" + mark);
  if (page.status != 200) return 999;
  const auto bundle = nlohmann::json::parse(page.body);
  return bundle.contains("entry") ? bundle["entry"].size() : 0;
}

void hold_to(std::uint16_t port, Promises& promised) {
  Client client(port);
  for (const auto& path : promised.created) ASSERT_EQ(client.ask("GET", path).status, 200) << "an acknowledged create is gone";
  if (promised.tried >= 0) {
    const auto answer = client.ask("GET", "/fhir/Patient/" + promised.counter_id);
    const long there = answer.status == 200 ? nlohmann::json::parse(answer.body)["multipleBirthInteger"].get<long>() : -1;
    ASSERT_TRUE(there == promised.counted || there == promised.tried) << there << " is neither what was acknowledged (" << promised.counted << ") nor what was asked";
    promised.counted = there;
  }
  for (const auto& mark : promised.whole) ASSERT_EQ(found(client, mark), 3u) << "an acknowledged transaction is gone";
  for (const auto& mark : promised.open) {
    const auto count = found(client, mark);
    ASSERT_TRUE(count == 0 || count == 3) << "a transaction is half applied: " << count;
  }
}

TEST(Faults, AKilledServerLosesNoAcknowledgedWriteAndAppliesNoneByHalf) {
  const int kills = std::getenv("JOINEDUP_KILLS") != nullptr ? std::atoi(std::getenv("JOINEDUP_KILLS")) : 3;
  constexpr int clients = 8;
  TestFolder folder;
  std::vector<Promises> all(clients), now;
  for (int c = 0; c < clients; ++c) all[c].counter_id = "counter-" + std::to_string(c);
  std::size_t acknowledged = 0;
  for (int round = 0; round < kills; ++round) {
    Child child(folder.file("record.sqlite"));
    ASSERT_NE(child.port(), 0);
    for (auto& promised : now) hold_to(child.port(), promised);  // of the round before
    if (HasFatalFailure()) return;
    for (int c = 0; c < clients; ++c) {
      if (!now.empty()) {
        all[c].counted = now[c].counted;
        all[c].created.insert(all[c].created.end(), now[c].created.begin(), now[c].created.end());
        all[c].whole.insert(all[c].whole.end(), now[c].whole.begin(), now[c].whole.end());
      }
    }
    now.assign(clients, {});
    std::vector<std::thread> crew;
    std::atomic<int> going{0};
    for (int c = 0; c < clients; ++c) {
      now[c].counter_id = all[c].counter_id, now[c].counted = all[c].counted;
      crew.emplace_back([&, c] { write_until_dead(child.port(), "r" + std::to_string(round) + "c" + std::to_string(c), now[c], going); });
    }
    CounterRandom random(7, static_cast<std::uint64_t>(round), 1);
    for (int tries = 0; tries < 2000 && going < 2 * clients; ++tries) std::this_thread::sleep_for(10ms);  // a busy machine is slow to begin
    std::this_thread::sleep_for(std::chrono::milliseconds(random.between(0, 300)));
    child.kill();
    for (auto& one : crew) one.join();
    for (const auto& promised : now) acknowledged += promised.created.size() + promised.whole.size();
  }
  Child last(folder.file("record.sqlite"));
  for (auto& promised : now) hold_to(last.port(), promised);
  for (auto& promised : all) promised.tried = -1, hold_to(last.port(), promised);
  EXPECT_GT(acknowledged, static_cast<std::size_t>(kills) * 3) << "there was load to be killed under";
  std::printf("%d kills, %zu acknowledged creates and transactions, all there, none by half\n", kills, acknowledged);
}

TEST(Faults, AFullDiskIsSaidAndRecoveredFrom) {
  if (::geteuid() != 0) GTEST_SKIP() << "Only root can make a small file system for this test.";
  TestFolder folder;
  const std::string disk = folder.file("disk");
  ASSERT_TRUE(make_folder(disk));
  Child child(disk + "/record.sqlite", [&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=12m") != 0) return false;
    return write_file(disk + "/filler", std::string(6 << 20, 'x')).has_value();
  });
  if (child.port() == 0) GTEST_SKIP() << "This system does not let tests make a file system of their own.";
  Client client(child.port());
  std::vector<std::string> kept;
  Answer answer;
  for (int n = 0; n < 20'000; ++n) {
    std::string noise;
    CounterRandom random(1, static_cast<std::uint64_t>(n), 2);
    for (int i = 0; i < 700; ++i) noise += static_cast<char>('a' + random.below(26));
    answer = client.ask("POST", "/fhir/Patient", patient(noise));
    if (answer.status != 201) break;
    const auto location = answer.headers.at("location");
    kept.push_back(location.substr(location.find("/fhir/"), location.find("/_history") - location.find("/fhir/")));
  }
  EXPECT_EQ(answer.status, 507) << answer.body;
  EXPECT_NE(answer.body.find("OperationOutcome"), std::string::npos);
  EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(client.ask("GET", kept.back()).status, 200) << "what is there is read while the disk is full";
  ASSERT_EQ(::unlink(("/proc/" + std::to_string(child.pid()) + "/root" + disk + "/filler").c_str()), 0);
  int status = 0;
  for (int tries = 0; tries < 100 && status != 201; ++tries) {
    std::this_thread::sleep_for(50ms);
    status = client.ask("POST", "/fhir/Patient", patient("after")).status;
  }
  EXPECT_EQ(status, 201) << "room was made, and it goes on by itself";
  for (const auto& path : kept) ASSERT_EQ(client.ask("GET", path).status, 200);
}

TEST(Faults, AClockThatJumpsBackIsNotSeenInTheRecord) {
  std::atomic<std::int64_t> now{1'700'000'000'000'000};
  TestFolder folder;
  auto store = fhir::open_store({.path = folder.file("record.sqlite"), .clock = [&] { return now.load(); }});
  ASSERT_TRUE(store);
  const rest::Api api(**store, {.base_url = "http://127.0.0.1/fhir"});
  Handled served([&](const rest::Request& r) { return api.handle(r); });
  Client client(served.port());
  const auto updated = [&](const Answer& answer) { return nlohmann::json::parse(answer.body)["meta"]["lastUpdated"].get<std::string>(); };
  const auto first = updated(client.ask("POST", "/fhir/Patient", patient("1")));
  now -= 86'400'000'000;
  const auto back = client.ask("POST", "/fhir/Patient", patient("2"));
  EXPECT_EQ(back.status, 201);
  EXPECT_GE(updated(back), first);
  now += 100LL * 86'400'000'000;
  const auto forth = client.ask("POST", "/fhir/Patient", patient("3"));
  EXPECT_EQ(forth.status, 201);
  EXPECT_GT(updated(forth), updated(back));
  EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
}

}  // namespace
}  // namespace joinedup::server
