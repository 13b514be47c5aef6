// The finder drops pairs only where their weight is below what is wanted: with and without bounds the same pairs stay.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>

#include "base/random.hpp"
#include "linkage/linkage.hpp"

namespace joinedup::linkage {
namespace {

std::string misspelt(std::string text, CounterRandom& draw) {
  if (text.size() < 3 || draw.below(5) != 0) return text;
  const auto at = draw.below(text.size() - 1);
  if (draw.below(2)) std::swap(text[at], text[at + 1]);
  else text[at] = static_cast<char>('a' + draw.below(26));
  return text;
}

struct People {
  std::vector<std::string> values;
  MemoryRecords rows;
};
void make_people(std::uint64_t seed, std::size_t count, People& out) {
  const std::array<const char*, 10> first{"ann", "anne", "robert", "bob", "mohammed", "mohamed", "zoe", "catherine", "katherine", "j"};
  const std::array<const char*, 9> last{"smith", "smyth", "jones", "zuckerberg", "o'brien", "obrien", "khan", "al-farsi", "lee"};
  CounterRandom draw(seed, 1, 1);
  for (std::size_t row = 0; row < count; ++row) {
    const auto missing = [&] { return draw.below(12) == 0; };
    out.values.push_back(missing() ? "" : misspelt(first[draw.below(10)], draw));
    out.values.push_back(missing() ? "" : misspelt(last[draw.below(9)], draw));
    out.values.push_back(missing() ? "" : "19" + std::to_string(50 + draw.below(30)) + "-0" + std::to_string(1 + draw.below(9)) + "-1" + std::to_string(draw.below(10)));
    out.values.push_back(missing() ? "" : "ab1 " + std::to_string(draw.below(9)) + "cd");
  }
  out.rows.columns = {"first_name", "surname", "dob", "postcode"};
  out.rows.values.assign(out.values.begin(), out.values.end());
}

// Rules that overlap, one that is not symmetric, one with a filter, one with an OR.
const char* const rules = R"rules(blocking = [["surname"], ["dob"], "l.first_name = r.surname", "l.postcode = r.postcode and levenshtein(l.first_name, r.first_name) < 3", "l.first_name = r.first_name or substr(l.surname, 1, 2) = substr(r.surname, 1, 2)"]
)rules";
const char* const comparisons = R"(
[[comparison]]
column = "first_name"
kind = "name"
term_frequency = true
[[comparison]]
column = "surname"
kind = "name"
term_frequency = true
[[comparison]]
column = "dob"
kind = "date"
[[comparison]]
column = "postcode"
kind = "postcode"
[[comparison]]
name = "crossed"
levels = [{ when = "first_name_l IS NULL", null = true }, { when = "first_name_l = surname_r AND surname_l = first_name_r" }, { when = "ELSE" }]
)";

}  // namespace

TEST(FinderTest, ABoundNeverLosesAPair) {
  for (const char* type : {"dedupe_only", "link_only", "link_and_dedupe"}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      People people;
      make_people(seed, 700, people);
      if (std::string(type) != "dedupe_only")
        for (std::size_t row = 0; row < 700; ++row) people.rows.sources.push_back(static_cast<std::uint16_t>(row % (seed + 1)));
      const std::string spec = std::string("link_type = \"") + type + "\"\n" + rules + comparisons;
      const auto all = link_records(people.rows, {.spec = spec, .train = Train::never, .least_weight = -INFINITY});
      ASSERT_TRUE(all) << all.error().text();
      std::map<std::pair<std::uint32_t, std::uint32_t>, const ScoredPair*> by_rows;
      for (const auto& pair : all->pairs) EXPECT_TRUE(by_rows.emplace(std::pair{pair.left, pair.right}, &pair).second) << "a pair is scored twice";
      EXPECT_EQ(by_rows.size(), all->pairs_scored);
      for (const double least : {-20.0, -8.0, 0.0, 4.0, 12.0}) {
        std::size_t expected = 0;
        for (const auto& pair : all->pairs) expected += pair.match_weight >= least;
        for (const unsigned threads : {1u, 2u}) {
          const auto some = link_records(people.rows, {.spec = spec, .train = Train::never, .least_weight = least, .threads = threads});
          ASSERT_TRUE(some);
          EXPECT_EQ(some->pairs_scored, all->pairs_scored) << "all candidates count as looked at";
          EXPECT_EQ(some->pairs.size(), expected) << type << ", least weight " << least;
          for (const auto& pair : some->pairs) {
            const auto found = by_rows.find({pair.left, pair.right});
            ASSERT_NE(found, by_rows.end());
            EXPECT_EQ(pair.match_weight, found->second->match_weight);
            EXPECT_EQ(pair.gammas, found->second->gammas);
            EXPECT_EQ(pair.match_key, found->second->match_key);
          }
        }
        EXPECT_TRUE(least > 0 || expected > 0);
      }
    }
  }
}

TEST(FinderTest, ABlockLargerThanWhatIsFetchedAtATimeIsWhole) {
  People people;
  make_people(9, 5000, people);
  for (std::size_t row = 0; row < 5000; ++row) people.rows.values[row * 4 + 3] = "ab1 1cd";
  const std::string spec = std::string("link_type = \"dedupe_only\"\nblocking = [[\"postcode\"], [\"surname\"]]\n") + comparisons;
  const auto linked = link_records(people.rows, {.spec = spec, .train = Train::never, .least_weight = 6});
  ASSERT_TRUE(linked) << linked.error().text();
  EXPECT_EQ(linked->pairs_scored, 5000u * 4999u / 2);
  const auto one = link_records(people.rows, {.spec = spec, .train = Train::never, .least_weight = 6, .threads = 1});
  ASSERT_EQ(one->pairs.size(), linked->pairs.size());
  for (std::size_t i = 0; i < one->pairs.size(); ++i) EXPECT_TRUE(one->pairs[i].left == linked->pairs[i].left && one->pairs[i].right == linked->pairs[i].right);
}

}  // namespace joinedup::linkage
