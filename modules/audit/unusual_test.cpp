// A made month of ordinary work in which curiosity is planted: each planted case is found, and nothing else.
#include "audit/unusual.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/date.hpp"
#include "base/test_folder.hpp"

namespace joinedup::audit {
namespace {

constexpr std::int64_t minute = 60'000'000, day = 1440 * minute;
std::int64_t at(int day_of_month, int hour, int minutes = 0) { return Date::from_civil(2026, 6, day_of_month).days * day + (hour * 60 + minutes) * minute; }  // UTC; local is an hour on

class Unusual : public testing::Test {
 protected:
  // Twelve nurses who see 8 to 14 people a day between 9 and 16 UTC.
  void SetUp() override {
    log_ = *Log::open({.folder = folder_.file("audit"), .writer = "serve"});
    std::mt19937 random(3);
    for (int d = 1; d <= 5; ++d)
      for (int nurse = 0; nurse < 12; ++nurse)
        for (auto left = 8 + random() % 7; left-- > 0;) {
          const auto patient = "p" + std::to_string(random() % 500);
          const auto when = at(d, 9 + static_cast<int>(random() % 7), static_cast<int>(random() % 60));
          if (random() % 2 == 0) look("nurse" + std::to_string(nurse), patient, when, "search");
          look("nurse" + std::to_string(nurse), patient, when + minute);
        }
  }
  void look(const std::string& user, const std::string& patient, std::int64_t when, const std::string& kind = "read", const std::string& outcome = "allowed", const std::string& purpose = "direct_care") {
    log_->append({.instant = when, .kind = kind, .outcome = outcome, .user = user, .organisation = "A81001", .purpose = purpose, .roles = {"nurse"}, .patients = {patient}}, {});
  }
  UnusualReport report() {
    log_.reset();
    auto reader = *Reader::open(folder_.file("audit"));
    UnusualOptions options;
    options.worker = [](const std::string& user) -> std::optional<KnownOf> {
      return KnownOf{.patient = user + "-self", .family_name_hash = "name-of-" + user, .area = "area-of-" + user};
    };
    options.person = [](const std::string& patient) -> std::optional<KnownOf> {
      if (patient == "sister") return KnownOf{.family_name_hash = "name-of-nurse1"};
      if (patient == "neighbour") return KnownOf{.area = "area-of-nurse2"};
      if (patient == "colleague") return KnownOf{.works_for = "A81001"};
      if (patient == "elsewhere") return KnownOf{.works_for = "B82002"};
      if (patient == "dead") return KnownOf{.died = at(3, 0) - 40 * day};
      if (patient == "just-dead") return KnownOf{.died = at(3, 0) - 2 * day};
      if (patient == "nurse5-self") return KnownOf{.family_name_hash = "name-of-nurse5", .area = "area-of-nurse5"};
      return KnownOf{.family_name_hash = "other", .area = "elsewhere"};
    };
    const auto made = unusual_access(*reader, options);
    EXPECT_TRUE(made);
    return *made;
  }
  void expect_only(const UnusualReport& report, const std::string& rule, const std::string& user, const std::string& date = "2026-06-03") {
    ASSERT_EQ(report.found.size(), 1u) << unusual_csv(report);
    EXPECT_EQ(report.found[0].rule, rule);
    EXPECT_EQ(report.found[0].user, user);
    EXPECT_EQ(report.found[0].day, date);
    EXPECT_FALSE(report.found[0].sentence.empty());
  }
  TestFolder folder_;
  std::unique_ptr<Log> log_;
};

TEST_F(Unusual, OrdinaryWorkIsNotUnusual) {
  const auto made = report();
  EXPECT_TRUE(made.found.empty()) << unusual_csv(made);
  EXPECT_GT(made.events, 500u);
  EXPECT_TRUE(made.not_checked.empty());
}
TEST_F(Unusual, FindsTheSameFamilyName) { look("nurse1", "sister", at(3, 10)), expect_only(report(), "own_family_name", "nurse1"); }
TEST_F(Unusual, ASisterIsNobodyToOthers) {
  look("nurse2", "sister", at(3, 10));
  EXPECT_TRUE(report().found.empty());
}
TEST_F(Unusual, FindsTheNeighbour) { look("nurse2", "neighbour", at(3, 10)), expect_only(report(), "own_neighbour", "nurse2"); }
TEST_F(Unusual, FindsTheColleague) { look("nurse3", "colleague", at(3, 10)), look("nurse3", "elsewhere", at(3, 10)), expect_only(report(), "colleague", "nurse3"); }
TEST_F(Unusual, FindsTheOwnRecordOnceAndNotAsANeighbour) { look("nurse5", "nurse5-self", at(3, 10)), expect_only(report(), "own_record", "nurse5"); }
TEST_F(Unusual, FindsTheDeadLongAfter) { look("nurse4", "dead", at(3, 10)), look("nurse4", "just-dead", at(3, 11)), expect_only(report(), "deceased", "nurse4"); }
TEST_F(Unusual, FindsEmergencyAccess) { look("nurse4", "p1", at(3, 10), "emergency"), expect_only(report(), "emergency", "nurse4"); }
TEST_F(Unusual, FindsVolumesBeyondThePeers) {
  for (int i = 0; i < 60; ++i) look("nurse6", "x" + std::to_string(i), at(3, 10, i));
  expect_only(report(), "volume", "nurse6");
}
TEST_F(Unusual, FindsNightsByLocalTime) {
  for (int i = 0; i < 10; ++i) look("nurse7", "p1", at(3, 21, 10 + i));  // 22:10 in summer
  expect_only(report(), "out_of_hours", "nurse7");
}
TEST_F(Unusual, AnEveningIsNoNight) {
  for (int i = 0; i < 10; ++i) look("nurse7", "p1", at(3, 20, 10 + i));
  EXPECT_TRUE(report().found.empty());
}
TEST_F(Unusual, FindsSearchesWithoutReads) {
  for (int i = 0; i < 30; ++i)
    log_->append({.instant = at(3, 10, i), .kind = "search", .outcome = "allowed", .user = "browser", .purpose = "direct_care", .roles = {"nurse"}}, {});
  expect_only(report(), "searches_without_reads", "browser");
}
TEST_F(Unusual, FindsManyRefusals) {
  for (int i = 0; i < 10; ++i) look("nurse8", "p1", at(3, 10, i), "read", "denied");
  expect_only(report(), "refused", "nurse8");
}
TEST_F(Unusual, APersonInTheirOwnRecordIsLeftInPeace) {
  for (int i = 0; i < 40; ++i) look("person", "p1", at(3, 2, i), "read", "allowed", "own_record");
  EXPECT_TRUE(report().found.empty());
}
TEST_F(Unusual, WhatCannotBeCheckedIsSaid) {
  log_.reset();
  auto reader = *Reader::open(folder_.file("audit"));
  const auto made = unusual_access(*reader, {.from = at(1, 0), .until = at(1, 12)});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->not_checked, (std::vector<std::string>{"own_record", "own_family_name", "own_neighbour", "colleague", "deceased"}));
}

}  // namespace
}  // namespace joinedup::audit
