// What many clients at once, and a kill, must not do.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/hash.hpp"
#include "fhir/test_support.hpp"

namespace joinedup::fhir {
namespace {

std::string counter(int value) { return R"({"resourceType":"Basic","code":{"text":"count"},"author":{"display":")" + std::to_string(value) + R"("}})"; }

TEST(Durable, NoUpdateIsLost) {
  TestFolder folder;
  auto store = *open_store({.path = folder.file("r.sqlite"), .segment_rows = 40});
  ASSERT_TRUE(store->write({{.kind = Write::Kind::create, .type = "Basic", .id = "c", .body = counter(0)}}));
  constexpr int clients = 6, each = 15;
  std::vector<std::thread> crew;
  for (int client = 0; client < clients; ++client)
    crew.emplace_back([&] {
      for (int done = 0; done < each;) {
        const auto now = store->read("Basic", "c", PermitAll());
        const int value = std::stoi(nlohmann::json::parse(now->body)["author"]["display"].get<std::string>());
        done += store->write({{.kind = Write::Kind::update, .type = "Basic", .id = "c", .body = counter(value + 1), .if_match = now->version}}).has_value();
      }
    });
  for (auto& one : crew) one.join();
  const auto last = store->read("Basic", "c", PermitAll());
  EXPECT_EQ(nlohmann::json::parse(last->body)["author"]["display"], std::to_string(clients * each));
  EXPECT_EQ(last->version, 1U + clients * each);
}

// While rows are flushed and joined, a search finds each resource exactly once, the latest version of it.
TEST(Durable, SearchesBesideWritesSeeEachResourceOnce) {
  TestFolder folder;
  auto store = *open_store({.path = folder.file("r.sqlite"), .segment_rows = 16});
  const std::string body = R"({"resourceType":"Patient","gender":"female"})";
  std::vector<Write> first;
  for (int i = 0; i < 20; ++i) first.push_back({.kind = Write::Kind::create, .type = "Patient", .id = "p" + std::to_string(i), .body = body});
  ASSERT_TRUE(store->write(first));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int n = 0; !stop; ++n) EXPECT_TRUE(store->write({{.kind = Write::Kind::update, .type = "Patient", .id = "p" + std::to_string(n % 20), .body = body}}));
  });
  for (int n = 0; n < 300; ++n) {
    const auto page = store->search(*parse_query("Patient", "gender=female&_count=100"), PermitAll());
    ASSERT_TRUE(page);
    std::set<std::string> ids;
    for (const auto& entry : page->entries) ids.insert(entry.version.id);
    EXPECT_EQ(ids.size(), 20U);
    EXPECT_EQ(page->entries.size(), 20U);
  }
  stop = true;
  writer.join();
}

// A child writes and tells each answer; it is killed; what was answered is there, and a pair is there whole or not at all.
TEST(Durable, WhatWasAnsweredOutlivesAKill) {
  TestFolder folder;
  const std::string path = folder.file("r.sqlite");
  std::set<std::string> answered;
  const char* given = std::getenv("JOINEDUP_KILLS");
  const int kills = given != nullptr ? std::atoi(given) : 5;
  for (int round = 0; round < kills; ++round) {
    int channel[2];
    ASSERT_EQ(pipe(channel), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(channel[0]);
      auto store = open_store({.path = path, .segment_rows = 64});
      if (!store) _exit(1);
      std::vector<std::thread> crew;
      for (int client = 0; client < 4; ++client)
        crew.emplace_back([&, client] {
          for (int n = 0;; ++n) {
            const std::string id = std::to_string(round) + "-" + std::to_string(client) + "-" + std::to_string(n);
            const std::string body = R"({"resourceType":"Patient","identifier":[{"value":")" + id + R"("}]})";
            const auto done = (*store)->write({{.kind = Write::Kind::create, .type = "Patient", .id = id, .body = body},
                                  {.kind = Write::Kind::create, .type = "Patient", .id = id + ".twin", .body = body}});
            if (!done) {
              std::fprintf(stderr, "%s\n", done.error().text().c_str());
              _exit(2);
            }
            const std::string line = id + "\n";
            if (::write(channel[1], line.data(), line.size()) < 0) _exit(3);
          }
        });
      for (auto& one : crew) one.join();
    }
    close(channel[1]);
    usleep(static_cast<useconds_t>(150'000 + 37'000 * (round % 7)));
    kill(child, SIGKILL);
    std::string all;
    char buffer[65536];
    for (ssize_t n; (n = ::read(channel[0], buffer, sizeof buffer)) > 0;) all.append(buffer, static_cast<std::size_t>(n));
    close(channel[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    for (std::size_t at = 0, end = 0; (end = all.find('\n', at)) != all.npos; at = end + 1) answered.insert(all.substr(at, end - at));
    auto store = *open_store({.path = path, .segment_rows = 64});
    for (const auto& id : answered) {
      ASSERT_TRUE(store->read("Patient", id, PermitAll())) << id;
      ASSERT_EQ(all_ids(*store, "Patient", "identifier=" + id)->size(), 2U) << id;
    }
    std::size_t whole = 0;
    const auto everybody = *all_ids(*store, "Patient", "_count=1000");
    for (const auto& one : everybody) whole += one.ends_with(".twin");
    EXPECT_EQ(whole * 2, everybody.size());
  }
  EXPECT_GT(answered.size(), 10U);
}

TEST(Durable, TheRarestCriterionDrives) {
  TestFolder folder;
  auto store = *open_store({.path = folder.file("r.sqlite")});
  std::vector<Write> writes;
  for (int i = 0; i < 300; ++i)
    writes.push_back({.kind = Write::Kind::create, .type = "Patient",
                      .body = R"({"resourceType":"Patient","gender":"male","birthDate":"1980-01-02","identifier":[{"value":")" + std::to_string(i) + R"("}]})"});
  ASSERT_TRUE(store->write(writes));
  SearchTrace trace;
  const auto page = store->search(*parse_query("Patient", "gender=male&birthdate=1980&identifier=7&active:missing=true"), PermitAll(), &trace);
  ASSERT_EQ(page->entries.size(), 1U);
  ASSERT_EQ(trace.steps.size(), 4U);
  EXPECT_EQ(trace.steps[0].what, "identifier");
  EXPECT_EQ(trace.steps[0].estimate, 1U);
  EXPECT_EQ(trace.candidates, 1U);
}

// The size that any file of this process may have is cut, as a full disk would: writes say so, reads go on, and once there is
// room the store takes writes again, with nothing lost of what it had answered.
TEST(Durable, AFullDiskIsSaidAndForgotten) {
  TestFolder folder;
  const std::string path = folder.file("r.sqlite");
  int channel[2];
  ASSERT_EQ(pipe(channel), 0);
  const pid_t child = fork();  // the limit is the process's: not ours
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    auto store = open_store({.path = path, .segment_rows = 50});
    if (!store) _exit(1);
    int answered = 0;
    std::string filler;
    for (std::uint64_t i = 0; filler.size() < 20'000; ++i) filler += std::to_string(mix64(i, 3));
    const auto write = [&](int n) {
      const auto id = "p" + std::to_string(n);
      return (*store)->write({{.kind = Write::Kind::create, .type = "Patient", .id = id, .body = R"({"resourceType":"Patient","gender":"male","name":[{"text":")" + filler + R"("}]})"}});
    };
    for (; answered < 60; ++answered)
      if (!write(answered)) _exit(2);
    struct rlimit was {}, tight {};
    getrlimit(RLIMIT_FSIZE, &was);
    tight = was;
    tight.rlim_cur = 4 << 20;
    setrlimit(RLIMIT_FSIZE, &tight);
    int refused = 0;
    for (int n = 1000; n < 1600 && refused < 5; ++n) {
      const auto done = write(n);
      if (done) continue;
      ++refused;
      if (done.error().code != ErrorCode::storage_full) _exit(3);
      if (done.error().sentence.size() < 20) _exit(4);
      if (!(*store)->read("Patient", "p1", PermitAll())) _exit(5);  // reading goes on
      if (!(*store)->search(*parse_query("Patient", "gender=male"), PermitAll())) _exit(6);
    }
    if (refused < 5) _exit(7);
    setrlimit(RLIMIT_FSIZE, &was);
    for (int n = 2000; n < 2100; ++n)
      if (!write(n)) _exit(8);
    (*store)->settle();
    _exit(0);
  }
  close(channel[0]), close(channel[1]);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  auto store = *open_store({.path = path, .segment_rows = 50});
  for (int n = 0; n < 60; ++n) EXPECT_TRUE(store->read("Patient", "p" + std::to_string(n), PermitAll())) << n;
  for (int n = 2000; n < 2100; ++n) EXPECT_TRUE(store->read("Patient", "p" + std::to_string(n), PermitAll())) << n;
  const auto all = *all_ids(*store, "Patient", "gender=male&_count=1000");
  EXPECT_EQ(all.size(), store->figures().rows);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
}

// The clock goes back by a year, and on by ten: versions keep their order, and what _lastUpdated says never decreases.
TEST(Durable, TimeInTheRecordNeverRunsBackwards) {
  TestFolder folder;
  std::atomic<std::int64_t> now{1'700'000'000'000'000};
  const StoreOptions options{.path = folder.file("r.sqlite"), .clock = [&] { return now.load(); }, .segment_rows = 16};
  constexpr std::int64_t year = std::int64_t{365} * 86'400'000'000;
  std::int64_t last = 0;
  auto store = *open_store(options);
  for (const std::int64_t jump : {std::int64_t{0}, -year, std::int64_t{1}, 10 * year, -20 * year, year}) {
    now += jump;
    for (int i = 0; i < 10; ++i) {
      const auto done = store->write({{.kind = Write::Kind::update, .type = "Basic", .id = "c", .body = counter(i)}});
      ASSERT_TRUE(done);
      EXPECT_GE((*done)[0].instant, last);
      last = (*done)[0].instant;
    }
    store.reset();  // what it knew of time is in the record
    store = *open_store(options);
  }
  const auto history = *store->history({.type = "Basic", .id = "c", .count = 1000}, PermitAll());
  ASSERT_EQ(history.versions.size(), 60U);
  for (std::size_t i = 1; i < history.versions.size(); ++i) {
    EXPECT_LE(history.versions[i].instant, history.versions[i - 1].instant);
    EXPECT_EQ(history.versions[i].version + 1, history.versions[i - 1].version);
  }
  EXPECT_EQ(all_ids(*store, "Basic", "_lastUpdated=ge" + std::string("2030"))->size(), 1U);
}

}  // namespace
}  // namespace joinedup::fhir
