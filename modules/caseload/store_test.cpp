// What was released stays as it was; outcomes and re-identifications are kept beside it.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/text.hpp"
#include "caseload/store.hpp"

namespace joinedup::caseload {
namespace {
namespace fs = std::filesystem;

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    place_.folder = (fs::temp_directory_path() / ("joinedup_caseload_" + std::to_string(::getpid()))).string();
    fs::remove_all(place_.folder);
    fs::create_directories(place_.folder);
  }
  void TearDown() override { fs::remove_all(place_.folder); }
  static std::vector<Case> cases() {
    Case first, second, ending;
    first.person_key = 11, first.team = "North", first.practice = "Y1", first.state = "found", first.rank = 1, first.risk = .4, first.impactability = 2, first.care_gaps = 1;
    first.reasons = {{"impactability", "lives_alone", "Lives alone", "practice record", "2024-01-01", "normal"}};
    second.person_key = 12, second.team = "North", second.practice = "Y1", second.state = "waiting", second.rank = 2, second.risk = .3, second.impactability = 1, second.care_gaps = 1;
    ending.person_key = 13, ending.team = "North", ending.practice = "Y2", ending.state = "palliative_coordination";
    return {first, second, ending};
  }
  static Release example() {
    Release release;
    release.list = "abc", release.team = "North", release.run = "r1", release.index_date = "2026-03-31", release.by = "Dr A. Example", release.role = "GP lead", release.risk_model = "m";
    release.found = 1, release.waiting = 1;
    return release;
  }
  int try_sql(const std::string& sql) {
    sqlite3* handle = nullptr;
    sqlite3_open(place_.path("caseload.sqlite").c_str(), &handle);
    const int status = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    return status;
  }
  place::Place place_;
};

}  // namespace

TEST_F(StoreTest, AReleaseIsKeptWholeAndNeverChanged) {
  auto store = Store::open(place_);
  ASSERT_TRUE(store) << store.error().text();
  auto release = example();
  release.seed = 18446744073709551615u;  // the whole range comes back
  release.approved_by = "Dr B. Example";
  const auto released = store->release(release, cases(), {{11, "North", "s", "offered", .5}, {12, "North", "s", "waiting", .5}});
  ASSERT_TRUE(released) << released.error().text();
  EXPECT_FALSE(released->at.empty() || released->account.empty());
  const auto kept = store->releases("North");
  ASSERT_TRUE(kept && kept->size() == 1);
  EXPECT_EQ(kept->front().by, "Dr A. Example");
  EXPECT_EQ(kept->front().seed, release.seed);
  EXPECT_EQ(store->members("abc")->size(), 3u);
  EXPECT_NE(store->allocation_csv()->find("abc,North,11,s,offered,0.5,"), std::string::npos);
  EXPECT_EQ(store->release(example(), cases(), {}).error().code, ErrorCode::conflict) << "the same list twice";
  for (const auto& sql : {"UPDATE release SET released_by = 'nobody'", "DELETE FROM release", "UPDATE list_member SET rank = 9", "DELETE FROM list_reason", "DELETE FROM case_allocation"})
    EXPECT_NE(try_sql(sql), SQLITE_OK) << sql;
  struct stat file{};
  ASSERT_EQ(::stat(place_.path("caseload.sqlite").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST_F(StoreTest, WhereEverybodyStandsFollowsFromReleasesAndOutcomes) {
  auto store = Store::open(place_);
  ASSERT_TRUE(store->release(example(), cases(), {}));
  auto current = *store->current();
  EXPECT_EQ(current.size(), 1u) << "only the offered hold a place";
  EXPECT_EQ(current.at(11).state, "offered");
  EXPECT_TRUE(holds_place(current.at(11)));
  ASSERT_TRUE(store->record_outcome({11, "North", "declined", "prefers to manage alone", "Nurse C", "2026-04-02"}));
  current = *store->current();
  EXPECT_EQ(current.at(11).state, "declined");
  EXPECT_EQ(current.at(11).reason, "prefers to manage alone");
  EXPECT_FALSE(holds_place(current.at(11)));
  EXPECT_EQ(store->outcomes_of("abc")->size(), 1u);
  const auto refused = [&](Outcome outcome) { return store->record_outcome(outcome).error().sentence; };
  EXPECT_EQ(refused({12, "North", "accepted", "", "Nurse C", "2026-04-02"}), "This person is on no list that was released to team North; an outcome belongs to an offer.");
  EXPECT_EQ(refused({11, "North", "cured", "", "Nurse C", "2026-04-02"}), "\"cured\" is not an outcome: one of accepted, declined, active, on_hold, finished, moved_away, died.");
  EXPECT_EQ(refused({11, "North", "declined", "", "Nurse C", "2026-04-02"}), "Say why the offer was declined, with --reason.");
  EXPECT_EQ(refused({11, "North", "accepted", "", "", "2026-04-02"}), "Say who records this, with --by \"name, role\".");
  EXPECT_EQ(refused({11, "North", "accepted", "", "Nurse C", "2 April"}), "The day is written as 2026-03-31.");
}

TEST_F(StoreTest, AFailedReleaseLeavesNothing) {
  auto store = Store::open(place_);
  auto twice = cases();
  twice.push_back(twice.front());
  EXPECT_FALSE(store->release(example(), twice, {}));
  EXPECT_TRUE(store->releases("")->empty());
  EXPECT_TRUE(store->members("abc")->empty());
  EXPECT_TRUE(store->release(example(), cases(), {})) << "and the store is not stuck";
}

TEST_F(StoreTest, EveryReidentificationIsInAChain) {
  auto store = Store::open(place_);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store->record_reidentification({11, "North", "team", "Nurse C", "first visit"}));
  EXPECT_TRUE(*store->reidentifications_hold());
  EXPECT_NE(try_sql("DELETE FROM reidentification WHERE number = 2"), SQLITE_OK);
  ASSERT_EQ(try_sql("DROP TRIGGER reidentification_no_delete; DELETE FROM reidentification WHERE number = 2"), SQLITE_OK) << "somebody with the file can";
  EXPECT_FALSE(*store->reidentifications_hold()) << "and it shows";
}

TEST_F(StoreTest, OnlyWhomAReleasedListNamesMayBeNamed) {
  auto store = Store::open(place_);
  ASSERT_TRUE(store->release(example(), cases(), {}));
  EXPECT_TRUE(*store->was_released_to(11, "North"));
  EXPECT_FALSE(*store->was_released_to(12, "North")) << "who waits is not offered";
  EXPECT_FALSE(*store->was_released_to(11, "South"));
  EXPECT_TRUE(*store->was_released_at(13, "Y2"));
  EXPECT_FALSE(*store->was_released_at(13, "Y1"));
  EXPECT_TRUE(Store::current_of(place_)->contains(11));
}

}  // namespace joinedup::caseload
