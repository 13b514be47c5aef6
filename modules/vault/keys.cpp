#include "vault/keys.hpp"

#include <algorithm>
#include <tuple>

namespace joinedup::vault {

KeyedGroups give_keys(std::span<const std::uint32_t> group_of, std::uint32_t groups, std::span<const std::int64_t> previous,
                      std::span<const std::uint8_t> verified, std::int64_t& next_key) {
  struct Held {
    std::int64_t key;
    std::uint32_t group;
    std::uint8_t verified;
  };
  KeyedGroups out;
  std::vector<Held> held;
  for (std::size_t i = 0; i < group_of.size(); ++i)
    if (previous[i]) held.push_back({previous[i], group_of[i], verified[i]});
  std::sort(held.begin(), held.end(), [](const Held& x, const Held& y) { return std::tuple(x.key, x.group) < std::tuple(y.key, y.group); });
  out.key.assign(groups, 0);
  std::vector<std::pair<std::uint32_t, std::int64_t>> losers;  // group, the key it lost
  for (std::size_t at = 0; at < held.size();) {
    const auto key = held[at].key;
    std::uint32_t winner = 0;
    std::pair<std::size_t, std::size_t> best{0, 0};
    std::vector<std::uint32_t> claimants;
    while (at < held.size() && held[at].key == key) {
      const auto claimant = held[at].group;
      std::pair<std::size_t, std::size_t> claim{0, 0};
      for (; at < held.size() && held[at].key == key && held[at].group == claimant; ++at) claim.first += held[at].verified, ++claim.second;
      claimants.push_back(claimant);
      if (claim > best) best = claim, winner = claimant;
    }
    for (const auto claimant : claimants)
      if (claimant != winner) losers.emplace_back(claimant, key);
    if (out.key[winner] == 0) out.key[winner] = key;
    else out.merges.emplace_back(key, out.key[winner]);
  }
  for (auto& key : out.key)
    if (key == 0) {
      key = next_key++;
      ++out.fresh;
    }
  for (const auto& [loser, key] : losers) out.splits.emplace_back(key, out.key[loser]);
  return out;
}

}  // namespace joinedup::vault
