// The second stage on drawn cases: who is joined, who must not be, and what is left to a clerk.
#include <gtest/gtest.h>

#include <algorithm>

#include "vault/join.hpp"
#include "vault/people_fixture.hpp"

namespace joinedup::vault {
namespace {

struct Stage {
  LinkedIdentities exact;
  Joined joined;
  std::vector<PersonPair> pairs;
  double weight(std::size_t a, std::size_t b) const {  // far below 0 where the two were not worth a score
    const auto [low, high] = std::minmax(exact.person[a], exact.person[b]);
    for (const auto& pair : pairs)
      if (pair.a == low && pair.b == high) return pair.weight;
    return -99;
  }
  bool together(std::size_t a, std::size_t b) const { return joined.linked.person[a] == joined.linked.person[b]; }
  const ReviewPair* asked(std::size_t a, std::size_t b) const {
    for (const auto& pair : joined.review) {
      const auto x = exact.person[pair.record_a], y = exact.person[pair.record_b];
      if ((x == exact.person[a] && y == exact.person[b]) || (x == exact.person[b] && y == exact.person[a])) return &pair;
    }
    return nullptr;
  }
};

Stage run(const Drawn& drawn, std::vector<RecordDecision> decisions = {}, unsigned threads = 2) {
  Stage stage;
  stage.exact = link_deterministic(drawn.records);
  separate_decided(drawn.records, stage.exact, decisions);
  const auto scored = score_left_over({drawn.records, drawn.texts, stage.exact}, {.threads = threads});
  EXPECT_TRUE(scored) << scored.error().text();
  EXPECT_EQ(scored->note, "");
  JoinSettings settings;
  settings.review_capacity = 2000;
  stage.joined = join_people(drawn.records, stage.exact, scored->pairs, decisions, settings);
  stage.pairs = scored->pairs;
  return stage;
}

constexpr std::uint64_t ann = 9434765919, beth = 9434765870, john = 9434765838, junior = 9434765846;

struct Town : Drawn {
  Town() { add_town(3000); }
};

}  // namespace

TEST(People, AMisspeltNameWithoutANumberFindsItsPersonAndSaysHow) {
  Town town;
  const auto home = town.add({ann, "1961-04-17", "F", "ANN", "HARRISON", "ZZ3 3AA", "", 0});
  const auto typed = town.add({0, "1961-04-17", "F", "ANN", "HARISON", "ZZ3 3AA", "H1", 6});
  const auto swapped = town.add({0, "1961-04-17", "F", "HARRISON", "ANN", "ZZ3 3AA", "H2", 7});
  const auto stranger = town.add({0, "1975-09-02", "F", "ANN", "HARISON", "ZZ9 9AA", "H3", 6});
  const auto stage = run(town);
  EXPECT_TRUE(stage.together(home, typed));
  EXPECT_TRUE(stage.together(home, swapped));
  EXPECT_FALSE(stage.together(home, stranger));
  EXPECT_EQ(stage.joined.linked.step[typed], LinkStep::probabilistic);
  EXPECT_EQ(stage.joined.linked.step[home], LinkStep::nhs_number_and_birth_date);
  EXPECT_EQ(link_class(stage.joined.linked.step[typed]), LinkClass::probabilistic);
  EXPECT_GE(stage.joined.expected_precision, 0.9995);
  RecordProperty("weight", std::to_string(stage.weight(home, typed)));
  EXPECT_GT(stage.weight(home, typed), 15);
  EXPECT_LT(stage.weight(home, stranger), 0);
}

TEST(People, TwinsStayTwo) {
  Town town;
  const auto one = town.add({ann, "2001-01-05", "F", "ANN", "HALL", "ZZ4 4AA", "", 0});
  const auto other = town.add({beth, "2001-01-05", "F", "BETH", "HALL", "ZZ4 4AA", "", 0});
  const auto hers = town.add({0, "2001-01-05", "F", "BETH", "HAL", "ZZ4 4AA", "H1", 6});   // Beth, misspelt
  const auto nameless = town.add({0, "2001-01-05", "F", "", "", "ZZ4 4AA", "R1", 2});      // either
  const auto third = town.add({0, "2001-01-05", "F", "ZOE", "HALL", "ZZ4 4AA", "H2", 6});  // neither
  const auto stage = run(town);
  EXPECT_FALSE(stage.together(one, other));
  EXPECT_TRUE(stage.together(other, hers));
  EXPECT_FALSE(stage.together(one, nameless));
  EXPECT_FALSE(stage.together(other, nameless));
  EXPECT_FALSE(stage.together(one, third));
  EXPECT_FALSE(stage.together(other, third));
}

TEST(People, ATwinWhomTheRegisterDoesNotKnowIsLeftToAClerk) {
  Town town;
  const auto one = town.add({ann, "2001-01-05", "F", "ANN", "HALL", "ZZ4 4AA", "", 0});
  const auto twin = town.add({0, "2001-01-05", "F", "ZOE", "HALL", "ZZ4 4AA", "H1", 6});
  const auto stage = run(town);
  EXPECT_FALSE(stage.together(one, twin));
  const auto* asked = stage.asked(one, twin);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->reason, ReviewReason::given_names_differ);
}

TEST(People, FatherAndSonOfOneNameAndAddressStayTwo) {
  Town town;
  const auto father = town.add({john, "1950-03-05", "M", "JOHN", "MARSH", "ZZ5 5AA", "", 0});
  const auto son = town.add({junior, "1980-03-09", "M", "JOHN", "MARSH", "ZZ5 5AA", "", 0});
  const auto typed = town.add({0, "1980-09-03", "M", "JOHN", "MARSH", "ZZ5 5AA", "H1", 6});  // the son's, day and month swapped
  const auto either = town.add({0, "1965-07-20", "M", "JOHN", "MARSH", "ZZ5 5AA", "H2", 6});
  const auto stage = run(town);
  EXPECT_FALSE(stage.together(father, son));
  EXPECT_TRUE(stage.together(son, typed));
  EXPECT_FALSE(stage.together(father, either));
  EXPECT_FALSE(stage.together(son, either));
}

TEST(People, ANumberBorrowedUnderOneRoofDoesNotMakeTwoIntoOne) {
  Town town;
  const auto mother = town.add({ann, "1991-01-05", "F", "ANN", "HALL", "ZZ6 6AA", "", 0});
  const auto daughter = town.add({ann, "2012-08-23", "F", "", "", "ZZ6 6AA", "R1", 2});  // her mother's number, her own birth date; on no register
  const auto stage = run(town);
  EXPECT_FALSE(stage.together(mother, daughter));
  const auto* asked = stage.asked(mother, daughter);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->reason, ReviewReason::birth_dates_differ);
}

TEST(People, ANewbornWithoutANumberIsNotItsMother) {
  Town town;
  const auto mother = town.add({ann, "1991-01-05", "F", "ANN", "HALL", "ZZ6 6AA", "", 0});
  const auto baby = town.add({0, "2024-01-05", "F", "BABY", "HALL", "ZZ6 6AA", "R1", 2});
  const auto stage = run(town);
  EXPECT_FALSE(stage.together(mother, baby));
}

TEST(People, TwoNhsNumbersAreNeverOnePersonByProbability) {
  Town town;
  const auto home = town.add({ann, "1961-04-17", "F", "ANN", "HARRISON", "ZZ3 3AA", "", 0});
  const auto elsewhere = town.add({beth, "1961-04-17", "F", "ANN", "HARISON", "ZZ3 3AA", "", 4});
  const auto stage = run(town);
  EXPECT_FALSE(stage.together(home, elsewhere));
  const auto* asked = stage.asked(home, elsewhere);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->reason, ReviewReason::two_nhs_numbers);
}

TEST(People, AChainOfLikelyLinksDoesNotTieTwoNumbersTogether) {
  // The engine likes both links of the row in the middle; only the surer is made.
  Drawn drawn;
  const auto left = drawn.add({ann, "1961-04-17", "F", "ANN", "HARRISON", "ZZ3 3AA", "", 0});
  const auto right = drawn.add({beth, "1961-04-18", "F", "ANN", "HARRISON", "ZZ3 3AA", "", 0});
  const auto middle = drawn.add({0, "1961-04-19", "F", "ANN", "HARRISON", "ZZ3 4AA", "H1", 6});
  const auto further = drawn.add({0, "1961-04-19", "F", "ANN", "HARISON", "ZZ3 5AA", "H2", 7});
  const auto exact = link_deterministic(drawn.records);
  const auto person = [&](std::size_t i) { return exact.person[i]; };
  const std::vector<PersonPair> pairs = {{person(left), person(middle), 0, 2, 30, Objection::none}, {person(right), person(further), 1, 3, 29, Objection::none}, {person(middle), person(further), 2, 3, 28, Objection::none}};
  const auto joined = join_people(drawn.records, exact, pairs, {}, {});
  EXPECT_EQ(joined.linked.person[left], joined.linked.person[middle]);
  EXPECT_EQ(joined.linked.person[right], joined.linked.person[further]);
  EXPECT_NE(joined.linked.person[left], joined.linked.person[right]);
  EXPECT_EQ(joined.refused_joins, 1u);
  ASSERT_EQ(joined.review.size(), 1u);
  EXPECT_EQ(joined.review[0].reason, ReviewReason::two_nhs_numbers);
}

TEST(People, WhatAClerkDecidedHolds) {
  Town town;
  const auto home = static_cast<std::uint32_t>(town.add({ann, "1961-04-17", "F", "ANN", "HARRISON", "ZZ3 3AA", "", 0}));
  const auto typed = static_cast<std::uint32_t>(town.add({0, "1961-04-17", "F", "ANN", "HARISON", "ZZ3 3AA", "H1", 6}));
  const auto exact_row = static_cast<std::uint32_t>(town.add({ann, "1961-04-17", "F", "", "", "ZZ3 3AA", "R1", 2}));
  const auto far = static_cast<std::uint32_t>(town.add({0, "1975-09-02", "M", "LEE", "OTHER", "ZZ9 9AA", "H3", 6}));
  const auto stage = run(town, {{typed, home, Verdict::different, 1}, {exact_row, home, Verdict::different, 2}, {far, home, Verdict::same, 3}, {far, exact_row, Verdict::same, 4}});
  EXPECT_FALSE(stage.together(home, typed));
  EXPECT_FALSE(stage.together(home, exact_row)) << "a decision outranks an exact step";
  EXPECT_TRUE(stage.together(home, far));
  EXPECT_EQ(stage.joined.linked.step[far], LinkStep::clerical);
  EXPECT_EQ(stage.joined.conflicts, std::vector<std::int64_t>{4}) << "same as one who is decided to be another";
  EXPECT_EQ(stage.asked(home, typed), nullptr) << "decided, not asked again";
}

TEST(People, OneThreadAndTwoJoinTheSame) {
  Town town;
  for (int i = 0; i < 50; ++i) town.add({0, "1961-04-17", "F", "ANN" + std::string(1, static_cast<char>('A' + i % 26)), "HARISON", "ZZ3 3AA", "H" + std::to_string(i), 6});
  const auto one = run(town, {}, 1), two = run(town, {}, 2);
  EXPECT_EQ(one.joined.linked.person, two.joined.linked.person);
  EXPECT_EQ(one.joined.threshold, two.joined.threshold);
}

}  // namespace joinedup::vault
