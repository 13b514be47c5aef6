#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "backup/manifest.hpp"
#include "backup/test_support.hpp"

namespace joinedup::backup {
namespace {

TEST(Backup, ARoundTripBringsEveryFileBack) {
  const SmallPlace small;
  const auto before = small.sums(small.place());
  const auto taken = take_backup({.place = small.place(), .to = small.folder.file("b"), .keys_to = {}, .feeds = Feeds::taken, .program = "test"});
  ASSERT_TRUE(taken) << taken.error().text();
  EXPECT_TRUE(taken->audit.is_there && taken->audit.ok);
  EXPECT_EQ(taken->audit.events, 1U);
  EXPECT_EQ(taken->manifest_sha256, *sha256_file(small.folder.file("b/manifest.json")));
  for (const auto& entry : fs::recursive_directory_iterator(small.folder.file("b"))) {
    struct stat status{};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, entry.is_directory() ? 0700U : 0600U) << entry.path();
  }
  EXPECT_EQ(std::system(("cd '" + small.folder.file("b") + "' && sha256sum --quiet --check SHA256SUMS").c_str()), 0);
  std::set<std::string> left_out;
  for (const auto& one : taken->left_out) left_out.insert(one.path);
  EXPECT_EQ(left_out, (std::set<std::string>{"shared-record.sqlite.index", "vault/staging", "warehouse"}));

  // Into an empty place, and over the old one after it changed.
  const auto fresh = restore_backup({.place = small.folder.file("fresh"), .from = small.folder.file("b"), .keys_from = {}});
  ASSERT_TRUE(fresh) << fresh.error().text();
  EXPECT_EQ(fresh->kept_as, "");
  EXPECT_TRUE(fresh->audit.ok);
  const auto after = small.sums(small.folder.file("fresh"));
  for (const char* path : {"place.toml", "policy/own.csv", "feeds/deaths/deaths_2026.csv", "vault/keys/pseudonym.key", "audit/keys.jsonl", "audit/signing.key", "audit/guardian.pub", "audit/serve/head",
                           "audit/serve/heads.jsonl", "audit/serve/00000000000000000001.log"})
    EXPECT_TRUE(after.contains(path) && before.contains(path) && after.at(path) == before.at(path)) << path;
  EXPECT_FALSE(after.contains("warehouse/1/manifest.json"));
  EXPECT_EQ(number(small.folder.file("fresh/vault/identity.sqlite"), "SELECT count(*) FROM identity"), 200);
  EXPECT_EQ((*fhir::open_store({.path = small.folder.file("fresh/shared-record.sqlite"), .base_url = {}, .clock = {}, .new_id = {}}))->figures().rows, 2U);
  {
    const auto store = *fhir::open_store({.path = small.record(), .base_url = {}, .clock = {}, .new_id = {}});
    ASSERT_TRUE(store->write({patient("c")}));
  }
  small.folder.write("place/policy/own.csv", "another rule\n");
  const auto over = restore_backup({.place = small.place() + "/", .from = small.folder.file("b"), .keys_from = {}});
  ASSERT_TRUE(over) << over.error().text();
  EXPECT_EQ(over->kept_as, small.place() + ".before-restore");
  EXPECT_EQ(small.folder.read("place.before-restore/policy/own.csv"), "another rule\n");
  EXPECT_EQ(small.folder.read("place/policy/own.csv"), "rule\n");
  EXPECT_EQ((*fhir::open_store({.path = small.record(), .base_url = {}, .clock = {}, .new_id = {}}))->figures().rows, 2U);
  EXPECT_EQ((*fhir::open_store({.path = over->kept_as + "/shared-record.sqlite", .base_url = {}, .clock = {}, .new_id = {}}))->figures().rows, 3U);
  EXPECT_TRUE(audit::verify(small.place() + "/audit")->ok);
  // The log goes on where it stood.
  {
    const auto log = audit::Log::open({.folder = small.place() + "/audit", .writer = "serve", .signing_key_file = {}, .guardian_key_file = {}, .heads_copy_file = {}});
    ASSERT_TRUE(log) << log.error().text();
    ASSERT_TRUE((*log)->append_and_wait(SmallPlace::event("second")));
  }
  EXPECT_EQ(audit::verify(small.place() + "/audit")->events, 2U);
  EXPECT_EQ(restore_backup({.place = small.place(), .from = small.folder.file("b"), .keys_from = {}})->kept_as, small.place() + ".before-restore.2");
}

TEST(Backup, ExtractsThatLieInThePlaceStayThere) {
  const SmallPlace small;
  ASSERT_TRUE(take_backup({.place = small.place(), .to = small.folder.file("b"), .keys_to = {}, .feeds = Feeds::left_out, .program = {}}));
  EXPECT_FALSE(fs::exists(small.folder.file("b/feeds")));
  ASSERT_TRUE(restore_backup({.place = small.place(), .from = small.folder.file("b"), .keys_from = {}}));
  EXPECT_EQ(small.folder.read("place/feeds/deaths/deaths_2026.csv"), "id\n1\n");
  EXPECT_EQ(small.folder.read("place.before-restore/feeds/deaths/deaths_2026.csv"), "id\n1\n");
  const auto elsewhere = restore_backup({.place = small.folder.file("other"), .from = small.folder.file("b"), .keys_from = {}});
  ASSERT_TRUE(elsewhere);
  EXPECT_NE(elsewhere->notes[0].find("no extracts"), std::string::npos);
}

TEST(Backup, KeysGoToAFolderOfTheirOwnAndComeBackFromThere) {
  const SmallPlace small;
  ASSERT_TRUE(take_backup({.place = small.place(), .to = small.folder.file("b"), .keys_to = small.folder.file("k"), .feeds = Feeds::left_out, .program = {}}));
  for (const char* key : {"vault/keys/pseudonym.key", "audit/signing.key", "audit/guardian.key"}) {
    EXPECT_FALSE(fs::exists(small.folder.file("b/" + std::string(key)))) << key;
    EXPECT_TRUE(fs::exists(small.folder.file("k/" + std::string(key)))) << key;
  }
  EXPECT_TRUE(fs::exists(small.folder.file("b/vault/identity.sqlite")));
  EXPECT_FALSE(fs::exists(small.folder.file("k/vault/identity.sqlite")));
  const auto refused = restore_backup({.place = small.folder.file("fresh"), .from = small.folder.file("b"), .keys_from = {}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().sentence.find("--keys-from"), std::string::npos);
  EXPECT_FALSE(fs::exists(small.folder.file("fresh")));
  ASSERT_TRUE(restore_backup({.place = small.folder.file("fresh"), .from = small.folder.file("b"), .keys_from = small.folder.file("k")}));
  EXPECT_EQ(small.folder.read("fresh/vault/keys/pseudonym.key"), std::string(32, 'k'));
}

TEST(Backup, WhatIsThereAlreadyIsNotWrittenOver) {
  const SmallPlace small;
  small.folder.write("note", "mine");
  EXPECT_EQ(take_backup({.place = small.place(), .to = small.folder.path(), .keys_to = {}, .feeds = {}, .program = {}}).error().code, ErrorCode::conflict);
  EXPECT_EQ(take_backup({.place = small.place(), .to = small.place() + "/b", .keys_to = {}, .feeds = {}, .program = {}}).error().code, ErrorCode::wrong_usage);
  EXPECT_EQ(take_backup({.place = small.folder.file("nowhere"), .to = small.folder.file("b"), .keys_to = {}, .feeds = {}, .program = {}}).error().code, ErrorCode::not_found);
  fs::create_directories(small.folder.file("b.part/mine"));
  EXPECT_EQ(take_backup({.place = small.place(), .to = small.folder.file("b"), .keys_to = {}, .feeds = {}, .program = {}}).error().code, ErrorCode::conflict);
  EXPECT_TRUE(fs::exists(small.folder.file("b.part/mine")));
  ASSERT_TRUE(take_backup({.place = small.place(), .to = small.folder.file("c"), .keys_to = {}, .feeds = {}, .program = {}}));
  fs::create_directories(small.folder.file("other/photos"));
  EXPECT_EQ(restore_backup({.place = small.folder.file("other"), .from = small.folder.file("c"), .keys_from = {}}).error().code, ErrorCode::conflict);
  EXPECT_TRUE(fs::exists(small.folder.file("other/photos")));
}

TEST(Backup, ALinkIsSaidAndNotFollowed) {
  const SmallPlace small;
  fs::create_symlink("/etc", small.folder.file("place/reference"));
  const auto taken = take_backup({.place = small.place(), .to = small.folder.file("b"), .keys_to = {}, .feeds = Feeds::left_out, .program = {}});
  ASSERT_TRUE(taken);
  EXPECT_FALSE(fs::exists(small.folder.file("b/reference")));
  bool said = false;
  for (const auto& one : taken->left_out) said = said || one.path == "reference";
  EXPECT_TRUE(said);
}

// While the record, the log and another database are written: what was answered before is in it, and each change in it has its event, but for those in hand.
TEST(Backup, UnderWritesItIsWholeAndNothingAnsweredIsMissing) {
  const SmallPlace small;
  auto store = *fhir::open_store({.path = small.record(), .base_url = {}, .clock = {}, .new_id = {}});
  auto log = *audit::Log::open({.folder = small.place() + "/audit", .writer = "serve", .signing_key_file = {}, .guardian_key_file = {}, .heads_copy_file = {}, .segment_bytes = 16 * 1024});
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  constexpr int writers = 3;
  for (int t = 0; t < writers; ++t)
    threads.emplace_back([&, t] {
      for (int n = 0; !stop; ++n) {
        const std::string id = "w" + std::to_string(t) + "-" + std::to_string(n);
        EXPECT_TRUE(store->write({patient(id)}));
        EXPECT_TRUE(log->append_and_wait(SmallPlace::event(id)));
        ++answered;
      }
    });
  threads.emplace_back([&] {
    for (int n = 1; !stop; ++n) run_sql(small.folder.file("place/vault/identity.sqlite"), "BEGIN IMMEDIATE; INSERT INTO identity VALUES (" + std::to_string(1000 + 2 * n) + ", 'a'); INSERT INTO identity VALUES (" + std::to_string(1001 + 2 * n) + ", 'b'); COMMIT");
  });
  std::vector<std::uint64_t> answered_before;
  for (int i = 0; i < 4; ++i) {
    const int then = answered;
    while (answered < then + 60) ::usleep(1000);
    answered_before.push_back(static_cast<std::uint64_t>(answered.load()));
    const auto taken = take_backup({.place = small.place(), .to = small.folder.file("b" + std::to_string(i)), .keys_to = {}, .feeds = Feeds::left_out, .program = {}});
    EXPECT_TRUE(taken) << taken.error().text();
    if (taken) {
      EXPECT_TRUE(taken->audit.ok) << taken->audit.first_bad;
    }
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  store.reset();
  log.reset();
  for (int i = 0; i < 4; ++i) {
    const auto to = small.folder.file("r" + std::to_string(i));
    const auto restored = restore_backup({.place = to, .from = small.folder.file("b" + std::to_string(i)), .keys_from = {}});
    ASSERT_TRUE(restored) << restored.error().text();
    EXPECT_TRUE(restored->audit.ok) << restored->audit.first_bad;
    const auto verified = audit::verify(to + "/audit");
    EXPECT_TRUE(verified->ok) << verified->first_bad;
    EXPECT_EQ(number(to + "/vault/identity.sqlite", "SELECT count(*) FROM identity") % 2, 0) << "half of a change";
    const auto rows = (*fhir::open_store({.path = to + "/shared-record.sqlite", .base_url = {}, .clock = {}, .new_id = {}}))->figures().rows;
    EXPECT_GE(rows, answered_before[static_cast<std::size_t>(i)]) << "an answered change is missing";
    EXPECT_GE(verified->events + writers, rows - 2) << "a change without its event";
  }
}

// Killed at any moment: no folder, or a whole one; and the next one is taken.
TEST(Backup, AKilledBackupLeavesNothingThatLooksLikeOne) {
  const SmallPlace small;
  const int kills = std::getenv("JOINEDUP_KILLS") != nullptr ? std::atoi(std::getenv("JOINEDUP_KILLS")) : 12;
  int unfinished = 0, whole = 0;
  for (int round = 0; round < kills; ++round) {
    const auto to = small.folder.file("b");
    const pid_t child = ::fork();
    if (child == 0) ::_exit(take_backup({.place = small.place(), .to = to, .keys_to = {}, .feeds = Feeds::taken, .program = {}}) ? 0 : 1);
    ::usleep(static_cast<useconds_t>(round * 4000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (fs::exists(to)) {
      ++whole;
      EXPECT_TRUE(restore_backup({.place = small.folder.file("r" + std::to_string(round)), .from = to, .keys_from = {}}));
      fs::remove_all(to);
    } else {
      unfinished += fs::exists(to + ".part") ? 1 : 0;
      EXPECT_EQ(restore_backup({.place = small.folder.file("x"), .from = to, .keys_from = {}}).error().code, ErrorCode::not_found);
    }
  }
  EXPECT_GT(unfinished, 0);
  const auto taken = take_backup({.place = small.place(), .to = small.folder.file("b"), .keys_to = {}, .feeds = Feeds::taken, .program = {}});
  ASSERT_TRUE(taken) << taken.error().text();
  EXPECT_FALSE(fs::exists(small.folder.file("b.part")));
  EXPECT_TRUE(audit::verify(small.place() + "/audit")->ok);
}

TEST(Backup, AFullDiskIsSaidAndLeavesNothingBehind) {
  const SmallPlace small;
  ASSERT_TRUE(take_backup({.place = small.place(), .to = small.folder.file("good"), .keys_to = {}, .feeds = Feeds::left_out, .program = {}}));
  const auto before = small.sums(small.place());
  for (const std::size_t most : {std::size_t{40}, std::size_t{4096}, std::size_t{10'000}}) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit tight{most, most};
      ::setrlimit(RLIMIT_FSIZE, &tight);
      const auto taken = take_backup({.place = small.place(), .to = small.folder.file("b"), .keys_to = {}, .feeds = Feeds::left_out, .program = {}});
      const auto restored = restore_backup({.place = small.place(), .from = small.folder.file("good"), .keys_from = {}});
      const bool right = !taken && taken.error().code == ErrorCode::storage_full && !restored && restored.error().code == ErrorCode::storage_full;
      if (!right) std::fprintf(stderr, "%zu: %s | %s\n", most, taken ? "taken" : taken.error().text().c_str(), restored ? "restored" : restored.error().text().c_str());
      ::_exit(right ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << most;
    EXPECT_FALSE(fs::exists(small.folder.file("b")) || fs::exists(small.folder.file("b.part")) || fs::exists(small.place() + ".restoring")) << most;
  }
  EXPECT_EQ(small.sums(small.place()), before);
}

TEST(Backup, ADamagedDatabaseIsNotPutOverAGoodBackup) {
  const SmallPlace small;
  const auto file = small.folder.file("place/vault/identity.sqlite");
  run_sql(file, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
  auto text = *read_file(file);
  for (std::size_t i = text.size() - 4096; i < text.size(); ++i) text[i] = 'x';
  ASSERT_TRUE(write_file(file, text));
  const auto taken = take_backup({.place = small.place(), .to = small.folder.file("b"), .keys_to = {}, .feeds = Feeds::left_out, .program = {}});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::invalid_input) << taken.error().text();
  EXPECT_NE(taken.error().sentence.find("Keep the older backups"), std::string::npos) << taken.error().text();
  EXPECT_FALSE(fs::exists(small.folder.file("b")));
}

}  // namespace
}  // namespace joinedup::backup
