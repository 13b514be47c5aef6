#include "linkage/blocking.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "linkage/compiled.hpp"
#include "linkage/explode.hpp"

namespace joinedup::linkage {
namespace {

constexpr double task_pairs = 16384;  // what a batch needs then stays in a core's own cache

struct KeyPair {
  NodePtr left, right;  // expressions over one record each
};

struct Join {
  std::size_t match_key = 0;
  std::string text;
  std::vector<KeyPair> keys;
  std::vector<NodePtr> filters;
};

// Which side an expression reads: 1 left, 2 right, 3 both, 0 neither.
int sides(const NodePtr& node) {
  const auto columns = columns_of(node);
  return (columns.left.empty() ? 0 : 1) | (columns.right.empty() ? 0 : 2);
}

std::vector<Join> joins_of(const NodePtr& rule, std::size_t match_key, const std::string& text) {
  std::vector<Join> joins;
  for (const auto& branch : top_level_parts(rule, Op::any_of)) {
    Join join{match_key, text, {}, {}};
    for (const auto& part : top_level_parts(branch, Op::all_of)) {
      if (sides(part) == 0 && to_truth(evaluate(*part, Scope{})).is_true()) continue;  // 1 = 1
      const bool equality = part->op == Op::compare && part->compare == Compare::equal;
      const int a = equality ? sides(part->children[0]) : 0, b = equality ? sides(part->children[1]) : 0;
      if (a == 1 && b == 2) join.keys.push_back({part->children[0], part->children[1]});
      else if (a == 2 && b == 1) join.keys.push_back({part->children[1], part->children[0]});
      else join.filters.push_back(part);
    }
    joins.push_back(std::move(join));
  }
  return joins;
}

// One equality's ids by row, on both sides.
Result<bool> ids_of(const KeyPair& key, const Records& records, std::vector<std::uint32_t>& left, std::vector<std::uint32_t>& right, bool& symmetric) {
  symmetric = canonical(*key.left) == canonical(*key.right);
  if (symmetric && key.left->op == Op::column) {
    left = records.find(key.left->name)->codes;
    return true;
  }
  const auto coding_left = make_coding(records, columns_of(key.left).left);
  JOINEDUP_TRY(const auto derived_left, derive(*coding_left, key.left, 1));
  const auto spread = [&](const Coding& coding, const Derived& derived, std::vector<std::uint32_t>& out) {
    out.resize(records.size());
    for (std::uint32_t row = 0; row < out.size(); ++row) out[row] = derived.ids[coding.code(row)];
  };
  if (symmetric) {
    if (!give_ids(*derived_left, *derived_left)) return false;
    spread(*coding_left, *derived_left, left);
    return true;
  }
  const auto coding_right = make_coding(records, columns_of(key.right).right);
  JOINEDUP_TRY(const auto derived_right, derive(*coding_right, key.right, 1));
  if (!give_ids(*derived_left, *derived_right)) return false;
  spread(*coding_left, *derived_left, left);
  spread(*coding_right, *derived_right, right);
  return true;
}

// Pairs of ids become dense ids of their own; 0 where either is 0.
class PairIds {
 public:
  std::uint32_t operator()(std::uint32_t a, std::uint32_t b) {
    if (a == 0 || b == 0) return 0;
    const std::uint64_t key = static_cast<std::uint64_t>(a) << 32 | b;
    if ((used_ + 1) * 2 > keys_.size()) grow();
    std::size_t slot = mix64(key) & (keys_.size() - 1);
    while (keys_[slot] != 0 && keys_[slot] != key) slot = (slot + 1) & (keys_.size() - 1);
    if (keys_[slot] == 0) keys_[slot] = key, ids_[slot] = ++used_;
    return ids_[slot];
  }

 private:
  void grow() {
    const auto keys = std::move(keys_);
    const auto ids = std::move(ids_);
    keys_.assign(keys.size() * 4, 0);
    ids_.assign(keys_.size(), 0);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == 0) continue;
      std::size_t slot = mix64(keys[i]) & (keys_.size() - 1);
      while (keys_[slot] != 0) slot = (slot + 1) & (keys_.size() - 1);
      keys_[slot] = keys[i], ids_[slot] = ids[i];
    }
  }
  std::vector<std::uint64_t> keys_ = std::vector<std::uint64_t>(1 << 16, 0);
  std::vector<std::uint32_t> ids_ = std::vector<std::uint32_t>(1 << 16, 0);
  std::uint32_t used_ = 0;
};

Result<void> make_keys(const Join& join, const Records& records, JoinRule& rule) {
  if (join.keys.empty()) {  // every record with every other
    rule.left_key.assign(records.size(), 1);
    return {};
  }
  bool first = true;
  for (const auto& key : join.keys) {
    std::vector<std::uint32_t> left, right;
    bool symmetric = true;
    JOINEDUP_TRY(const bool comparable, ids_of(key, records, left, right, symmetric));
    if (!comparable) return fail(ErrorCode::invalid_input, "The two sides of an equality hold values of different kinds; cast one of them.", "blocking rule " + rule.text);
    if (!symmetric && rule.symmetric && !first) rule.right_key = rule.left_key;
    if (symmetric && !rule.symmetric) right = left;
    rule.symmetric = rule.symmetric && symmetric;
    if (first) {
      rule.left_key = std::move(left);
      rule.right_key = std::move(right);
      first = false;
      continue;
    }
    PairIds combine;
    for (std::size_t row = 0; row < records.size(); ++row) {
      rule.left_key[row] = combine(rule.left_key[row], left[row]);
      if (!rule.symmetric) rule.right_key[row] = combine(rule.right_key[row], right[row]);
    }
  }
  return {};
}

void group(const std::vector<std::uint32_t>& keys, const std::vector<std::uint8_t>* take, std::uint32_t most, std::vector<std::uint32_t>& start, std::vector<std::uint32_t>& rows) {
  start.assign(most + 2, 0);
  std::uint32_t total = 0;
  const auto taken = [&](std::size_t row) { return keys[row] != 0 && (!take || (*take)[row]); };
  for (std::size_t row = 0; row < keys.size(); ++row)
    if (taken(row)) ++start[keys[row]], ++total;
  std::uint32_t at = 0;
  for (auto& slot : start) {
    const std::uint32_t count = slot;
    slot = at;
    at += count;
  }
  rows.resize(total);
  auto next = start;
  for (std::uint32_t row = 0; row < keys.size(); ++row)
    if (taken(row)) rows[next[keys[row]]++] = row;
}

struct Cut {
  std::vector<Task> tasks;
  double pairs = 0, largest = 0;  // of one key
};

// A rule cut into tasks of about the same number of candidates, between left rows. None where there are too many.
Cut cut(const JoinRule& rule, std::uint32_t number, LinkType link_type, double most_pairs) {
  Cut out;
  const bool triangular = rule.symmetric && link_type != LinkType::link_only;
  const auto keys = static_cast<std::uint32_t>(rule.left_start.size() - 1);
  for (std::uint32_t key = 0; key < keys; ++key) {
    const double left = rule.left_start[key + 1] - rule.left_start[key], right = rule.right_start[key + 1] - rule.right_start[key];
    const double count = triangular ? left * (left - 1) / 2 : left * right;
    out.pairs += count;
    out.largest = std::max(out.largest, count);
  }
  if (out.pairs > most_pairs) return out;
  Task task{number, 0, rule.left_start.empty() ? 0 : rule.left_start[0], 0, 0};
  double in_task = 0;
  bool open = false;
  for (std::uint32_t key = 0; key < keys; ++key) {
    const std::uint32_t right = rule.right_start[key + 1] - rule.right_start[key];
    if (right < (triangular ? 2u : 1u)) continue;
    for (std::uint32_t at = rule.left_start[key]; at < rule.left_start[key + 1]; ++at) {
      const double here = triangular ? rule.left_start[key + 1] - at - 1 : right;
      if (here == 0) continue;
      if (!open) task.first_key = key, task.first_row = at, open = true;
      in_task += here;
      task.end_key = key;
      task.end_row = at + 1;
      if (in_task < task_pairs) continue;
      out.tasks.push_back(task);
      in_task = 0;
      open = false;
    }
  }
  if (open) out.tasks.push_back(task);
  return out;
}

}  // namespace

Result<BlockingPlan> plan_blocking(const std::vector<BlockingRule>& rules, const Model& model, const Records& records, unsigned threads) {
  BlockingPlan plan;
  plan.link_type = model.link_type;
  plan.records = &records;
  std::vector<Join> joins;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    JOINEDUP_TRY(const auto tree, parse_condition(rules[i].sql, Names::prefixed));
    JOINEDUP_TRY(const auto branches, explode(tree, rules[i].explode, records));
    for (const auto& branch : branches)
      for (auto& join : joins_of(branch, i, rules[i].sql)) joins.push_back(std::move(join));
  }
  plan.rules.resize(joins.size());
  // With exactly two sources the left row comes from the first and the right from the second.
  const bool two_sources = model.link_type == LinkType::link_only && !records.source.empty() && records.source.back() <= 1;
  std::vector<std::uint8_t> in_first, in_second;
  if (two_sources)
    for (const auto source : records.source) in_first.push_back(source == 0), in_second.push_back(source == 1);
  JOINEDUP_CHECK(parallel_for(joins.size(), threads, [&](std::size_t i) -> Result<void> {
    JoinRule& rule = plan.rules[i];
    rule.match_key = joins[i].match_key;
    rule.text = joins[i].text;
    rule.filter_trees = joins[i].filters;
    for (const auto& key : joins[i].keys) rule.key_trees.emplace_back(key.left, key.right);
    JOINEDUP_CHECK(make_keys(joins[i], records, rule));
    std::uint32_t most = 0;
    for (const auto key : rule.left_key) most = std::max(most, key);
    for (const auto key : rule.right_key) most = std::max(most, key);
    group(rule.left_key, two_sources ? &in_first : nullptr, most, rule.left_start, rule.left_rows);
    if (rule.symmetric && !two_sources) rule.right_start = rule.left_start, rule.right_rows = rule.left_rows;
    else group(rule.symmetric ? rule.left_key : rule.right_key, two_sources ? &in_second : nullptr, most, rule.right_start, rule.right_rows);
    return {};
  }));
  std::vector<Cut> cuts(plan.rules.size());
  JOINEDUP_CHECK(parallel_for(cuts.size(), threads, [&](std::size_t r) -> Result<void> {
    cuts[r] = cut(plan.rules[r], static_cast<std::uint32_t>(r), model.link_type, model.most_pairs_a_rule);
    return {};
  }));
  for (std::size_t r = 0; r < cuts.size(); ++r) {
    JoinRule& rule = plan.rules[r];
    rule.pairs = cuts[r].pairs;
    if (rule.pairs > model.most_pairs_a_rule)
      return fail(ErrorCode::too_large,
                  "This rule alone would make " + with_commas(static_cast<std::int64_t>(rule.pairs)) + " pairs, " + with_commas(static_cast<std::int64_t>(cuts[r].largest)) +
                      " of them from one value, over the limit of " + with_commas(static_cast<std::int64_t>(model.most_pairs_a_rule)) +
                      ". Add a second column to the rule, make the common value NULL, or raise --max-pairs.",
                  "blocking rule " + std::to_string(rule.match_key + 1) + ": " + rule.text);
    plan.pairs += rule.pairs;
    plan.tasks.insert(plan.tasks.end(), cuts[r].tasks.begin(), cuts[r].tasks.end());
  }
  return plan;
}

}  // namespace joinedup::linkage
