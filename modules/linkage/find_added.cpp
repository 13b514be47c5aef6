// New records against the rows of an index, by the same bounds as finder.cpp, a pair at a time.
#include <algorithm>
#include <cmath>

#include "base/parallel.hpp"
#include "linkage/bounds.hpp"
#include "linkage/link_added.hpp"

namespace joinedup::linkage {
namespace {

constexpr float slack = 0.01f;
constexpr std::size_t rows_a_part = 256;

struct Bound {
  std::size_t column = 0;                 // of the index
  const std::uint32_t* codes = nullptr;   // of the added records
  std::vector<std::uint32_t> base_code;   // by the added records' code: the index's; nobody's where it is new
  std::vector<float> equal;
  float both_null = 0, one_null = 0, different = 0, dull = 0;
  const Measured* measured = nullptr;     // where signatures may settle it
  std::span<const Signature> signatures;
};

class Searcher {
 public:
  Searcher(const LinkIndex& index, const BlockingPlan& plan, const CompiledModel& compiled, double least_weight)
      : index_(index), plan_(plan), records_(*plan.records), least_(static_cast<float>(least_weight) - slack) {
    for (const auto& rule : plan.rules) filters_ = filters_ || rule.filter >= 0, crossed_ = crossed_ || !rule.symmetric;
    bounded_ = std::isfinite(least_weight) && std::isfinite(compiled.prior_weight) && !filters_;
    double start = compiled.prior_weight;
    for (const auto& comparison : compiled.comparisons) {
      for (const auto& level : comparison.levels) bounded_ = bounded_ && level.frequency_weight >= 0;
      if (!bounded_) return;
      if (can_bound(compiled, comparison)) bounds_.push_back(bound(compiled, comparison));
      else start += most(compiled, comparison);
    }
    start_ = static_cast<float>(start);
    // What signatures settle comes first, the smallest dictionaries before others.
    std::stable_sort(bounds_.begin(), bounds_.end(), [](const Bound& a, const Bound& b) { return a.measured && (!b.measured || a.signatures.size() < b.signatures.size()); });
  }

  Result<void> keys() {  // the index's number of each added row's key, by rule
    for (std::size_t r = 0; r < plan_.rules.size(); ++r)
      for (const Side side : {Side::left, Side::right}) {
        auto& out = side == Side::left ? left_keys_ : right_keys_;
        if (side == Side::right && plan_.rules[r].symmetric) {
          out.push_back(left_keys_.back());
          continue;
        }
        JOINEDUP_TRY(const auto hashes, key_hashes(plan_.rules[r], records_, side));
        out.emplace_back(hashes.size(), 0);
        for (std::size_t row = 0; row < hashes.size(); ++row)
          if (hashes[row] != 0) out.back()[row] = index_.rules[r].key(hashes[row]);
      }
    return {};
  }

  struct Open {
    std::uint32_t row = 0;
    float upper = 0;
  };

  void search(std::uint32_t x, std::vector<Open>& open, AddedPairs& out) const {
    for (std::size_t r = 0; r < plan_.rules.size(); ++r) {
      const auto& rule = index_.rules[r];
      const bool either = one_list(rule);
      if (const auto key = left_keys_[r][x]) run(x, r, under(rule.right_start, rule.right_rows, key), either ? 0 : 1, open, out);
      if (either) continue;
      if (const auto key = right_keys_[r][x]) run(x, r, under(rule.left_start, rule.left_rows, key), -1, open, out);
    }
  }

  // The index lies far away: what some records will need is asked for together, a stage at a time.
  void ask(std::uint32_t x, int stage) const {
    for (std::size_t r = 0; r < plan_.rules.size(); ++r) {
      const auto key = left_keys_[r][x];
      if (key == 0) continue;
      const auto& rule = index_.rules[r];
      if (stage == 0) {
        __builtin_prefetch(rule.right_start.data() + key);
        continue;
      }
      const auto rows = under(rule.right_start, rule.right_rows, key);
      if (stage == 1) __builtin_prefetch(rows.data());
      else
        for (std::size_t i = 0; i < std::min(rows.size(), rows_ahead); ++i) fetch(rows[i]);
    }
  }

 private:
  static constexpr std::size_t rows_ahead = 12;
  static std::span<const std::uint32_t> under(std::span<const std::uint32_t> start, std::span<const std::uint32_t> rows, std::uint32_t key) {
    return rows.subspan(start[key], start[key + 1] - start[key]);
  }
  static bool one_list(const LinkIndex::Rule& rule) { return rule.symmetric && rule.left_rows.data() == rule.right_rows.data(); }  // it serves both ways
  Bound bound(const CompiledModel& compiled, const CompiledComparison& comparison) const {
    const Feature& feature = *compiled.features[comparison.features[0]];
    const DataColumn& column = *feature.left->columns[0];
    Bound made;
    while (index_.columns[made.column].name != column.name) ++made.column;
    made.codes = column.codes.data();
    const auto at_most = [&](Known known) { return static_cast<float>(most(compiled, comparison, known)); };
    made.both_null = at_most({.values = Known::both_null});
    made.one_null = std::max(at_most({.values = Known::left_null}), at_most({.values = Known::right_null}));
    made.different = at_most({.values = Known::different});
    made.dull = at_most({.values = Known::different, .dull = true});
    for (std::uint32_t code = 0; code < column.values().size(); ++code) {
      const std::uint32_t known = code == 0 ? 0 : index_.columns[made.column].code(column.values()[code]);
      made.base_code.push_back(code != 0 && known == 0 ? ~std::uint32_t{0} : known);
      made.equal.push_back(code == 0 ? made.both_null : at_most({.values = Known::equal, .code = code}));
    }
    made.signatures = index_.columns[made.column].signatures;
    if (feature.measured.size() == 1 && !feature.measured[0]->left_signatures.empty() && !made.signatures.empty() && made.dull < made.different) made.measured = feature.measured[0].get();
    return made;
  }

  bool before(std::uint32_t x, std::uint32_t y) const {  // is the added row the left one?
    const std::uint16_t a = records_.source[x], b = index_.source[y];
    return a != b ? a < b : index_.before(records_.ids[x], index_.ids[y]);
  }

  // order: 1, x must be the left one; -1, the right one; 0, either
  void run(std::uint32_t x, std::size_t r, std::span<const std::uint32_t> rows, int order, std::vector<Open>& open, AddedPairs& out) const {
    open.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i + rows_ahead < rows.size()) fetch(rows[i + rows_ahead]);
      const std::uint32_t y = rows[i];
      if (plan_.link_type == LinkType::link_only && records_.source[x] == index_.source[y]) continue;
      const bool left = (order != 0 || crossed_) && before(x, y);
      if (order != 0 && left != (order > 0)) continue;
      const std::uint32_t* packed = index_.packed.data() + std::size_t{y} * index_.width;
      bool made = false;
      for (std::size_t e = 0; e < r && !made; ++e) {
        if (plan_.rules[e].filter >= 0) continue;  // whether it makes the pair is asked when the pair's values are there
        const auto& earlier = index_.rules[e];
        const std::uint32_t mine = earlier.symmetric || left ? left_keys_[e][x] : right_keys_[e][x];
        made = mine != 0 && packed[earlier.symmetric || !left ? earlier.left_key_at : earlier.right_key_at] == mine;
      }
      if (made) continue;
      ++out.seen;
      const float upper = bounded_ ? by_codes(x, packed) : 0;
      if (bounded_ && upper < least_) continue;
      open.push_back({y, upper});
      for (const auto& bound : bounds_) {
        if (!bound.measured) break;
        __builtin_prefetch(bound.signatures.data() + packed[bound.column]);
      }
    }
    for (const auto& pair : open)
      if (!bounded_ || may_reach(x, pair)) out.by_rule[r].push_back({x, pair.row});
  }

  float by_codes(std::uint32_t x, const std::uint32_t* packed) const {
    float upper = start_;
    for (const auto& bound : bounds_) {
      const std::uint32_t l = bound.base_code[bound.codes[x]], r = packed[bound.column];
      upper += l == r ? bound.equal[bound.codes[x]] : l == 0 || r == 0 ? bound.one_null : bound.different;
    }
    return upper;
  }

  bool may_reach(std::uint32_t x, const Open& pair) const {
    const std::uint32_t* packed = index_.packed.data() + std::size_t{pair.row} * index_.width;
    float upper = pair.upper;
    for (const auto& bound : bounds_) {
      if (!bound.measured) break;
      const std::uint32_t code = bound.codes[x], l = bound.base_code[code], r = packed[bound.column];
      if (l == r || l == 0 || r == 0 || !bound.measured->dull(bound.measured->left_signatures[code], bound.signatures[r])) continue;
      upper += bound.dull - bound.different;
      if (upper < least_) return false;
    }
    return true;
  }

  void fetch(std::uint32_t y) const {
    const std::uint32_t* packed = index_.packed.data() + std::size_t{y} * index_.width;
    __builtin_prefetch(packed);
    __builtin_prefetch(packed + index_.width - 1);
  }

  const LinkIndex& index_;
  const BlockingPlan& plan_;
  const Records& records_;
  float least_ = 0, start_ = 0;
  bool bounded_ = false, filters_ = false, crossed_ = false;
  std::vector<Bound> bounds_;
  std::vector<std::vector<std::uint32_t>> left_keys_, right_keys_;
};

}  // namespace

Result<AddedPairs> find_added(const LinkIndex& index, const BlockingPlan& plan, const CompiledModel& compiled, const std::vector<std::uint8_t>& fresh, double least_weight,
                              unsigned threads) {
  Searcher searcher(index, plan, compiled, least_weight);
  JOINEDUP_CHECK(searcher.keys());
  const std::size_t parts = (fresh.size() + rows_a_part - 1) / rows_a_part;
  std::vector<AddedPairs> found(parts);
  JOINEDUP_CHECK(parallel_for(parts, threads, [&](std::size_t part) -> Result<void> {
    found[part].by_rule.resize(plan.rules.size());
    std::vector<Searcher::Open> open;
    constexpr std::size_t lot = 8;
    const std::size_t end = std::min(fresh.size(), (part + 1) * rows_a_part);
    for (std::size_t begin = part * rows_a_part; begin < end; begin += lot) {
      const std::size_t last = std::min(end, begin + lot);
      for (const int stage : {0, 1, 2})
        for (std::size_t x = begin; x < last; ++x)
          if (fresh[x]) searcher.ask(static_cast<std::uint32_t>(x), stage);
      for (std::size_t x = begin; x < last; ++x)
        if (fresh[x]) searcher.search(static_cast<std::uint32_t>(x), open, found[part]);
    }
    return {};
  }));
  AddedPairs all;
  all.by_rule.resize(plan.rules.size());
  for (const auto& part : found) {
    all.seen += part.seen;
    for (std::size_t r = 0; r < all.by_rule.size(); ++r) all.by_rule[r].insert(all.by_rule[r].end(), part.by_rule[r].begin(), part.by_rule[r].end());
  }
  return all;
}

}  // namespace joinedup::linkage
