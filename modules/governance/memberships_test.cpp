// Who is in which team at a moment: only what the record says in so many words makes a member.
#include "governance/memberships.hpp"

#include <gtest/gtest.h>

#include "base/date.hpp"

namespace joinedup::governance {
namespace {

class Memberships : public testing::Test {
 protected:
  // Practitioner p1 with role r1; each test puts its CareTeams in.
  void SetUp() override {
    practitioner_ = R"({"resourceType":"Practitioner","id":"p1","active":true})";
    roles_ = {R"({"resourceType":"PractitionerRole","id":"r1","active":true,"practitioner":{"reference":"Practitioner/p1"}})"};
  }
  static std::string team(const std::string& name, const std::string& participant, const std::string& more = R"("status":"active")") {
    return R"({"resourceType":"CareTeam","id":"t","identifier":[{"system":"urn:joinedup:team","value":")" + name + R"("}],"participant":[)" + participant + "]," + more + "}";
  }
  std::vector<std::string> teams(const std::string& practitioner = "p1") {
    const auto found = teams_of(practitioner, static_cast<std::int64_t>(parse_iso_date("2026-06-15")->days) * 86'400'000'000 + 43'200'000'000,
                                {.read = [this](const std::string& type, const std::string& id) -> Result<std::optional<std::string>> {
                                   asked_.push_back(type + "/" + id);
                                   return practitioner_.empty() ? std::optional<std::string>() : std::optional(practitioner_);
                                 },
                                 .find = [this](const std::string& type, const std::string& query) -> Result<std::vector<std::string>> {
                                   asked_.push_back(type + "?" + query);
                                   return type == "CareTeam" ? teams_ : roles_;
                                 }});
    EXPECT_TRUE(found);
    return found ? *found : std::vector<std::string>{"failed"};
  }
  using Names = std::vector<std::string>;
  std::string practitioner_;
  std::vector<std::string> roles_, teams_, asked_;
  const std::string me_ = R"({"member":{"reference":"Practitioner/p1"}})";
};

TEST_F(Memberships, ByThemselvesOrByTheirRole) {
  teams_ = {team("South", me_), team("North", R"({"member":{"reference":"PractitionerRole/r1"}})"), team("West", R"({"member":{"reference":"Practitioner/p2"}})")};
  EXPECT_EQ(teams(), (Names{"North", "South"}));
  EXPECT_EQ(asked_, (Names{"Practitioner/p1", "PractitionerRole?practitioner=Practitioner/p1", "CareTeam?participant=Practitioner/p1,PractitionerRole/r1"}));
}
TEST_F(Memberships, OnlyWhileTheyLast) {
  const auto with = [&](const std::string& period) { return R"({"member":{"reference":"Practitioner/p1"},"period":)" + period + "}"; };
  teams_ = {team("until yesterday", with(R"({"end":"2026-06-14"})")), team("until today", with(R"({"end":"2026-06-15"})")), team("from tomorrow", with(R"({"start":"2026-06-16"})")),
            team("since May", with(R"({"start":"2026-05-01","end":"2026-12-31"})")), team("no date", with(R"({"end":"soon"})")), team("not a period", with(R"("2026")")),
            team("the team has ended", me_, R"("status":"active","period":{"end":"2026-01-31"})"), team("inactive", me_, R"("status":"inactive")"), team("proposed", me_, R"("status":"proposed")"),
            team("a mistake", me_, R"("status":"entered-in-error")")};
  EXPECT_EQ(teams(), (Names{"since May", "until today"}));
}
TEST_F(Memberships, WhoLeftIsInNone) {
  teams_ = {team("North", R"({"member":{"reference":"PractitionerRole/r1"}})")};
  roles_ = {R"({"resourceType":"PractitionerRole","id":"r1","active":false,"practitioner":{"reference":"Practitioner/p1"}})"};
  EXPECT_EQ(teams(), Names{});
  roles_ = {R"({"resourceType":"PractitionerRole","id":"r1","period":{"end":"2026-06-01"},"practitioner":{"reference":"Practitioner/p1"}})"};
  EXPECT_EQ(teams(), Names{});
  roles_ = {R"({"resourceType":"PractitionerRole","id":"r1","practitioner":{"reference":"Practitioner/p2"}})"};
  EXPECT_EQ(teams(), Names{}) << "somebody else's role";
  teams_ = {team("North", me_)};
  practitioner_ = R"({"resourceType":"Practitioner","id":"p1","active":false})";
  EXPECT_EQ(teams(), Names{});
  practitioner_.clear();
  EXPECT_EQ(teams(), Names{}) << "no such Practitioner, whatever a team says";
}
TEST_F(Memberships, ATeamAroundOnePersonIsNoTeamOfThePlace) {
  teams_ = {team("North", me_, R"("status":"active","subject":{"reference":"Patient/1"})"), R"({"resourceType":"CareTeam","name":"North","participant":[)" + me_ + "]}",
            R"({"resourceType":"CareTeam","identifier":[{"system":"urn:else","value":"North"},{"system":"urn:joinedup:team","use":"old","value":"North"}],"participant":[)" + me_ + "]}", "not JSON", "[]"};
  EXPECT_EQ(teams(), Names{});
}
TEST_F(Memberships, WhatIsNoIdIsNotAsked) {
  for (const char* id : {"", "p1,p2", "p1&_include=*", "p1/_history", "p 1"}) EXPECT_EQ(teams(id), Names{});
  EXPECT_EQ(asked_, Names{});
}

}  // namespace
}  // namespace joinedup::governance
