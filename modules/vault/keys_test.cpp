#include "vault/keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.hpp"

namespace joinedup::vault {

// Records come, go, return, and change company at random; a key never passes to people none of whom held it.
TEST(Keys, NobodyEverGetsAnothersKey) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CounterRandom draw(seed, 1, 1);
    std::map<std::uint32_t, std::int64_t> remembered;  // record → key it was last given, also while it is away
    std::set<std::int64_t> ever;
    std::int64_t next = 1;
    for (int refresh = 0; refresh < 12; ++refresh) {
      std::vector<std::uint32_t> present, group_of;
      std::vector<std::uint8_t> verified;
      std::vector<std::int64_t> previous;
      const auto groups = static_cast<std::uint32_t>(draw.between(1, 15));
      std::map<std::uint32_t, std::uint32_t> number;
      for (std::uint32_t record = 0; record < 40; ++record) {
        if (draw.chance(.2)) continue;
        present.push_back(record);
        const auto group = draw.chance(.8) ? record / 3 % groups : static_cast<std::uint32_t>(draw.below(groups));
        group_of.push_back(number.emplace(group, static_cast<std::uint32_t>(number.size())).first->second);
        verified.push_back(draw.chance(.5));
        previous.push_back(remembered.contains(record) ? remembered[record] : 0);
      }
      const auto first_fresh = next;
      const auto keyed = give_keys(group_of, static_cast<std::uint32_t>(number.size()), previous, verified, next);
      std::set<std::int64_t> in_use;
      for (std::uint32_t g = 0; g < keyed.key.size(); ++g) {
        const auto key = keyed.key[g];
        ASSERT_TRUE(in_use.insert(key).second) << "one key, one person";
        if (key >= first_fresh) {
          ASSERT_FALSE(ever.contains(key));
          continue;
        }
        bool held = false;
        for (std::size_t i = 0; i < present.size(); ++i) held = held || (group_of[i] == g && previous[i] == key);
        ASSERT_TRUE(held) << "seed " << seed << " refresh " << refresh << ": a key given to people none of whom held it";
      }
      for (const auto& [from, to] : keyed.merges) {
        ASSERT_FALSE(in_use.contains(from)) << "a merged key is nobody's";
        ASSERT_TRUE(in_use.contains(to));
      }
      for (const auto& [from, to] : keyed.splits) {
        ASSERT_NE(from, to);
        ASSERT_TRUE(in_use.contains(to));
      }
      // Every record whose key changed is explained by an event.
      for (std::size_t i = 0; i < present.size(); ++i) {
        const auto now = keyed.key[group_of[i]];
        if (previous[i] && previous[i] != now) {
          const auto is = [&](const auto& event) { return event.first == previous[i] && event.second == now; };
          ASSERT_TRUE(std::any_of(keyed.merges.begin(), keyed.merges.end(), is) || std::any_of(keyed.splits.begin(), keyed.splits.end(), is));
        }
        remembered[present[i]] = now;
      }
      ever.insert(keyed.key.begin(), keyed.key.end());
      ASSERT_EQ(keyed.fresh, static_cast<std::uint64_t>(next - first_fresh));
    }
  }
}

TEST(Keys, OnASplitTheKeyStaysWithTheVerifiedPart) {
  std::int64_t next = 8;
  // Two verified records of one person, three that were put beside them by probability and now stand apart.
  const auto keyed = give_keys(std::vector<std::uint32_t>{0, 0, 1, 1, 1}, 2, std::vector<std::int64_t>{7, 7, 7, 7, 7}, std::vector<std::uint8_t>{1, 1, 0, 0, 0}, next);
  EXPECT_EQ(keyed.key, (std::vector<std::int64_t>{7, 8}));
  EXPECT_EQ(keyed.splits, (std::vector<std::pair<std::int64_t, std::int64_t>>{{7, 8}}));
}

TEST(Keys, WhenTwoTurnOutToBeOneTheOlderKeyLivesOn) {
  std::int64_t next = 9;
  const auto keyed = give_keys(std::vector<std::uint32_t>{0, 0, 0}, 1, std::vector<std::int64_t>{8, 3, 8}, std::vector<std::uint8_t>{1, 1, 1}, next);
  EXPECT_EQ(keyed.key, std::vector<std::int64_t>{3});
  EXPECT_EQ(keyed.merges, (std::vector<std::pair<std::int64_t, std::int64_t>>{{8, 3}}));
  EXPECT_EQ(next, 9);
}

}  // namespace joinedup::vault
