// The log as it should be: what was acknowledged is on the disk, in order, and what is found out about it is true.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "audit/audit.hpp"
#include "audit/event_bytes.hpp"
#include "audit/files.hpp"
#include "audit/segment.hpp"
#include "base/test_folder.hpp"

namespace joinedup::audit {
namespace {

std::unique_ptr<Log> open_log(const TestFolder& folder, LogOptions options = {}) {
  options.folder = folder.file("audit");
  if (options.writer.empty()) options.writer = "serve";
  auto log = Log::open(options);
  EXPECT_TRUE(log) << (log ? "" : log.error().text());
  return log ? std::move(*log) : nullptr;
}

Event event(int i) {
  return {.kind = "read", .outcome = "allowed", .user = "u-" + std::to_string(i % 7), .roles = {"gp"}, .resources = {"Observation/" + std::to_string(i) + "/_history/1"}, .patients = {std::to_string(i % 50)}};
}

void keep(Log& log, int count) {
  for (int i = 0; i + 1 < count; ++i) log.append(event(i), {});
  if (count > 0) { ASSERT_TRUE(log.append_and_wait(event(count - 1))); }
}

TEST(Log, WhatIsAcknowledgedIsOnTheDisk) {
  TestFolder folder;
  {
    auto log = open_log(folder);
    keep(*log, 1000);
    const auto live = verify(folder.file("audit"));
    ASSERT_TRUE(live) << live.error().text();
    EXPECT_TRUE(live->ok) << live->first_bad;
    EXPECT_EQ(live->events, 1000u) << "read while it is open";
  }
  auto log = open_log(folder);
  EXPECT_EQ(log->opened(), "");
  keep(*log, 5);
  log.reset();
  const auto verified = verify(folder.file("audit"));
  EXPECT_TRUE(verified->ok) << verified->first_bad;
  EXPECT_EQ(verified->events, 1005u);
}

TEST(Log, ManyThreadsAppendAndNoneIsLost) {
  TestFolder folder;
  std::atomic<int> kept = 0;
  {
    auto log = open_log(folder, {.segment_bytes = 64 * 1024});
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) log->append(event(i), [&](const Result<void>& done) { kept += done ? 1 : 0; });
      });
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(kept, 4000);
  EXPECT_GT(segments_of(folder.file("audit"), "serve").size(), 5u);
  const auto verified = verify(folder.file("audit"));
  EXPECT_TRUE(verified->ok) << verified->first_bad;
  EXPECT_EQ(verified->events, 4000u);
}

TEST(Log, OneProcessAtATimeHasAWriter) {
  TestFolder folder;
  auto log = open_log(folder);
  const auto second = Log::open({.folder = folder.file("audit"), .writer = "serve"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_TRUE(open_log(folder, {.writer = "vault"}));
  EXPECT_FALSE(Log::open({.folder = folder.file("audit"), .writer = "../serve"}));
}

TEST(Log, FilesAreForTheirOwnerOnly) {
  TestFolder folder;
  { keep(*open_log(folder), 3); }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.file("audit")))
    EXPECT_EQ(entry.status().permissions() & (std::filesystem::perms::group_all | std::filesystem::perms::others_all), std::filesystem::perms::none) << entry.path();
}

TEST(Log, QueriesAndReasonsAreNotReadableOnTheDisk) {
  TestFolder folder;
  {
    auto log = open_log(folder);
    ASSERT_TRUE(log->append_and_wait({.kind = "search", .query = "Patient?name:exact=Zanzibar&_count=5&Birthplace", .reason = "She is Quillfeather's mother"}));
  }
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.file("audit")))
    if (entry.is_regular_file()) all += *read_file(entry.path().string());
  EXPECT_EQ(all.find("Zanzibar"), std::string::npos);
  EXPECT_EQ(all.find("Quillfeather"), std::string::npos);
  EXPECT_EQ(all.find("Birthplace"), std::string::npos) << "a name without a value may be a value";
  EXPECT_NE(all.find("Patient?name:exact&_count&?"), std::string::npos);
}

TEST(Log, ATornTailIsPutAsideAndSaidAndIsNotTampering) {
  TestFolder folder;
  { keep(*open_log(folder), 20); }
  const auto file = folder.file("audit/serve/00000000000000000001.log");
  const auto whole = *read_file(file);
  std::string begun;
  Sha256 sum;
  add_record(begun, sum, {}, 21, 1, event_bytes(event(21)));
  ASSERT_TRUE(write_file(file, whole + std::string(80, '\0')));
  EXPECT_TRUE(verify(folder.file("audit"))->ok) << "the power was lost";
  ASSERT_TRUE(write_file(file, whole + begun.substr(0, 60)));
  const auto before = verify(folder.file("audit"));
  EXPECT_TRUE(before->ok) << before->first_bad;
  EXPECT_EQ(before->notes.size(), 1u);
  {
    auto log = open_log(folder);
    EXPECT_NE(log->opened().find("60 bytes"), std::string::npos) << log->opened();
    keep(*log, 1);
  }
  const auto after = verify(folder.file("audit"));
  EXPECT_TRUE(after->ok) << after->first_bad;
  EXPECT_EQ(after->events, 22u) << "20, one of the log's own, and one";
  EXPECT_TRUE(std::filesystem::exists(file + ".torn-21"));
}

TEST(Log, ADamagedChainIsLeftAsEvidenceAndANewOneBegun) {
  TestFolder folder;
  { keep(*open_log(folder), 20); }
  const auto file = folder.file("audit/serve/00000000000000000001.log");
  auto bytes = *read_file(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(write_file(file, bytes));
  {
    auto log = open_log(folder);
    EXPECT_NE(log->opened().find("damaged"), std::string::npos);
    keep(*log, 3);
  }
  EXPECT_EQ(*read_file(file), bytes);
  EXPECT_EQ(writers_of(folder.file("audit")), (std::vector<std::string>{"serve", "serve.2"}));
  { keep(*open_log(folder), 3); }
  EXPECT_EQ(writers_of(folder.file("audit")).size(), 2u) << "gone on with";
  const auto verified = verify(folder.file("audit"));
  EXPECT_FALSE(verified->ok);
  EXPECT_EQ(verified->first_bad.substr(0, 10), "serve/0000");
}

// A disk that is full: nothing is said to be kept that is not, and it goes on when there is room.
TEST(Log, AFullDiskRefusesAndRecovers) {
  TestFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto log = *Log::open({.folder = folder.file("audit"), .writer = "serve"});
    for (int i = 0; i < 30; ++i)
      if (!log->append_and_wait(event(i))) _exit(2);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const auto most = limit.rlim_max;
    limit.rlim_cur = std::filesystem::file_size(folder.file("audit/serve/00000000000000000001.log")) + 150;  // in the middle of a record
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 5; ++i) {
      const auto kept = log->append_and_wait(event(i));
      if (i > 0 && (kept || kept.error().code != ErrorCode::storage_full || log->can_keep())) _exit(3);
    }
    limit.rlim_cur = most;
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 10; ++i)
      if (!log->append_and_wait(event(i))) _exit(4);
    if (!log->can_keep()) _exit(5);
    log.reset();
    const auto verified = verify(folder.file("audit"));
    _exit(verified && verified->ok && (verified->events == 40 || verified->events == 41) ? 0 : 6);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

TEST(EventBytes, GiveTheEventBackAndOnlyOneFormDoes) {
  Event one{.instant = 5, .kind = "read", .outcome = "allowed", .user = "u", .session = "s", .client = "c", .practitioner = "p", .organisation = "o", .purpose = "direct_care", .roles = {"gp", "nurse"},
            .address = "10.0.0.1", .request = "r", .query = "never written", .rule = "x", .reason = "never written", .resources = {"A/1", std::string(300, 'b')}, .patients = {"1"}};
  const auto bytes = event_bytes(one);
  const auto back = read_event(bytes, 5);
  ASSERT_TRUE(back);
  EXPECT_EQ(event_bytes(*back), bytes);
  EXPECT_EQ(back->roles, one.roles);
  EXPECT_EQ(back->resources, one.resources);
  EXPECT_EQ(back->query, "");
  for (std::size_t i = 1; i < bytes.size(); ++i)
    if (const auto part = read_event(bytes.substr(0, i), 5)) { EXPECT_EQ(event_bytes(*part), bytes.substr(0, i)); }
  EXPECT_FALSE(read_event(std::string("\1\0", 2), 0)) << "empty";
  EXPECT_FALSE(read_event("\1\x81\x80\x80\x80\x80\x01", 0)) << "too long a length";
  EXPECT_FALSE(read_event(std::string("\1\x81\0a", 4), 0)) << "a length longer than it need be";
  EXPECT_FALSE(read_event("\2\1a\1\1a", 0)) << "not in order";
  EXPECT_FALSE(read_event("\1\1a\1\1a", 0)) << "twice";
  EXPECT_FALSE(read_event("\x7f\1a", 0)) << "unknown";
}

}  // namespace
}  // namespace joinedup::audit
