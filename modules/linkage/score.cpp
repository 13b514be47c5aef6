#include "linkage/score.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/hash.hpp"

namespace joinedup::linkage {
namespace {
constexpr std::size_t largest_table = std::size_t{1} << 17;  // entries of a full left × right table: it must stay in a near cache
constexpr std::size_t remembered_pairs = std::size_t{1} << 19;
}  // namespace

std::uint32_t& FlatMap::operator[](std::uint64_t key) {
  if ((used_ + 1) * 2 > keys_.size()) grow();
  std::size_t slot = mix64(key) & (keys_.size() - 1);
  while (values_[slot] != absent && keys_[slot] != key) slot = (slot + 1) & (keys_.size() - 1);
  if (values_[slot] == absent) keys_[slot] = key, ++used_;
  return values_[slot];
}

void FlatMap::grow() {
  const auto keys = std::move(keys_);
  const auto values = std::move(values_);
  keys_.assign(keys.size() * 4, ~std::uint64_t{0});
  values_.assign(keys_.size(), absent);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values[i] == absent) continue;
    std::size_t slot = mix64(keys[i]) & (keys_.size() - 1);
    while (values_[slot] != absent) slot = (slot + 1) & (keys_.size() - 1);
    keys_[slot] = keys[i], values_[slot] = values[i];
  }
}

// Remembering pays where an answer is dear: for conditions that are interpreted. A string comparison bounded by signatures
// is cheaper than a look-up in a table that lies outside the near caches.
FeatureMemory::FeatureMemory(const Feature& feature) : feature_(feature) {
  const std::size_t left = feature.left->distinct, right = feature.right->distinct;
  bool interpreted = false;
  for (const auto& atom : feature.atoms) interpreted = interpreted || atom.kind == AtomKind::generic;
  if (feature.cheap || feature.plain) return;
  if (left * right <= largest_table) {
    table_.assign(left * right, unknown);
    return;
  }
  if (!interpreted) return;
  remembers_ = true;
  if (feature.same_coding) same_.assign(left, unknown);
  null_left_.assign(right, unknown);
  null_right_.assign(left, unknown);
  slots_.resize(remembered_pairs);
}

std::uint16_t FeatureMemory::number(std::uint64_t mask) {
  if (mask == last_mask_) return last_number_;
  auto& number = by_mask_[mask];
  if (number == FlatMap::absent) {
    number = static_cast<std::uint32_t>(masks_.size());
    masks_.push_back(mask);
    JOINEDUP_INVARIANT(masks_.size() < unknown, "a feature gives more than 65,534 different answers");
  }
  last_mask_ = mask;
  return last_number_ = static_cast<std::uint16_t>(number);
}

std::uint16_t FeatureMemory::find(std::uint32_t l, std::uint32_t r) { return number(feature_.evaluate(l, r)); }

std::uint16_t FeatureMemory::close(std::uint32_t l, std::uint32_t r) { return feature_.one_measure ? number(feature_.evaluate_close(l, r)) : find(l, r); }

std::uint16_t FeatureMemory::remembered(std::uint16_t& slot, std::uint32_t l, std::uint32_t r) {
  if (slot == unknown) slot = find(l, r);
  return slot;
}

std::uint16_t FeatureMemory::one(std::uint32_t l, std::uint32_t r) {
  if (!table_.empty()) return remembered(table_[l * feature_.right->distinct + r], l, r);
  if (!remembers_) return find(l, r);
  if (l == r && !same_.empty()) return remembered(same_[l], l, r);
  if (l == 0) return remembered(null_left_[r], l, r);
  if (r == 0) return remembered(null_right_[l], l, r);
  const std::uint64_t key = static_cast<std::uint64_t>(l) << 32 | r;
  Slot& slot = slots_[mix64(key) & (remembered_pairs - 1)];
  if (slot.key == key) return slot.pattern;
  slot.pattern = find(l, r);
  slot.key = key;
  return slot.pattern;
}

void FeatureMemory::answer_plain(const std::uint32_t* left, const std::uint32_t* right, std::size_t count, std::uint16_t* out) {
  const std::uint32_t* codes = feature_.packed->data() + feature_.packed_at;
  const std::size_t width = feature_.packed_width;
  const auto& measured = feature_.measured;
  const bool bounded = std::all_of(measured.begin(), measured.end(), [](const auto& one) { return !one->left_signatures.empty(); });
  const bool numbers = !feature_.differences.empty();
  const Measured* only = bounded && measured.size() == 1 ? measured[0].get() : nullptr;
  // Rows of a block lie far apart: their codes, then their signatures, are asked for ahead of their turn.
  constexpr std::size_t far = 48, near = 24;
  const Signature* ahead = only ? (only->right_signatures.empty() ? only->left_signatures.data() : only->right_signatures.data()) : nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    if (i + far < count) {
      __builtin_prefetch(codes + right[i + far] * width);
      if (ahead) __builtin_prefetch(ahead + codes[right[i + near] * width]);
    }
    const std::uint32_t l = codes[left[i] * width], r = codes[right[i] * width];
    if (l == r) {
      out[i] = l != 0 && numbers ? find(l, r) : remembered(l == 0 ? both_null_ : same_answer_, l, r);
    } else if (l == 0 || r == 0) {
      out[i] = remembered(l == 0 ? left_null_ : right_null_, l, r);
    } else if (only ? only->dull(l, r) : bounded && std::all_of(measured.begin(), measured.end(), [&](const auto& one) { return one->dull(l, r); })) {
      if (!numbers) {
        out[i] = remembered(no_answer_, l, r);
        continue;
      }
      std::uint64_t mask = 0;  // NULL and equality are settled: no. What is left are the differences.
      for (const auto bit : feature_.differences) {
        const Atom& atom = feature_.atoms[bit];
        const double gap = std::fabs(atom.left->numbers[l] - atom.right->numbers[r]);
        mask |= static_cast<std::uint64_t>(std::isnan(gap) ? 2 : compares(gap, atom.compare, atom.threshold)) << (2 * bit);
      }
      out[i] = number(mask);
    } else {
      out[i] = close(l, r);
    }
  }
}

void FeatureMemory::answer(const std::uint32_t* left, const std::uint32_t* right, std::size_t count, std::uint16_t* out) {
  if (feature_.plain) return answer_plain(left, right, count, out);
  const auto* left_codes = feature_.left->codes ? feature_.left->codes->data() : nullptr;
  const auto* right_codes = feature_.right->codes ? feature_.right->codes->data() : nullptr;
  for (std::size_t i = 0; i < count; ++i) out[i] = one(left_codes ? left_codes[left[i]] : 0, right_codes ? right_codes[right[i]] : 0);
}

PairScorer::PairScorer(const CompiledModel& compiled) : compiled_(compiled) {
  for (const auto& feature : compiled.features) memories_.emplace_back(*feature);
  used_.assign(memories_.size(), false);
  for (const auto& comparison : compiled.comparisons) {
    for (const auto feature : comparison.features) used_[feature] = true;
    Table table;
    table.steps.resize(comparison.features.empty() ? 0 : comparison.features.size() - 1);
    table.next.assign(table.steps.size(), 0);
    tables_.push_back(std::move(table));
  }
  patterns_.resize(memories_.size());
  levels_.resize(compiled.comparisons.size());
  masks_.assign(memories_.size(), 0);
}

int PairScorer::gamma(std::size_t comparison, std::size_t i) const {
  const auto level = levels_[comparison][i];
  return level == no_level ? -2 : compiled_.comparisons[comparison].levels[level].gamma;
}

std::uint8_t PairScorer::level_of(std::size_t c, std::size_t i) {
  const auto& comparison = compiled_.comparisons[c];
  Table& table = tables_[c];
  std::uint32_t state = comparison.features.empty() ? 0 : patterns_[comparison.features[0]][i];
  for (std::size_t step = 0; step < table.steps.size(); ++step) {
    auto& slot = table.steps[step][static_cast<std::uint64_t>(state) << 16 | patterns_[comparison.features[step + 1]][i]];
    if (slot == FlatMap::absent) slot = table.next[step]++;
    state = slot;
  }
  constexpr std::uint8_t not_tried = 0xFE;
  if (state >= table.level.size()) table.level.resize(state + 1, not_tried);
  if (table.level[state] != not_tried) return table.level[state];
  for (const auto feature : comparison.features) masks_[feature] = memories_[feature].mask(patterns_[feature][i]);
  return table.level[state] = chosen_level(c);
}

std::uint8_t PairScorer::chosen_level(std::size_t c) const {
  const auto& levels = compiled_.comparisons[c].levels;
  for (std::size_t level = 0; level < levels.size(); ++level)
    if (truth(levels[level].condition, masks_.data()) == 1) return static_cast<std::uint8_t>(level);
  return no_level;
}

float PairScorer::most(std::size_t c, std::uint32_t left_code, std::uint32_t right_code) {
  const auto& comparison = compiled_.comparisons[c];
  const std::size_t feature = comparison.features[0];
  const std::uint16_t pattern = memories_[feature].close(left_code, right_code);
  constexpr std::uint8_t not_tried = 0xFE;
  auto& known = tables_[c].level;
  if (pattern >= known.size()) known.resize(pattern + std::size_t{1}, not_tried);
  if (known[pattern] == not_tried) {
    masks_[feature] = memories_[feature].mask(pattern);
    known[pattern] = chosen_level(c);
  }
  if (known[pattern] == no_level) return -INFINITY;
  const CompiledLevel& level = comparison.levels[known[pattern]];
  return static_cast<float>(level.weight + level.most_frequency_part);
}

void PairScorer::compare(const std::vector<std::uint32_t>& left, const std::vector<std::uint32_t>& right) {
  left_ = &left;
  right_ = &right;
  const std::size_t count = left.size();
  for (std::size_t feature = 0; feature < memories_.size(); ++feature) {
    if (!used_[feature]) continue;
    patterns_[feature].resize(count);
    memories_[feature].answer(left.data(), right.data(), count, patterns_[feature].data());
  }
  constexpr std::uint8_t not_tried = 0xFE;
  for (std::size_t c = 0; c < levels_.size(); ++c) {
    levels_[c].resize(count);
    std::uint8_t* out = levels_[c].data();
    if (!tables_[c].steps.empty() || compiled_.comparisons[c].features.empty()) {
      for (std::size_t i = 0; i < count; ++i) out[i] = level_of(c, i);
      continue;
    }
    const std::uint16_t* patterns = patterns_[compiled_.comparisons[c].features[0]].data();
    const auto& known = tables_[c].level;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint8_t level = patterns[i] < known.size() ? known[patterns[i]] : not_tried;
      out[i] = level == not_tried ? level_of(c, i) : level;
    }
  }
}

double PairScorer::frequency_weight(std::size_t c, std::size_t i) const {
  const auto chosen = levels_[c][i];
  if (chosen == no_level) return 0;
  const CompiledLevel& level = compiled_.comparisons[c].levels[chosen];
  if (!level.frequency_column) return 0;
  // The codes that were compared are at hand where the frequencies are those of the compared column.
  const auto& comparison = compiled_.comparisons[c];
  const Feature* feature = comparison.features.empty() ? nullptr : compiled_.features[comparison.features[0]].get();
  const bool at_hand = feature && feature->plain && feature->left->columns[0] == level.frequency_column;
  const std::uint32_t* codes = at_hand ? feature->packed->data() + feature->packed_at : level.frequency_column->codes.data();
  const std::size_t width = at_hand ? feature->packed_width : 1;
  // fmax passes over NaN: where one side is NULL the other's frequency counts alone.
  const double frequency = std::fmax((*level.log_frequency)[codes[(*left_)[i] * width]], (*level.log_frequency)[codes[(*right_)[i] * width]]);
  if (std::isnan(frequency)) return 0;
  return level.frequency_weight * (level.log_u - std::fmax(frequency, level.least_log_frequency));
}

void PairScorer::score(const std::vector<std::uint32_t>& left, const std::vector<std::uint32_t>& right) {
  compare(left, right);
  weights_.assign(left.size(), compiled_.prior_weight);
  for (std::size_t c = 0; c < levels_.size(); ++c) {
    const auto& comparison = compiled_.comparisons[c];
    std::array<double, 256> base;
    std::array<bool, 256> adjusted{};
    base.fill(NAN);
    for (std::size_t level = 0; level < comparison.levels.size(); ++level) {
      base[level] = comparison.levels[level].weight;
      adjusted[level] = comparison.levels[level].frequency_column != nullptr;
    }
    const std::uint8_t* levels = levels_[c].data();
    for (std::size_t i = 0; i < left.size(); ++i) {
      weights_[i] += base[levels[i]];
      if (adjusted[levels[i]]) weights_[i] += frequency_weight(c, i);
    }
  }
}

bool PairScorer::passes(std::size_t filter, std::uint32_t left, std::uint32_t right) {
  for (const auto feature : compiled_.filter_features[filter]) {
    std::uint16_t pattern = 0;
    memories_[feature].answer(&left, &right, 1, &pattern);
    masks_[feature] = memories_[feature].mask(pattern);
  }
  return truth(compiled_.filters[filter], masks_.data()) == 1;
}

std::vector<NodePtr> take_filters(BlockingPlan& plan) {
  std::vector<NodePtr> filters;
  for (auto& rule : plan.rules) {
    if (rule.filter_trees.empty()) continue;
    rule.filter = static_cast<std::ptrdiff_t>(filters.size());
    if (rule.filter_trees.size() == 1) {
      filters.push_back(rule.filter_trees[0]);
      continue;
    }
    Node all;
    all.op = Op::all_of;
    all.children = rule.filter_trees;
    filters.push_back(std::make_shared<const Node>(std::move(all)));
  }
  return filters;
}

}  // namespace joinedup::linkage
