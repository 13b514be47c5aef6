// Many at once, and any order: one wins, the others learn what changed; whatever is tried, what a case went through stays a legal walk.
#include <array>
#include <thread>

#include "base/random.hpp"
#include "casework/test_support.hpp"

namespace joinedup::casework {
namespace {

using TogetherTest = CaseworkTest;

TEST_F(TogetherTest, OfTwoAtOnceOneWins) {
  std::array<Answer, 6> answers;
  {
    std::vector<std::jthread> all;
    for (std::size_t i = 0; i < answers.size(); ++i)
      all.emplace_back([&, i] { answers[i] = i % 2 == 0 ? call(cora(), "EpisodeOfCare/case-ann/$accept", {{"coordinator", "PractitionerRole/r-cora"}}) : call(lea(), "EpisodeOfCare/case-ann/$defer", {{"until", "2026-07-01"}, {"reason", "x"}}); });
  }
  int won = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto& one = answers[i];
    if (one.status == 200 && i % 2 == 0) ++won;
    if (one.status != 200) {
      EXPECT_EQ(one.status, 409);
      EXPECT_NE(one.sentence().find("It is accepted and waiting to start since 2026-06-01."), std::string::npos) << one.sentence();
    }
  }
  EXPECT_EQ(won, 1);
}

TEST_F(TogetherTest, ASlotIsBookedByOneOnly) {
  put("ServiceRequest", "sr", R"("status":"active","intent":"order","subject":{"reference":"Patient/ann"})");
  put("Slot", "free", R"("schedule":{"reference":"Schedule/sch"},"status":"free","start":"2026-06-05T10:00:00Z","end":"2026-06-05T10:30:00Z")");
  std::array<int, 6> statuses{};
  {
    std::vector<std::jthread> all;
    for (auto& status : statuses) all.emplace_back([&] { status = call(cora(), "Slot/free/$book", {{"request", "ServiceRequest/sr"}}).status; });
  }
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 200), 1);
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 409), 5);
  EXPECT_EQ(find("Appointment", "patient=Patient/ann").size(), 1U);
}

// From each state, where one step may lead.
const std::map<std::string, std::vector<std::string>> legal = {
    {"planned", {"planned", "waitlist", "cancelled"}}, {"waitlist", {"active", "cancelled"}}, {"active", {"onhold", "finished"}}, {"onhold", {"active", "finished"}}, {"finished", {}}, {"cancelled", {}}};

TEST_F(TogetherTest, WhateverIsTriedTheHistoryIsALegalWalkWithoutAGap) {
  const std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> tries = {
      {"accept", {{"coordinator", "PractitionerRole/r-cora"}, {"comment", "c"}}}, {"accept", {}}, {"decline", {{"reason", "r"}}}, {"defer", {{"until", "2027-02-01"}, {"reason", "r"}}},
      {"ask", {{"outcome", "agreed"}}}, {"ask", {{"outcome", "declined"}}}, {"ask", {{"outcome", "lacks-capacity"}, {"note", "n"}}}, {"ask", {{"outcome", "lacks-capacity"}}},
      {"start", {}}, {"hold", {{"reason", "r"}}}, {"resume", {}}, {"finish", {{"reason", "r"}}}, {"finish", {}}, {"hand-over", {{"to", "PractitionerRole/r-lea"}, {"note", "n"}}},
      {"hand-over", {{"to", "PractitionerRole/r-cora"}, {"note", "n"}}}};
  std::size_t done = 0, refused = 0, ended = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CounterRandom random(seed, 0, 0);
    const std::string id = "walk-" + std::to_string(seed);
    put("EpisodeOfCare", id, R"("status":"planned","statusHistory":[{"status":"planned","period":{"start":"2026-05-01"}}],"patient":{"reference":"Patient/ann"},"period":{"start":"2026-05-01"},"team":[{"reference":"CareTeam/one"}])");
    for (int i = 0; i < 14; ++i) {
      now_ += static_cast<std::int64_t>(random.below(3)) * an_hour;
      const auto before = stored("EpisodeOfCare/" + id);
      const auto& [operation, parameters] = tries[random.below(tries.size())];
      const auto answer = call(random.below(2) == 0 ? cora() : lea(), "EpisodeOfCare/" + id + "/$" + operation, parameters);
      const auto after = stored("EpisodeOfCare/" + id);
      if (answer.status == 200) {
        ++done;
      } else {
        ++refused;
        EXPECT_TRUE(answer.status == 409 || answer.status == 422) << operation << " " << answer.status << " " << answer.json.dump();
        EXPECT_FALSE(answer.sentence().empty());
        EXPECT_EQ(before, after);
      }
      const auto& history = after["statusHistory"];
      ASSERT_EQ(history.back()["status"], after["status"]);
      for (std::size_t step = 1; step < history.size(); ++step) {
        const auto& from = legal.at(history[step - 1]["status"]);
        EXPECT_NE(std::find(from.begin(), from.end(), history[step]["status"]), from.end()) << after.dump();
        EXPECT_EQ(history[step - 1]["period"]["end"], history[step]["period"]["start"]);
        ASSERT_NE(extension(history[step], "urn:joinedup:by"), nullptr);
        const std::string status = history[step]["status"];
        const bool needs_reason = status == "cancelled" || status == "onhold" || status == "finished", began = status == "active" && history[step - 1]["status"] == "waitlist";
        EXPECT_TRUE(!needs_reason || extension(history[step], "urn:joinedup:reason") != nullptr);
        EXPECT_TRUE(!began || extension(after, "urn:joinedup:asked") != nullptr);
      }
      const bool over = after["status"] == "finished" || after["status"] == "cancelled";
      EXPECT_EQ(history.back()["period"].contains("end"), over);
      EXPECT_EQ(after["period"].contains("end"), over);
      if (over && i == 13) ++ended;
    }
  }
  EXPECT_GT(done, 80U);
  EXPECT_GT(refused, 80U);
  EXPECT_GT(ended, 5U);
  EXPECT_EQ(find("Provenance", "patient=Patient/ann").size(), done);
}

}  // namespace
}  // namespace joinedup::casework
