// Keys that outlive refreshes: a group of records keeps the oldest key its records held, and nobody gets another's key.
//
//   KeyedGroups keyed = give_keys(person_of_record, people, previous_keys, verified, next_key);
//   keyed.key[p]      // of group p; keyed.merges, keyed.splits: what happened to keys that were held before
#pragma once
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace joinedup::vault {

struct KeyedGroups {
  std::vector<std::int64_t> key;                                      // by group
  std::vector<std::pair<std::int64_t, std::int64_t>> merges, splits;  // from key, to key
  std::uint64_t fresh = 0;                                            // groups with a key never given before
};

// previous: by record, 0 where it had no key. Where one key's records are now in several groups, the group with most
// verified records keeps it, then the group with most records. next_key grows by the keys that are given.
KeyedGroups give_keys(std::span<const std::uint32_t> group_of, std::uint32_t groups, std::span<const std::int64_t> previous,
                      std::span<const std::uint8_t> verified, std::int64_t& next_key);

}  // namespace joinedup::vault
