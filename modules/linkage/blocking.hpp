// blocking: which pairs are looked at. A rule is a hash join on encoded keys, with a filter for what is not an equality.
// No pair appears twice: a pair belongs to the first rule that makes it (its match_key).
//
//   auto plan = plan_blocking(model.blocking_rules, model, records, threads);   // refuses a rule that makes too many pairs
//   each of plan.tasks is then given to a Finder (finder.hpp)                       // about task_pairs candidates at a time
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "linkage/model.hpp"
#include "linkage/records.hpp"
#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {

struct JoinRule {
  std::size_t match_key = 0;              // its number among the model's rules; an OR makes several joins of one rule
  std::string text;
  std::vector<std::pair<NodePtr, NodePtr>> key_trees;   // what must be equal: an expression over the left record, one over the right
  std::vector<std::uint32_t> left_key, right_key;  // by row; 0: takes no part
  bool symmetric = true;
  std::vector<std::uint32_t> left_start, right_start;      // by key: where its rows begin; one more at the end
  std::vector<std::uint32_t> left_rows, right_rows;        // ascending within a key
  std::vector<NodePtr> filter_trees;      // what must also hold (l.x, r.x): compiled by the caller
  std::ptrdiff_t filter = -1;             // index of the compiled filter; -1: none
  double pairs = 0;                       // before filters and before other rules' pairs are taken out
};

struct Task {
  std::uint32_t rule = 0;
  std::uint32_t first_key = 0, first_row = 0;  // row: position in left_rows
  std::uint32_t end_key = 0, end_row = 0;
};

struct BlockingPlan {
  LinkType link_type = LinkType::dedupe_only;
  const Records* records = nullptr;
  std::vector<JoinRule> rules;
  std::vector<Task> tasks;
  double pairs = 0;
  bool wanted(std::uint32_t left, std::uint32_t right) const {  // the order and sources that the link type asks for
    if (left >= right) return false;
    return link_type != LinkType::link_only || records->source[left] != records->source[right];
  }
};

Result<BlockingPlan> plan_blocking(const std::vector<BlockingRule>& rules, const Model& model, const Records& records, unsigned threads);

}  // namespace joinedup::linkage
