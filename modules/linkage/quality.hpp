// quality: precision and recall of scored pairs by threshold, where the truth is known. Pairs as they are, without
// transitive closure; recall counts the true pairs that blocking missed.
//
//   auto truth = read_truth("cluster", records);        // a column, or an expression over columns
//   Tally tally(*truth, records, model.link_type);  tally.add(batch);
//   tally.best().f1
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "linkage/linker.hpp"

namespace joinedup::linkage {

struct TruthLabels {
  std::vector<std::uint32_t> person;  // by row; 0 where not known
};
Result<TruthLabels> read_truth(const std::string& expression, const Records& records);
Result<std::vector<std::string>> truth_columns(const std::string& expression);

struct ThresholdPoint {
  double weight = 0;
  std::uint64_t true_links = 0, false_links = 0;
  double precision = 0, recall = 0, f1 = 0;
};

class Tally {
 public:
  Tally(TruthLabels truth, const Records& records, LinkType type);
  void add(const PairBatch& batch);
  std::uint64_t true_pairs() const { return true_pairs_; }
  std::uint64_t true_pairs_seen() const { return seen_; }
  std::vector<ThresholdPoint> curve() const;  // rising thresholds, at each weight where something changes
  ThresholdPoint best() const;
  std::pair<double, double> interval(double share, double of) const;  // Wilson, 95%

 private:
  static constexpr double bins_a_bit = 1000, lowest = -200;  // weights to a thousandth, from -200 to 200
  static constexpr std::size_t bins = 400001;
  TruthLabels truth_;
  std::uint64_t true_pairs_ = 0, seen_ = 0;
  std::vector<std::uint64_t> right_, wrong_;
};

}  // namespace joinedup::linkage
