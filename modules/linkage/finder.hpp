// finder: a task's candidates, with those left out that cannot reach the least weight wanted. The pairs that stay are exactly
// those whose weight may reach it: a bound is never below the weight, so nothing that would be kept is lost.
//
// A block's rows are fetched once, side by side; all its pairs are then looked at in the nearest cache, eight at a time:
// equal codes give a comparison's weight at once (term frequency and all), unequal ones at most `different`. What is left
// is bounded again by signatures of the texts, one comparison after the other, and then by the comparisons themselves, until
// the pair is settled. Only what may still reach the least weight is scored.
//
//   Finder finder(plan, compiled, least_weight, threads);  // one a sweep; shared by threads
//   Finder::Scratch scratch;                               // one a thread
//   finder.find(task, scorer, only, scratch);              // scratch.left, scratch.right, scratch.seen
#pragma once
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "linkage/blocking.hpp"
#include "linkage/compiled.hpp"
#include "linkage/score.hpp"

namespace joinedup::linkage {

// What a comparison of one column adds at most, by what is known without reading any text.
struct ColumnBound {
  std::size_t comparison = 0;
  const Feature* feature = nullptr;
  std::size_t at = 0;                 // where the column's code is in a packed row
  float equal = 0;                    // both sides hold the same value
  std::vector<float> equal_by_code;   // where that depends on the value: by code
  std::size_t equal_at = 0;           // then its place in a packed row; 0 where it does not depend
  float both_null = 0, left_null = 0, right_null = 0;
  float different = 0;                // both sides hold a value, and not the same
  float dull = 0;                     // and no string comparison can reach what is asked
};

class Finder {
 public:
  using Only = std::function<bool(std::uint32_t, std::uint32_t)>;
  struct Scratch {
    std::vector<std::uint32_t> left, right;  // the pairs that stay
    std::uint64_t seen = 0;                  // pairs of the task that no earlier rule makes, whether they stay or not
    std::vector<std::uint32_t> block, lanes_made, lanes_row;
    std::vector<float> lanes_upper;
  };
  Finder(const BlockingPlan& plan, const CompiledModel& compiled, double least_weight, unsigned threads);
  void find(const Task& task, PairScorer& scorer, const Only& only, Scratch& scratch) const;

 private:
  void fetch(const std::uint32_t* rows, std::size_t count, Scratch& scratch) const;
  void against(const Task& task, std::uint32_t left, std::size_t from, std::size_t to, PairScorer& scorer, const Only& only, Scratch& scratch) const;
  const BlockingPlan& plan_;
  const CompiledModel& compiled_;
  bool bounded_ = false;
  float least_ = 0, start_ = 0;
  std::vector<ColumnBound> bounds_;
  std::vector<std::size_t> order_;        // of bounds_, for the look at signatures: the likeliest to settle a pair first
  std::vector<std::pair<std::size_t, const Signature*>> signatures_;  // in that order: the place of the code, and where signatures begin
  std::vector<std::size_t> left_key_at_, right_key_at_;  // by rule: where its keys are in a packed row
  std::size_t width_ = 0, fetched_ = 0;
  std::vector<std::uint32_t> packed_;     // row after row: codes of the bounded columns, keys of the rules (so far fetched), then weights
};

}  // namespace joinedup::linkage
