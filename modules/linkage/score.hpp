// score: pairs of rows → gamma of each comparison and match weight. One PairScorer a thread; all give the same answers.
//
//   PairScorer scorer(compiled);
//   scorer.score(left, right);          // equal-length vectors of rows
//   scorer.weight(i), scorer.gamma(c, i)
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "linkage/blocking.hpp"
#include "linkage/compiled.hpp"

namespace joinedup::linkage {

class FlatMap {  // 64-bit keys to small numbers; the caller says what a new key becomes
 public:
  static constexpr std::uint32_t absent = ~std::uint32_t{0};
  std::uint32_t& operator[](std::uint64_t key);  // `absent` where new
  std::size_t size() const { return used_; }

 private:
  void grow();
  std::vector<std::uint64_t> keys_ = std::vector<std::uint64_t>(256, ~std::uint64_t{0});
  std::vector<std::uint32_t> values_ = std::vector<std::uint32_t>(256, absent);
  std::size_t used_ = 0;
};

class FeatureMemory {  // answers already found, as numbers of distinct masks
 public:
  explicit FeatureMemory(const Feature& feature);
  void answer(const std::uint32_t* left, const std::uint32_t* right, std::size_t count, std::uint16_t* out);
  std::uint64_t mask(std::uint16_t pattern) const { return masks_[pattern]; }
  std::uint16_t close(std::uint32_t left, std::uint32_t right);  // of a plain feature: two values, and not the same

 private:
  static constexpr std::uint16_t unknown = 0xFFFF;
  std::uint16_t one(std::uint32_t l, std::uint32_t r);
  std::uint16_t find(std::uint32_t l, std::uint32_t r);
  std::uint16_t remembered(std::uint16_t& slot, std::uint32_t l, std::uint32_t r);
  const Feature& feature_;
  std::uint16_t number(std::uint64_t mask);
  void answer_plain(const std::uint32_t* left, const std::uint32_t* right, std::size_t count, std::uint16_t* out);
  std::vector<std::uint64_t> masks_;
  FlatMap by_mask_;
  std::uint64_t last_mask_ = ~std::uint64_t{0};
  std::uint16_t last_number_ = 0;
  std::uint16_t same_answer_ = unknown, both_null_ = unknown, left_null_ = unknown, right_null_ = unknown, no_answer_ = unknown;
  bool remembers_ = false;
  std::vector<std::uint16_t> same_, null_left_, null_right_, table_;
  struct Slot {
    std::uint64_t key = ~std::uint64_t{0};
    std::uint16_t pattern = unknown;
  };
  std::vector<Slot> slots_;
};

class PairScorer {
 public:
  explicit PairScorer(const CompiledModel& compiled);
  void compare(const std::vector<std::uint32_t>& left, const std::vector<std::uint32_t>& right);  // levels only
  void score(const std::vector<std::uint32_t>& left, const std::vector<std::uint32_t>& right);    // and weights
  bool passes(std::size_t filter, std::uint32_t left, std::uint32_t right);
  double weight(std::size_t i) const { return weights_[i]; }  // NaN where no level of some comparison holds
  int gamma(std::size_t comparison, std::size_t i) const;
  static constexpr std::uint8_t no_level = 0xFF;
  std::uint8_t level(std::size_t comparison, std::size_t i) const { return levels_[comparison][i]; }
  // The most that a comparison of one column adds for two values that differ: its level's weight, with the most that a frequency can add.
  float most(std::size_t comparison, std::uint32_t left_code, std::uint32_t right_code);
  double frequency_weight(std::size_t comparison, std::size_t i) const;  // the term-frequency part; for explanations

 private:
  const CompiledModel& compiled_;
  std::vector<FeatureMemory> memories_;
  std::vector<bool> used_;                          // features that comparisons read
  std::vector<std::vector<std::uint16_t>> patterns_;  // by feature, by pair
  std::vector<std::vector<std::uint8_t>> levels_;     // by comparison, by pair
  std::vector<double> weights_;
  struct Table {
    std::vector<FlatMap> steps;              // combine patterns of several features, exactly
    std::vector<std::uint32_t> next;
    std::vector<std::uint8_t> level;         // by combined pattern
  };
  std::vector<Table> tables_;
  std::vector<std::uint64_t> masks_;
  const std::vector<std::uint32_t>*left_ = nullptr, *right_ = nullptr;
  std::uint8_t level_of(std::size_t comparison, std::size_t i);
  std::uint8_t chosen_level(std::size_t comparison) const;  // by masks_
};

// The filters of a plan, for compile_model; sets each rule's filter index.
std::vector<NodePtr> take_filters(BlockingPlan& plan);

}  // namespace joinedup::linkage
