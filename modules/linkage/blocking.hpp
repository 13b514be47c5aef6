// blocking: which pairs are looked at. A rule is a hash join on encoded keys, with a filter for what is not an equality.
// No pair appears twice: a pair belongs to the first rule that makes it (its match_key).
//
//   auto plan = plan_blocking(model.blocking_rules, model, records, threads);   // refuses a rule that makes too many pairs
//   for each plan.tasks: plan.pairs(task, …)                                    // at most about task_pairs at a time
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "linkage/model.hpp"
#include "linkage/records.hpp"
#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {

struct JoinRule {
  std::size_t match_key = 0;              // its number among the model's rules; an OR makes several joins of one rule
  std::string text;
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
  // Candidates of a task, a run for one left row at a time: see(left row, first right row, end).
  template <class See>
  void runs(const Task& task, See see) const;
  bool wanted(std::uint32_t left, std::uint32_t right) const {  // the order and sources that the link type asks for
    if (left >= right) return false;
    return link_type != LinkType::link_only || records->source[left] != records->source[right];
  }
};

Result<BlockingPlan> plan_blocking(const std::vector<BlockingRule>& rules, const Model& model, const Records& records, unsigned threads);

template <class See>
void BlockingPlan::runs(const Task& task, See see) const {
  const JoinRule& rule = rules[task.rule];
  const bool two = link_type == LinkType::link_only;
  for (std::uint32_t key = task.first_key; key <= task.end_key; ++key) {
    const std::uint32_t from = key == task.first_key ? task.first_row : rule.left_start[key];
    const std::uint32_t to = key == task.end_key ? task.end_row : rule.left_start[key + 1];
    const std::uint32_t* right_end = rule.right_rows.data() + rule.right_start[key + 1];
    for (std::uint32_t at = from; at < to; ++at) {
      const std::uint32_t left = rule.left_rows[at];
      const std::uint32_t* right = rule.right_rows.data() + rule.right_start[key];
      // Rows ascend: in a symmetric rule those after this one are the candidates.
      if (rule.symmetric && !two) right = rule.right_rows.data() + at + 1;
      if (right < right_end) see(left, right, right_end);
    }
  }
}

}  // namespace joinedup::linkage
