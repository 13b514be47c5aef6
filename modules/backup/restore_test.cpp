#include <gtest/gtest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backup/manifest.hpp"
#include "backup/test_support.hpp"

namespace joinedup::backup {
namespace {

class Restore : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(take_backup({.place = small.place(), .to = from, .keys_to = {}, .feeds = Feeds::taken, .program = {}}));
    before = small.sums(small.place());
  }
  // Refused with a sentence that says what to do; the place is as it was, and nothing lies beside it.
  void expect_refused(const std::string& what) {
    const auto refused = restore_backup({.place = small.place(), .from = from, .keys_from = {}});
    ASSERT_FALSE(refused) << what;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_input) << what << ": " << refused.error().text();
    EXPECT_NE(refused.error().sentence.find("nothing was changed"), std::string::npos) << what << ": " << refused.error().text();
    EXPECT_EQ(small.sums(small.place()), before) << what;
    EXPECT_FALSE(fs::exists(small.place() + ".restoring") || fs::exists(small.place() + ".before-restore")) << what;
  }
  const SmallPlace small;
  const std::string from = small.folder.file("b");
  std::map<std::string, std::string> before;
};

TEST_F(Restore, AByteChangedInAnyFileIsRefused) {
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    if (!entry.is_regular_file() || entry.path().filename() == "SHA256SUMS") continue;
    const auto file = entry.path().string();
    const auto good = *read_file(file);
    if (good.empty()) continue;
    auto bad = good;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
    ASSERT_TRUE(write_file(file, bad));
    expect_refused("changed: " + file);
    ASSERT_TRUE(write_file(file, good.substr(0, good.size() - 1)));
    expect_refused("cut: " + file);
    ASSERT_TRUE(write_file(file, good));
  }
  ASSERT_TRUE(restore_backup({.place = small.place(), .from = from, .keys_from = {}}));
}

TEST_F(Restore, AMissingFileAndAPathThatLeavesTheFolderAreRefused) {
  fs::rename(from + "/policy/own.csv", small.folder.file("aside"));
  expect_refused("missing");
  fs::create_symlink(small.folder.file("aside"), from + "/policy/own.csv");
  expect_refused("a link");
  fs::remove(from + "/policy/own.csv");
  fs::rename(small.folder.file("aside"), from + "/policy/own.csv");
  auto manifest = *read_manifest(from);
  const auto good = manifest.files[0];
  for (const char* path : {"../outside", "/etc/outside", "a/../../outside", ""}) {
    manifest.files[0].path = path;
    ASSERT_TRUE(write_manifest(from, manifest));
    expect_refused(path);
  }
  manifest.files[0] = good;
  ASSERT_TRUE(write_manifest(from, manifest));
  ASSERT_TRUE(restore_backup({.place = small.place(), .from = from, .keys_from = {}}));
}

// Sums that were made anew over what is broken: the pages and the chain are looked at too.
TEST_F(Restore, ADamagedDatabaseOrLogIsRefusedThoughItsSumIsRight) {
  const auto change = [&](const std::string& path, std::size_t at) {
    auto manifest = *read_manifest(from);
    const auto good = *read_file(from + "/" + path);
    auto bad = good;
    for (std::size_t i = at; i < std::min(at + 500, bad.size()); ++i) bad[i] = static_cast<char>(bad[i] ^ 0x55);
    ASSERT_TRUE(write_file(from + "/" + path, bad));
    auto changed = manifest;
    for (auto& file : changed.files)
      if (file.path == path) file.sha256 = *sha256_file(from + "/" + path);
    ASSERT_TRUE(write_manifest(from, changed));
    expect_refused(path);
    ASSERT_TRUE(write_file(from + "/" + path, good));
    ASSERT_TRUE(write_manifest(from, manifest));
  };
  change("vault/identity.sqlite", fs::file_size(from + "/vault/identity.sqlite") - 600);
  const auto record = *read_file(from + "/shared-record.sqlite");
  change("shared-record.sqlite", 2 * (static_cast<std::size_t>(static_cast<unsigned char>(record[16])) * 256 + static_cast<unsigned char>(record[17])));  // the third page
  change("audit/serve/00000000000000000001.log", 150);
  ASSERT_TRUE(restore_backup({.place = small.place(), .from = from, .keys_from = {}}));
}

TEST_F(Restore, APlaceThatIsInUseIsLeftAlone) {
  {
    const auto store = *fhir::open_store({.path = small.record(), .base_url = {}, .clock = {}, .new_id = {}});
    const auto refused = restore_backup({.place = small.place(), .from = from, .keys_from = {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_NE(refused.error().sentence.find("process " + std::to_string(::getpid())), std::string::npos) << refused.error().sentence;
  }
  for (const char* name : {"vault/refresh.lock", "audit/serve.lock"}) {
    const int file = ::open(small.folder.file("place/" + std::string(name)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0);
    EXPECT_EQ(restore_backup({.place = small.place(), .from = from, .keys_from = {}}).error().code, ErrorCode::conflict) << name;
    ::close(file);
  }
  EXPECT_EQ(small.sums(small.place()), before);
  EXPECT_TRUE(restore_backup({.place = small.place(), .from = from, .keys_from = {}}));
}

TEST_F(Restore, ABackupOfANewerProgramIsRefused) {
  run_sql(from + "/vault/identity.sqlite", "UPDATE meta SET value = 3 WHERE name = 'format'");
  auto manifest = *read_manifest(from);
  for (auto& file : manifest.files)
    if (file.path == "vault/identity.sqlite") file.sha256 = *sha256_file(from + "/" + file.path);
  ASSERT_TRUE(write_manifest(from, manifest));
  const auto refused = restore_backup({.place = small.place(), .from = from, .keys_from = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported) << refused.error().text();
  EXPECT_EQ(small.sums(small.place()), before);
}

// Killed at any moment: the place is the old one or the new one, never none and never a mixture; and the next restore succeeds.
TEST_F(Restore, AKilledRestoreLeavesAWholePlace) {
  const int kills = std::getenv("JOINEDUP_KILLS") != nullptr ? std::atoi(std::getenv("JOINEDUP_KILLS")) : 16;
  int old_ones = 0, new_ones = 0;
  for (int round = 0; round < kills; ++round) {
    small.folder.write("place/policy/own.csv", "old\n");
    const pid_t child = ::fork();
    if (child == 0) ::_exit(restore_backup({.place = small.place(), .from = from, .keys_from = {}}) ? 0 : 1);
    ::usleep(static_cast<useconds_t>(round * 3000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    const auto now = small.folder.read("place/policy/own.csv");
    ASSERT_TRUE(now == "old\n" || now == "rule\n");
    (now == "old\n" ? old_ones : new_ones)++;
    EXPECT_TRUE(audit::verify(small.place() + "/audit")->ok);
    EXPECT_EQ(number(small.folder.file("place/vault/identity.sqlite"), "SELECT count(*) FROM identity"), 200);
    const auto again = restore_backup({.place = small.place(), .from = from, .keys_from = {}});
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_FALSE(fs::exists(small.place() + ".restoring") || fs::exists(small.place() + "/" + unfinished_name));
    EXPECT_EQ(small.folder.read("place/policy/own.csv"), "rule\n");
    // What was written before the kill is never lost: it stands beside.
    bool kept = false;
    for (const auto& entry : fs::directory_iterator(small.folder.path()))
      if (entry.path().filename().string().starts_with("place.before-restore") && *read_file(entry.path() / "policy/own.csv") == "old\n") kept = true;
    EXPECT_TRUE(kept) << round;
    for (const auto& entry : fs::directory_iterator(small.folder.path()))
      if (entry.path().filename().string().starts_with("place.before-restore")) fs::remove_all(entry.path());
  }
  EXPECT_GT(old_ones, 0);
  EXPECT_EQ(old_ones + new_ones, kills);
}

TEST_F(Restore, AnOlderFormatIsBroughtUpAndBack) {
  const auto file = small.folder.file("place/vault/identity.sqlite");
  EXPECT_EQ(upgrade_place(small.place(), {}, "test")->brought_up.size(), 0U);
  EXPECT_EQ(upgrade_back(small.place()).error().code, ErrorCode::not_found);
  EXPECT_EQ(small.sums(small.place()), before);
  run_sql(file, "UPDATE meta SET value = 1 WHERE name = 'format'");
  EXPECT_EQ(upgrade_place(small.place(), {}, "test").error().code, ErrorCode::unsupported);
  const auto failed = upgrade_place(small.place(), {{"vault/identity.sqlite", [] { return Result<void>(fail(ErrorCode::storage_full, "No room.")); }}}, "test");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().sentence.find("--back"), std::string::npos);
  const auto done = upgrade_place(small.place(), {{"vault/identity.sqlite", [&]() -> Result<void> {
                                                      run_sql(file, "UPDATE meta SET value = 2 WHERE name = 'format'; CREATE TABLE fresh(x)");
                                                      return {};
                                                    }}}, "test");
  ASSERT_TRUE(done) << done.error().text();
  ASSERT_EQ(done->brought_up.size(), 1U);
  EXPECT_EQ(done->brought_up[0].found, 1);
  EXPECT_EQ(done->backup, small.place() + ".before-upgrade.2");
  EXPECT_EQ(number(file, "SELECT count(*) FROM fresh"), 0);
  const auto back = upgrade_back(small.place());
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(number(file, "SELECT value FROM meta WHERE name = 'format'"), 1);
  EXPECT_EQ(number(file, "SELECT count(*) FROM fresh"), -1);
  EXPECT_EQ(number(back->kept_as + "/vault/identity.sqlite", "SELECT value FROM meta WHERE name = 'format'"), 2);
}

}  // namespace
}  // namespace joinedup::backup
