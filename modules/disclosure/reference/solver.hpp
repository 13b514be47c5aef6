// What a reader could work out who tries every table that fits what was published: slow, obvious, for tests only.
//
//   const reference::Solver solver(shown, balances);
//   solver.fits(3, 9)      // may cell 3 be 9?
#pragma once
#include <algorithm>
#include <utility>
#include <vector>

#include "disclosure/disclosure.hpp"

namespace joinedup::disclosure::reference {

// Tries values one cell at a time, with all that follows from those tried, until every balance holds: it misses no solution below `most`.
class Solver {
 public:
  // least_hidden: 10 where counts are of people; 1 where a large count may rest on few.
  Solver(const std::vector<Count>& shown, const std::vector<Balance>& balances, std::int64_t least_hidden = smallest_shown) : balances_(balances) {
    for (const auto& count : shown) known_.push_back(before_any_sums(count, least_hidden));
  }
  // Is there a whole table that fits what was published, in which this cell is this value?
  bool fits(std::size_t cell, std::int64_t value) const {
    auto ranges = known_;
    if (value < ranges[cell].low || value > ranges[cell].high) return false;
    ranges[cell] = {value, value};
    return fill(ranges);
  }

 private:
  struct Range {
    std::int64_t low, high;
  };
  static constexpr std::int64_t most = 400;
  static Range before_any_sums(const Count& count, std::int64_t least_hidden) {
    if (count.state == State::few) return {1, 9};
    if (count.state == State::hidden) return {least_hidden, most};
    if (count.value == 0) return {0, 0};
    return {std::max<std::int64_t>(10, count.value - 2), count.value + 2};
  }
  bool follow(std::vector<Range>& ranges) const {
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& one : balances_)
        for (const auto& [side, other] : {std::pair(&one.these, &one.make), std::pair(&one.make, &one.these)}) {
          std::int64_t low = 0, high = 0, other_low = 0, other_high = 0;
          for (const auto cell : *side) low += ranges[cell].low, high += ranges[cell].high;
          for (const auto cell : *other) other_low += ranges[cell].low, other_high += ranges[cell].high;
          for (const auto cell : *side) {
            const Range before = ranges[cell];
            auto& now = ranges[cell];
            now.low = std::max(now.low, other_low - (high - before.high));
            now.high = std::min(now.high, other_high - (low - before.low));
            if (now.low > now.high) return false;
            low += now.low - before.low, high += now.high - before.high;
            changed = changed || now.low != before.low || now.high != before.high;
          }
        }
    }
    return true;
  }
  bool fill(std::vector<Range> ranges) const {
    if (!follow(ranges)) return false;
    std::size_t narrowest = ranges.size();
    for (std::size_t cell = 0; cell < ranges.size(); ++cell)
      if (ranges[cell].low < ranges[cell].high && (narrowest == ranges.size() || ranges[cell].high - ranges[cell].low < ranges[narrowest].high - ranges[narrowest].low)) narrowest = cell;
    if (narrowest == ranges.size()) return true;
    for (auto value = ranges[narrowest].low; value <= ranges[narrowest].high; ++value) {
      auto tried = ranges;
      tried[narrowest] = {value, value};
      if (fill(std::move(tried))) return true;
    }
    return false;
  }
  const std::vector<Balance>& balances_;
  std::vector<Range> known_;
};

}  // namespace joinedup::disclosure::reference
