// The way across the vault, held shut by everything but a relationship: whom it lets, what it writes down, and in which order.
#include "governance/reidentify.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace joinedup::governance {
namespace {

class Reidentify : public testing::Test {
 protected:
  void SetUp() override {
    log_ = *audit::Log::open({.folder = folder_.file("audit"), .writer = "vault"});
    reader_ = *audit::Reader::open(folder_.file("audit"));
  }
  // North has 100 to 129 on list L1; 200 is registered at A81001.
  Reidentification way(Asker asker, std::vector<std::string> teams = {"East", "North"}) {
    return Reidentification({.asker = std::move(asker),
                             .log = log_.get(),
                             .reader = reader_.get(),
                             .teams = [this, teams]() -> Result<std::vector<std::string>> {
                               if (record_is_away_) return fail(ErrorCode::unavailable, "The record is away.");
                               return teams;
                             },
                             .is_released_to = [](std::int64_t person, const std::string& to) -> Result<bool> { return to == "North" && person >= 100 && person < 130; },
                             .is_released_at = [](std::int64_t person, const std::string& at) -> Result<bool> { return at == "A81001" && person == 200; },
                             .list = [](const std::string& name) -> Result<ReleasedList> {
                               if (name != "L1") return fail(ErrorCode::not_found, "No such list.");
                               ReleasedList out{"North", {}};
                               for (int i = 100; i < 130; ++i) out.people.push_back(i);
                               return out;
                             },
                             .name = [this](std::int64_t person) -> Result<vault::IdentifiedPerson> {
                               events_when_told_ = events("allowed").size();
                               return vault::IdentifiedPerson{.family_name = "Name" + std::to_string(person)};
                             }});
  }
  std::vector<audit::Kept> events(const std::string& outcome) { return *reader_->find({.kind = "reidentify", .outcome = outcome, .count = 1000}); }
  void expect_refused(const Result<std::vector<NamedPerson>>& told, const std::string& rule) {
    ASSERT_FALSE(told);
    EXPECT_EQ(events_when_told_, 0u) << "nothing was read";
    ASSERT_FALSE(events("denied").empty());
    EXPECT_EQ(events("denied")[0].event.rule, rule);
  }
  const Asker north_{"u-1", "RX1", {"co_ordinator"}};
  bool record_is_away_ = false;
  TestFolder folder_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<audit::Reader> reader_;
  std::size_t events_when_told_ = 0;
};

TEST_F(Reidentify, TheTeamMayKnowAndItIsWrittenDownFirst) {
  const auto told = way(north_).one(101, "first visit tomorrow");
  ASSERT_TRUE(told) << told.error().text();
  EXPECT_EQ((*told)[0].person.family_name, "Name101");
  EXPECT_EQ(events_when_told_, 1u) << "the event was on the disk when the name was read";
  const auto kept = events("allowed")[0].event;
  EXPECT_EQ(kept.user, "u-1");
  EXPECT_EQ(kept.resources, std::vector<std::string>{"Pseudonym/101"});
  EXPECT_EQ(kept.reason, "") << "sealed";
  EXPECT_TRUE(way({"u-2", "A81001", {"gp"}}, {}).one(200, "their practice asks"));
}
TEST_F(Reidentify, NobodyElseMay) {
  expect_refused(way({"u-3", "RX1", {"co_ordinator"}}, {"South"}).one(101, "curious about them"), "not-released-to-them");
  expect_refused(way({"u-3", "North", {"co_ordinator"}}, {}).one(101, "left the team, or says so"), "not-released-to-them");
  expect_refused(way({"u-3", "A81002", {"gp"}}, {"A81001"}).one(200, "another practice's"), "not-released-to-them");
  expect_refused(way({"u-3", "", {"gp"}}, {}).one(200, "of no organisation"), "not-released-to-them");
  expect_refused(way(north_).one(500, "not on any list"), "not-released-to-them");
  for (const auto* role : {"analyst", "guardian", "administrator", "safeguarding_lead", "person", "proxy", "backend"}) expect_refused(way({"u-4", "A81001", {role}}).one(101, "I have a reason"), "no-caring-role");
  expect_refused(way({"u-4", "A81001", {}}).one(101, "I have a reason"), "no-caring-role");
  expect_refused(way({"", "A81001", {"gp"}}).one(101, "I have a reason"), "no-caring-role");
  expect_refused(way(north_).one(101, "why"), "no-reason");
}
TEST_F(Reidentify, AnAccountOutOfUseHearsWhatAStrangerHears) {
  const auto stranger = way({"u-3", "RX1", {"co_ordinator"}}, {"South"}).one(101, "curious about them"), of_list = way({"u-3", "RX1", {"co_ordinator"}}, {"South"}).list("L1", "curious about it");
  for (const auto& [account, rule] : {std::pair(Asker::Account::suspended, "account-suspended"), std::pair(Asker::Account::unknown, "no-such-account")}) {
    const auto one = way({"u-1", "RX1", {"co_ordinator"}, account}).one(101, "first visit tomorrow");
    expect_refused(one, rule);
    EXPECT_EQ(one.error().text(), stranger.error().text());
    const auto list = way({"u-1", "RX1", {"co_ordinator"}, account}).list("L1", "first visit tomorrow");
    expect_refused(list, rule);
    EXPECT_EQ(list.error().text(), of_list.error().text());
  }
}
TEST_F(Reidentify, WithoutTheRecordNobodyIsOfATeam) {
  record_is_away_ = true;
  EXPECT_FALSE(way(north_).one(101, "first visit tomorrow"));
  EXPECT_FALSE(way(north_).list("L1", "first visit tomorrow"));
  EXPECT_EQ(events_when_told_, 0u);
  EXPECT_TRUE(way({"u-2", "A81001", {"gp"}}).one(200, "their practice asks")) << "a practice's own people need no team";
}
TEST_F(Reidentify, OneListAtATimeToItsTeam) {
  const auto told = way(north_).list("L1", "the team's first meeting");
  ASSERT_TRUE(told);
  EXPECT_EQ(told->size(), 30u);
  EXPECT_EQ(events_when_told_, 1u);
  events_when_told_ = 0;
  const auto other = way({"u-3", "RX1", {"team_lead"}}, {"South"}).list("L1", "another team's list"), none = way(north_).list("L9", "there is none such");
  ASSERT_FALSE(other);
  ASSERT_FALSE(none);
  EXPECT_EQ(other.error().text(), none.error().text());
}
TEST_F(Reidentify, NotTooOften) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(way(north_).one(100 + i, "one after another"));
  events_when_told_ = 0;
  expect_refused(way(north_).one(121, "one after another"), "too-many");
  EXPECT_TRUE(way({"u-9", "RX2", {"nurse"}}).one(121, "a colleague's visit")) << "each has their own measure";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(way(north_).list("L1", "the list, once more"));
  EXPECT_FALSE(way(north_).list("L1", "the list, once more"));
}
TEST_F(Reidentify, WithoutTheLogNothingIsTold) {
  auto shut = way(north_);
  log_.reset();
  log_ = *audit::Log::open({.folder = folder_.file("audit"), .writer = "vault", .queue_bytes = 1});
  EXPECT_FALSE(way(north_).one(101, "first visit tomorrow"));
  EXPECT_EQ(events_when_told_, 0u);
}

}  // namespace
}  // namespace joinedup::governance
