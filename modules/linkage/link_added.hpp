// link_added: new records against an earlier run's index. Only pairs with a new record are looked at, and of the old records
// only those that such a pair needs are touched. The model and its term frequencies stay those of the earlier run, so that
// old pairs keep their weights and the clusters are those of a full run with the same model and frequencies.
#pragma once
#include <cstdint>

#include "linkage/link_index.hpp"
#include "linkage/linkage.hpp"

namespace joinedup::linkage {

std::uint64_t known_records(const LinkIndex& index, const Records& records);  // how many of them an earlier run had
// Writes pairs (the new ones), clusters (of all records), model.json and the index of all into job.out.
Result<LinkSummary> link_added(const LinkFiles& job, const LinkIndex& index, const Records& fresh, const std::string& spec_hash);

// New rows against an index: pairs that may reach the least weight, by rule.
struct AddedPair {
  std::uint32_t added = 0, base = 0;  // a row of the added records, a row of the index
};
struct AddedPairs {
  std::vector<std::vector<AddedPair>> by_rule;
  std::uint64_t seen = 0;
};
Result<AddedPairs> find_added(const LinkIndex& index, const BlockingPlan& plan, const CompiledModel& compiled, const std::vector<std::uint8_t>& fresh, double least_weight,
                              unsigned threads);

}  // namespace joinedup::linkage
