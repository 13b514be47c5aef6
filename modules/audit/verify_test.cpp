// What a thief, or a tired administrator, might do to the log: each is found.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "audit/audit.hpp"
#include "audit/files.hpp"
#include "audit/segment.hpp"
#include "base/test_folder.hpp"
#include "base/text.hpp"

namespace joinedup::audit {
namespace {

namespace fs = std::filesystem;

// A log of 60 events in several files, and its heads as exported at event 40.
class Verify : public testing::Test {
 protected:
  void SetUp() override {
    add(40);
    exported_ = folder_.write("heads.json", *export_heads(audit()));
    fs::copy(audit(), folder_.file("old"), fs::copy_options::recursive);
    add(20);
    ASSERT_GE(files().size(), 3u);
    const auto whole = verify(audit(), {.heads_file = exported_});
    ASSERT_TRUE(whole) << whole.error().text();
    ASSERT_TRUE(whole->ok) << whole->first_bad;
    ASSERT_EQ(whole->events, 60u);
  }
  std::string audit() const { return folder_.file("audit"); }
  void add(int count) {
    auto log = Log::open({.folder = audit(), .writer = "serve", .segment_bytes = 2048});
    ASSERT_TRUE(log) << log.error().text();
    for (int i = 0; i < count; ++i)
      (*log)->append({.kind = "read", .user = "u-" + std::to_string(i), .resources = {"Observation/1/_history/1"}, .patients = {"7"}}, {});
  }
  std::vector<std::string> files() const { return segments_of(audit(), "serve"); }
  std::string file(std::size_t i) const { return audit() + "/serve/" + files()[i]; }
  // Where the record of a segment stands.
  Record record(const std::string& bytes, std::size_t which) const {
    SegmentScan scan(bytes);
    for (std::size_t i = 0; i <= which; ++i) EXPECT_EQ(scan.next(), SegmentScan::Step::record);
    return scan.record();
  }
  void expect_found(const std::string& says, const std::string& heads = {}) const {
    const auto verified = verify(audit(), {.heads_file = heads});
    ASSERT_TRUE(verified) << verified.error().text();
    EXPECT_FALSE(verified->ok);
    EXPECT_NE(verified->first_bad.find(says), std::string::npos) << verified->first_bad;
  }
  void expect_unseen(const std::string& heads = {}) const {
    const auto verified = verify(audit(), {.heads_file = heads});
    ASSERT_TRUE(verified);
    EXPECT_TRUE(verified->ok) << verified->first_bad;
  }
  TestFolder folder_;
  std::string exported_;
};

TEST_F(Verify, FindsEveryChangedByte) {
  for (std::size_t f = 0; f < files().size(); ++f) {
    const auto path = file(f), bytes = *read_file(path);
    for (std::size_t at = 0; at < bytes.size(); at += f == 1 ? 1 : 197) {
      auto changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      std::fstream(path, std::ios::binary | std::ios::in | std::ios::out) << changed;
      const auto verified = verify(audit(), {.threads = 1});
      ASSERT_TRUE(verified);
      ASSERT_FALSE(verified->ok) << files()[f] << " byte " << at;
    }
    ASSERT_TRUE(write_file(file(f), bytes));
  }
  expect_unseen();
}

TEST_F(Verify, FindsADeletedEvent) {
  auto bytes = *read_file(file(1));
  const auto gone = record(bytes, 2);
  ASSERT_TRUE(write_file(file(1), bytes.erase(gone.offset, gone.size)));
  expect_found("another stands in its place");
}

TEST_F(Verify, FindsADeletedEventWhoseFollowersWereNumberedAndHashedAnew) {
  // Somebody who can compute hashes, but has not the key.
  auto bytes = *read_file(file(files().size() - 1));
  SegmentScan scan(bytes);
  std::string forged = segment_head_bytes(scan.head());
  Sha256 sum;
  auto hash = scan.head().before;
  auto sequence = scan.head().first;
  for (int i = 0; scan.next() == SegmentScan::Step::record; ++i)
    if (i != 1) hash = add_record(forged, sum, hash, sequence++, scan.record().instant, scan.record().event);
  ASSERT_TRUE(write_file(file(files().size() - 1), forged));
  expect_found("were signed and are gone");
  // And as many events as before, one of them another.
  hash = add_record(forged, sum, hash, sequence++, 1, "\1\4read");
  ASSERT_TRUE(write_file(file(files().size() - 1), forged));
  expect_found("not the one that was signed");
}

TEST_F(Verify, FindsAnInsertedEvent) {
  auto bytes = *read_file(file(1));
  const auto one = record(bytes, 2);
  std::string forged;
  Sha256 sum;
  add_record(forged, sum, one.hash, one.sequence + 1, one.instant, one.event);
  ASSERT_TRUE(write_file(file(1), bytes.insert(one.offset + one.size, forged)));
  expect_found("event " + std::to_string(one.sequence + 2));
}

TEST_F(Verify, FindsAnEventAddedAtTheEndOnceAHeadIsSignedOverIt) {
  auto bytes = *read_file(file(files().size() - 1));
  SegmentScan scan(bytes);
  while (scan.next() == SegmentScan::Step::record) {}
  Sha256 sum;
  add_record(bytes, sum, scan.hash(), scan.next_sequence(), 1, "\1\4read");
  ASSERT_TRUE(write_file(file(files().size() - 1), bytes));
  const auto verified = verify(audit());
  EXPECT_TRUE(verified->ok) << "what is after the newest head cannot be told from a run that was killed";
  EXPECT_EQ(verified->events, 61u);
  ASSERT_FALSE(verified->notes.empty());
  EXPECT_NE(verified->notes[0].find("no signed head"), std::string::npos) << verified->notes[0];
}

TEST_F(Verify, FindsEventsInAnotherOrder) {
  const auto bytes = *read_file(file(1));
  const auto a = record(bytes, 1), b = record(bytes, 2);
  ASSERT_TRUE(write_file(file(1), bytes.substr(0, a.offset) + bytes.substr(b.offset, b.size) + bytes.substr(a.offset, a.size) + bytes.substr(b.offset + b.size)));
  expect_found("another stands in its place");
}

TEST_F(Verify, FindsFilesInAnotherOrderOrGone) {
  const auto first = file(0), second = file(1);
  fs::rename(first, first + ".x");
  expect_found("event 1 and those after it");
  fs::rename(second, first);
  fs::rename(first + ".x", second);
  expect_found("another order");
  fs::rename(second, second + ".x");
  fs::rename(first, second);
  fs::rename(second + ".x", first);
  expect_unseen();
  fs::remove(second);
  expect_found("are gone");
}

TEST_F(Verify, FindsTruncation) {
  const auto last = file(files().size() - 1);
  auto bytes = *read_file(last);
  for (const std::size_t cut : {1UL, 40UL, 300UL, bytes.size() - segment_head_size, bytes.size()}) {
    ASSERT_TRUE(write_file(last, bytes.substr(0, bytes.size() - cut)));
    const auto verified = verify(audit());
    ASSERT_FALSE(verified->ok) << cut;
  }
  fs::remove(last);
  expect_found("were signed and are gone");
  for (const auto& name : files()) fs::remove(audit() + "/serve/" + name);
  expect_found("all events are gone");
}

TEST_F(Verify, FindsTruncationOfHeadsToo) {
  // Heads of the old state with the old events: inside, all is well; the exported heads tell.
  fs::remove(audit() + "/serve/head");
  expect_found("newest signed head is gone");
  fs::remove_all(audit() + "/serve");
  expect_found("whole log of this writer is gone");
  fs::remove_all(audit());
  const auto verified = verify(audit(), {.heads_file = exported_});
  ASSERT_TRUE(verified);
  EXPECT_FALSE(verified->ok);
}

TEST_F(Verify, FindsTheReplayOfAnOldCopy) {
  const auto newer = folder_.write("newer.json", *export_heads(audit()));
  fs::remove_all(audit());
  fs::copy(folder_.file("old"), audit(), fs::copy_options::recursive);
  expect_unseen();
  expect_unseen(exported_);
  expect_found("were signed and are gone", newer);
  add(20);  // as many as before: the history forks
  expect_unseen(exported_);
  expect_found("not the one that was signed", newer);
}

TEST_F(Verify, FindsAWholeLogMadeAnewWithAnotherKey) {
  fs::remove_all(audit());
  add(60);
  expect_unseen();
  expect_found("keys are not those", exported_);
}

TEST_F(Verify, FindsForgedHeadsAndKeys) {
  const auto head = *read_file(audit() + "/serve/head");
  auto forged = head;
  forged.replace(forged.find("\"sequence\":60"), 13, "\"sequence\":20");
  ASSERT_TRUE(write_file(audit() + "/serve/head", forged));
  expect_found("newest signed head");
  ASSERT_TRUE(write_file(audit() + "/serve/head", head));
  auto keys = *read_file(audit() + "/keys.jsonl");
  const auto at = keys.find("\"key\":\"") + 7;
  keys[at] = keys[at] == '0' ? '1' : '0';
  ASSERT_TRUE(write_file(audit() + "/keys.jsonl", keys));
  expect_found("not signed");
}

TEST_F(Verify, ARotatedKeyIsSignedByTheOldAndTheOldSignsNoMore) {
  const auto old_head = *read_file(audit() + "/serve/head");
  ASSERT_TRUE(rotate_signing_key(audit()));
  expect_unseen(exported_);
  EXPECT_EQ(split(*read_file(audit() + "/keys.jsonl"), '\n').size(), 3u);
  add(5);
  expect_unseen(exported_);
  ASSERT_TRUE(rotate_signing_key(audit()));
  expect_unseen(exported_);
  const auto newer = folder_.write("newer.json", *export_heads(audit()));
  expect_unseen(newer);
  ASSERT_TRUE(write_file(audit() + "/serve/head", old_head));
  expect_found("no longer in use");
}

// A server goes on writing while the key is rotated: nobody is told of a forgery that was none, and no head is signed by a key out of use.
TEST_F(Verify, AKeyRotatedWhileTheLogIsWrittenIsNoFalseAlarm) {
  auto serve = *Log::open({.folder = audit(), .writer = "serve", .segment_bytes = 16 * 1024});
  auto vault = *Log::open({.folder = audit(), .writer = "vault"});
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      EXPECT_TRUE(serve->append_and_wait({.kind = "read", .user = "u", .patients = {"7"}}));
      if (i % 10 == 0) {
        EXPECT_TRUE(vault->append_and_wait({.kind = "reidentify", .user = "u"}));
      }
    }
  });
  for (int round = 0; round < 6; ++round) {
    ASSERT_TRUE(rotate_signing_key(audit()));
    for (int i = 0; i < 4; ++i) {
      expect_unseen(exported_);
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
    }
  }
  stop = true;
  writer.join();
  serve.reset();
  vault.reset();
  expect_unseen(exported_);
  EXPECT_TRUE(export_heads(audit()));
  const auto keys = *read_file(audit() + "/keys.jsonl");
  const auto newest = keys.substr(keys.rfind("\"key\":\"") + 7, 64);
  for (const char* writer_name : {"serve", "vault"})
    EXPECT_NE(read_file(audit() + "/" + writer_name + "/head")->find(newest), std::string::npos) << writer_name << " signed its last head with a key out of use";
}

TEST(VerifyEmpty, APlaceWithoutALogIsSaidToHaveNone) {
  TestFolder folder;
  const auto verified = verify(folder.file("audit"));
  EXPECT_TRUE(verified->ok);
  EXPECT_EQ(verified->events, 0u);
  EXPECT_EQ(verified->notes.size(), 1u);
}

}  // namespace
}  // namespace joinedup::audit
