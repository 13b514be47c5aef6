#include "linkage/finder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/parallel.hpp"
#include "linkage/bounds.hpp"

namespace joinedup::linkage {
namespace {

constexpr std::size_t lanes = 8;
constexpr std::size_t block_rows = 2048;        // fetched at a time: what a core's own cache holds
constexpr std::uint32_t nobody = ~std::uint32_t{0};  // a key that no row has
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
    bound.at = bounds_.size();
    const auto at_most = [&](Known known) { return static_cast<float>(most(compiled, comparison, known)); };
    bound.both_null = at_most({.values = Known::both_null});
    bound.left_null = at_most({.values = Known::left_null});
    bound.right_null = at_most({.values = Known::right_null});
    bound.different = at_most({.values = Known::different});
    bound.dull = at_most({.values = Known::different, .dull = true});
    bound.equal.resize(bound.feature->left->distinct);
    const DataColumn* column = bound.feature->left->columns[0];
    const bool by_code = std::any_of(comparison.levels.begin(), comparison.levels.end(), [&](const auto& level) { return level.frequency_column == column; });
    std::fill(bound.equal.begin(), bound.equal.end(), by_code || bound.equal.size() < 2 ? 0 : at_most({.values = Known::equal, .code = 1}));
    for (std::uint32_t code = 1; by_code && code < bound.equal.size(); ++code) bound.equal[code] = at_most({.values = Known::equal, .code = code});
    bound.equal[0] = bound.both_null;
    bounds_.push_back(std::move(bound));
  }
  start_ = static_cast<float>(start);
  // Columns with few distinct values first: their signatures are near at hand, and most pairs are settled by one or two.
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    const auto& measured = bounds_[i].feature->measured;
    const bool signed_ = !measured.empty() && std::all_of(measured.begin(), measured.end(), [](const auto& one) { return !one->left_signatures.empty(); });
    if (signed_ && bounds_[i].dull < bounds_[i].different) order_.push_back(i);
  }
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) { return bounds_[a].equal.size() < bounds_[b].equal.size(); });

  std::vector<const std::vector<std::uint32_t>*> columns;
  for (const auto& bound : bounds_) columns.push_back(bound.feature->left->codes);
  for (std::size_t r = 0; r + 1 < plan.rules.size(); ++r) {  // the last rule is nobody's earlier one
    left_key_at_.push_back(columns.size());
    columns.push_back(&plan.rules[r].left_key);
    right_key_at_.push_back(plan.rules[r].symmetric ? left_key_at_.back() : columns.size());
    if (!plan.rules[r].symmetric) columns.push_back(&plan.rules[r].right_key);
  }
  width_ = columns.size();
  packed_.resize(rows * width_);
  constexpr std::size_t chunk = 4096;
  (void)parallel_for((rows + chunk - 1) / chunk, threads, [&](std::size_t part) -> Result<void> {
    const std::size_t end = std::min(rows, (part + 1) * chunk);
    for (std::size_t at = 0; at < width_; ++at) {
      const auto* from = columns[at]->data();
      for (std::size_t row = part * chunk; row < end; ++row) packed_[row * width_ + at] = from[row];
    }
    return {};
  });
}

// The rows' codes and keys, a column after the other.
void Finder::fetch(const std::uint32_t* rows, std::size_t count, Scratch& scratch) const {
  constexpr std::size_t ahead = 16, stride = block_rows + lanes;
  for (std::size_t i = 0; width_ > 0 && i < count; ++i) {
    if (i + ahead < count) __builtin_prefetch(packed_.data() + rows[i + ahead] * width_), __builtin_prefetch(packed_.data() + rows[i + ahead] * width_ + width_ - 1);
    const std::uint32_t* from = packed_.data() + rows[i] * width_;
    for (std::size_t at = 0; at < width_; ++at) scratch.block[at * stride + i] = from[at];
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
    if (column_count == 64) start += std::max({bound.equal[code], bound.both_null, bound.left_null, bound.right_null, bound.different});
    else columns[column_count++] = {scratch.block.data() + bound.at * stride, code, bound.equal[code], bound.right_null, code == 0 ? bound.left_null : bound.different};
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
  // The likeliest comparison's signatures are looked at here, where the codes are at hand: most pairs end with it.
  const ColumnBound* first = bounded_ && !order_.empty() ? &bounds_[order_[0]] : nullptr;
  const Measured* measured = first && first->feature->measured.size() == 1 ? first->feature->measured[0].get() : nullptr;
  const std::uint32_t left_code = measured ? codes[first->at] : 0;
  const std::uint32_t* right_codes = measured ? scratch.block.data() + first->at * stride + from : nullptr;
  const float less = measured ? first->dull - first->different : 0;
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
    if (bounded_ && upper[i] < least_) continue;
    if (left_code != 0 && upper[i] + less < least_) {
      const std::uint32_t right_code = right_codes[i];
      if (right_code != 0 && right_code != left_code && measured->dull(left_code, right_code)) continue;
    }
    scratch.left.push_back(left);
    scratch.right.push_back(rows[i]);
    scratch.upper.push_back(upper[i]);
  }
}

// The second look: signatures of the texts, one comparison after the other, until the pair is settled.
void Finder::settle(Scratch& scratch) const {
  for (const auto which : order_) {
    const ColumnBound& bound = bounds_[which];
    const auto& measured = bound.feature->measured;
    const Measured* only = measured.size() == 1 ? measured[0].get() : nullptr;
    const float less = bound.dull - bound.different;
    const std::uint32_t* codes = packed_.data() + bound.at;
    const std::size_t count = scratch.left.size();
    const Signature* ahead = measured[0]->right_signatures.empty() ? measured[0]->left_signatures.data() : measured[0]->right_signatures.data();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i + 8 < count) __builtin_prefetch(ahead + codes[scratch.right[i + 8] * width_]);
      const std::uint32_t left = scratch.left[i], right = scratch.right[i], l = codes[left * width_], r = codes[right * width_];
      float upper = scratch.upper[i];
      if (l != r && l != 0 && r != 0 && (only ? only->dull(l, r) : std::all_of(measured.begin(), measured.end(), [&](const auto& one) { return one->dull(l, r); }))) {
        upper += less;
        if (upper < least_) continue;
      }
      scratch.left[kept] = left;
      scratch.right[kept] = right;
      scratch.upper[kept++] = upper;
    }
    scratch.left.resize(kept);
    scratch.right.resize(kept);
    scratch.upper.resize(kept);
  }
}

void Finder::find(const Task& task, PairScorer& scorer, const Only& only, Scratch& scratch) const {
  constexpr std::size_t stride = block_rows + lanes;
  scratch.left.clear();
  scratch.right.clear();
  scratch.upper.clear();
  scratch.seen = 0;
  if (scratch.lanes_row.empty() || scratch.block.size() != width_ * stride) {
    scratch.block.assign(width_ * stride, 0);
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
  if (bounded_) settle(scratch);
}

}  // namespace joinedup::linkage
