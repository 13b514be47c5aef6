#include "linkage/finder.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/parallel.hpp"
#include "linkage/bounds.hpp"

namespace joinedup::linkage {
namespace {

constexpr std::size_t lanes = 8;
constexpr std::size_t block_rows = 2048;        // fetched at a time: what a core's own cache holds
constexpr std::uint32_t nobody = ~std::uint32_t{0};  // a key that no row has
constexpr std::size_t most_steps = 16;
constexpr float slack = 0.01f;                  // bounds are summed in single precision: give way by a hundredth of a bit
using Codes = std::uint32_t __attribute__((vector_size(4 * lanes)));
using Bits = std::int32_t __attribute__((vector_size(4 * lanes)));
using Weights = float __attribute__((vector_size(4 * lanes)));

struct AgainstColumn {
  const std::uint32_t* codes;
  std::uint32_t left;
  float equal, missing, different;
};
struct AgainstKey {
  const std::uint32_t* keys;
  std::uint32_t left;
};

#if defined(__x86_64__)
#define JOINEDUP_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define JOINEDUP_WIDE
#endif

// One left row against `count` right rows (read in whole lanes: the columns are padded).
JOINEDUP_WIDE void bound_lanes(const AgainstColumn* columns, std::size_t column_count, const AgainstKey* keys, std::size_t key_count, float start,
                               std::size_t from, std::size_t count, float* upper, std::uint32_t* made) {
  for (std::size_t at = 0; at < count; at += lanes) {
    Weights sum = Weights{} + start;
    for (std::size_t c = 0; c < column_count; ++c) {
      const AgainstColumn& column = columns[c];
      Codes code;
      std::memcpy(&code, column.codes + from + at, sizeof code);
      const Weights missing = Weights{} + column.missing, different = Weights{} + column.different, equal = Weights{} + column.equal;
      const Weights unequal = code == 0 ? missing : different;
      sum += code == column.left ? equal : unequal;
    }
    Bits same{};
    for (std::size_t k = 0; k < key_count; ++k) {
      Codes key;
      std::memcpy(&key, keys[k].keys + from + at, sizeof key);
      same |= key == keys[k].left;
    }
    std::memcpy(upper + at, &sum, sizeof sum);
    std::memcpy(made + at, &same, sizeof same);
  }
}

}  // namespace

Finder::Finder(const BlockingPlan& plan, const CompiledModel& compiled, double least_weight, unsigned threads) : plan_(plan), compiled_(compiled) {
  const std::size_t rows = plan.records->size();
  least_ = static_cast<float>(least_weight) - slack;
  double start = compiled.prior_weight;
  bounded_ = std::isfinite(least_weight) && std::isfinite(start);
  for (const auto& comparison : compiled.comparisons) {
    if (!bounded_) break;
    if (!can_bound(compiled, comparison)) {
      start += most(compiled, comparison);
      continue;
    }
    ColumnBound bound;
    bound.feature = compiled.features[comparison.features[0]].get();
    bound.comparison = static_cast<std::size_t>(&comparison - compiled.comparisons.data());
    bound.at = bounds_.size();
    const auto at_most = [&](Known known) { return static_cast<float>(most(compiled, comparison, known)); };
    bound.both_null = at_most({.values = Known::both_null});
    bound.left_null = at_most({.values = Known::left_null});
    bound.right_null = at_most({.values = Known::right_null});
    bound.different = at_most({.values = Known::different});
    bound.dull = at_most({.values = Known::different, .dull = true});
    const DataColumn* column = bound.feature->left->columns[0];
    const bool by_code = std::any_of(comparison.levels.begin(), comparison.levels.end(), [&](const auto& level) { return level.frequency_column == column; });
    if (by_code) {
      bound.equal_by_code.resize(bound.feature->left->distinct, bound.both_null);
      for (std::uint32_t code = 1; code < bound.equal_by_code.size(); ++code) bound.equal_by_code[code] = at_most({.values = Known::equal, .code = code});
    } else if (bound.feature->left->distinct > 1) {
      bound.equal = at_most({.values = Known::equal, .code = 1});
    }
    bounds_.push_back(std::move(bound));
  }
  start_ = static_cast<float>(start);
  // What signatures settle most surely comes first; among equals the smaller dictionary, whose signatures are near at hand.
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    const auto& measured = bounds_[i].feature->measured;
    const bool signed_ = !measured.empty() && std::all_of(measured.begin(), measured.end(), [](const auto& one) { return !one->left_signatures.empty(); });
    if (signed_ && bounds_[i].dull < bounds_[i].different) order_.push_back(i);
  }
  const auto rank = [&](std::size_t i) { return std::pair(std::ceil(bounds_[i].dull - bounds_[i].different), bounds_[i].feature->left->distinct); };
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  if (order_.size() > most_steps) order_.resize(most_steps);
  for (const auto which : order_) signatures_.emplace_back(bounds_[which].at, bounds_[which].feature->measured[0]->left_signatures.data());

  std::vector<const std::vector<std::uint32_t>*> columns;
  for (const auto& bound : bounds_) columns.push_back(bound.feature->left->codes);
  for (std::size_t r = 0; r + 1 < plan.rules.size(); ++r) {  // the last rule is nobody's earlier one
    left_key_at_.push_back(columns.size());
    columns.push_back(&plan.rules[r].left_key);
    right_key_at_.push_back(plan.rules[r].symmetric ? left_key_at_.back() : columns.size());
    if (!plan.rules[r].symmetric) columns.push_back(&plan.rules[r].right_key);
  }
  fetched_ = columns.size();
  width_ = fetched_;
  for (auto& bound : bounds_)
    if (!bound.equal_by_code.empty()) bound.equal_at = width_++;
  packed_.resize(rows * width_);
  constexpr std::size_t chunk = 4096;
  (void)parallel_for((rows + chunk - 1) / chunk, threads, [&](std::size_t part) -> Result<void> {
    const std::size_t end = std::min(rows, (part + 1) * chunk);
    for (std::size_t at = 0; at < fetched_; ++at) {
      const auto* from = columns[at]->data();
      for (std::size_t row = part * chunk; row < end; ++row) packed_[row * width_ + at] = from[row];
    }
    for (const auto& bound : bounds_)
      for (std::size_t row = part * chunk; bound.equal_at && row < end; ++row)
        packed_[row * width_ + bound.equal_at] = std::bit_cast<std::uint32_t>(bound.equal_by_code[packed_[row * width_ + bound.at]]);
    return {};
  });
}

// The rows' codes and keys, a column after the other.
void Finder::fetch(const std::uint32_t* rows, std::size_t count, Scratch& scratch) const {
  constexpr std::size_t ahead = 16, stride = block_rows + lanes;
  for (std::size_t i = 0; fetched_ > 0 && i < count; ++i) {
    if (i + ahead < count) __builtin_prefetch(packed_.data() + rows[i + ahead] * width_), __builtin_prefetch(packed_.data() + rows[i + ahead] * width_ + width_ - 1);
    const std::uint32_t* from = packed_.data() + rows[i] * width_;
    for (std::size_t at = 0; at < fetched_; ++at) scratch.block[at * stride + i] = from[at];
    for (const auto& [at, signatures] : signatures_) __builtin_prefetch(signatures + from[at]);
  }
}

void Finder::against(const Task& task, std::uint32_t left, std::size_t from, std::size_t to, PairScorer& scorer, const Only& only, Scratch& scratch) const {
  constexpr std::size_t stride = block_rows + lanes;
  const JoinRule& rule = plan_.rules[task.rule];
  const std::uint32_t* codes = packed_.data() + left * width_;
  AgainstColumn columns[64];
  AgainstKey keys[64];
  std::size_t column_count = 0, key_count = 0;
  float start = start_;
  for (const auto& bound : bounds_) {
    const std::uint32_t code = codes[bound.at];
    const float equal = code == 0 ? bound.both_null : bound.equal_at ? std::bit_cast<float>(codes[bound.equal_at]) : bound.equal;
    if (column_count == 64) start += std::max({equal, bound.both_null, bound.left_null, bound.right_null, bound.different});
    else columns[column_count++] = {scratch.block.data() + bound.at * stride, code, equal, bound.right_null, code == 0 ? bound.left_null : bound.different};
  }
  bool asks = rule.filter >= 0 || only;
  for (std::size_t r = 0; r < task.rule; ++r) {
    const std::uint32_t key = codes[left_key_at_[r]];
    if (key == 0) continue;
    if (plan_.rules[r].filter >= 0 || key_count == 64) asks = true;
    else keys[key_count++] = {scratch.block.data() + right_key_at_[r] * stride, key};
  }
  const std::size_t count = to - from;
  bound_lanes(columns, column_count, keys, key_count, start, from, count, scratch.lanes_upper.data(), scratch.lanes_made.data());
  const bool checks_order = !rule.symmetric || plan_.link_type == LinkType::link_only;
  const float* upper = scratch.lanes_upper.data();
  const std::uint32_t* made = scratch.lanes_made.data();
  const std::uint32_t* rows = scratch.lanes_row.data() + from;
  if (!asks && !checks_order) {
    std::uint64_t known = 0;
    for (std::size_t i = 0; i < count; ++i) known += made[i] & 1;
    scratch.seen += count - known;
  }
  // Signatures of the texts, one comparison after the other until the pair is settled; codes are at hand, and a block's
  // signatures soon are, since each row meets many others.
  struct Step {
    const ColumnBound* bound;
    const std::uint32_t* codes;
    const Measured* only;
    std::uint32_t left;
    float less;
  } steps[most_steps];
  std::size_t step_count = 0;
  for (const auto which : order_) {
    const ColumnBound& bound = bounds_[which];
    const auto& measured = bound.feature->measured;
    if (const std::uint32_t code = codes[bound.at]; code != 0)
      steps[step_count++] = {&bound, scratch.block.data() + bound.at * stride + from, measured.size() == 1 ? measured[0].get() : nullptr, code, bound.dull - bound.different};
  }
  const auto settled = [&](std::size_t i) {
    float most = upper[i];
    std::uint32_t open = 0;  // steps that signatures do not answer
    for (std::size_t s = 0; s < step_count && most >= least_; ++s) {
      const Step& step = steps[s];
      const std::uint32_t l = step.left, r = step.codes[i];
      if (r == 0 || r == l) continue;
      const auto& measured = step.bound->feature->measured;
      if (step.only ? step.only->dull(l, r) : std::all_of(measured.begin(), measured.end(), [&](const auto& one) { return one->dull(l, r); })) most += step.less;
      else open |= 1u << s;
    }
    for (; open != 0 && most >= least_; open &= open - 1) {
      const Step& step = steps[std::countr_zero(open)];
      most += scorer.most(step.bound->comparison, step.left, step.codes[i]) - step.bound->different;
    }
    return most < least_;
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (made[i]) continue;
    if (asks || checks_order) {
      const std::uint32_t right = rows[i];
      if (checks_order && !plan_.wanted(left, right)) continue;
      bool passed = true;
      for (std::size_t r = 0; asks && passed && r < task.rule; ++r) {
        const std::uint32_t key = codes[left_key_at_[r]];
        if (key == 0 || packed_[right * width_ + right_key_at_[r]] != key) continue;
        passed = plan_.rules[r].filter >= 0 && !scorer.passes(static_cast<std::size_t>(plan_.rules[r].filter), left, right);
      }
      if (!passed || (only && !only(left, right))) continue;
      if (rule.filter >= 0 && !scorer.passes(static_cast<std::size_t>(rule.filter), left, right)) continue;
      ++scratch.seen;
    }
    if (bounded_ && settled(i)) continue;
    scratch.left.push_back(left);
    scratch.right.push_back(rows[i]);
  }
}

void Finder::find(const Task& task, PairScorer& scorer, const Only& only, Scratch& scratch) const {
  constexpr std::size_t stride = block_rows + lanes;
  scratch.left.clear();
  scratch.right.clear();
  scratch.seen = 0;
  if (scratch.lanes_row.empty() || scratch.block.size() != fetched_ * stride) {
    scratch.block.assign(fetched_ * stride, 0);
    scratch.lanes_upper.assign(stride, 0);
    scratch.lanes_made.assign(stride, 0);
    scratch.lanes_row.assign(stride, 0);
  }
  const JoinRule& rule = plan_.rules[task.rule];
  const bool triangular = rule.symmetric && plan_.link_type != LinkType::link_only;
  for (std::uint32_t key = task.first_key; key <= task.end_key; ++key) {
    const std::uint32_t first = key == task.first_key ? task.first_row : rule.left_start[key];
    const std::uint32_t last = key == task.end_key ? task.end_row : rule.left_start[key + 1];
    const std::uint32_t end = rule.right_start[key + 1];
    for (std::uint32_t begin = triangular ? first + 1 : rule.right_start[key]; begin < end && first < last; begin += block_rows) {
      const std::uint32_t count = std::min<std::uint32_t>(end - begin, block_rows);
      fetch(rule.right_rows.data() + begin, count, scratch);
      std::copy_n(rule.right_rows.data() + begin, count, scratch.lanes_row.data());
      for (std::uint32_t at = first; at < last; ++at) {
        const std::uint32_t from = triangular && at + 1 > begin ? at + 1 - begin : 0;
        if (from >= count) break;
        against(task, rule.left_rows[at], from, count, scorer, only, scratch);
      }
    }
  }
}

}  // namespace joinedup::linkage
