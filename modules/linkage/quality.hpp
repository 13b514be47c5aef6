// quality: precision and recall of scored pairs by threshold, where the truth is known. Pairs as they are, without
// transitive closure; recall counts the true pairs that blocking missed.
//
//   auto truth = read_truth("cluster", records);        // a column, or an expression over columns
//   Tally tally(*truth, records, model.link_type);  tally.add(batch);
//   tally.best().f1
// Or from decisions about single pairs, which then are all that is counted:
//   auto labels = read_pair_labels("labels.csv", records);  Tally tally(std::move(*labels));
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "linkage/linker.hpp"

namespace joinedup::linkage {

struct TruthLabels {
  std::vector<std::uint32_t> person;  // by row; 0 where not known
};
Result<TruthLabels> read_truth(const std::string& expression, const Records& records);
Result<std::vector<std::string>> truth_columns(const std::string& expression);

struct PairLabels {
  std::unordered_map<std::uint64_t, bool> same;  // by pair_key
  std::uint64_t unsure = 0, unknown_ids = 0;     // rows of the file that decide nothing, or name a record that is not there
};
std::uint64_t pair_key(std::uint32_t a, std::uint32_t b);
// CSV: id_l, id_r (or unique_id_l, unique_id_r) and, unless every row is a match, clerical_match_score or label.
Result<PairLabels> read_pair_labels(const std::string& path, const Records& records);

struct ThresholdPoint {
  double weight = 0;
  std::uint64_t true_links = 0, false_links = 0;
  double precision = 0, recall = 0, f1 = 0;
};

std::pair<double, double> wilson(double share, double of);  // 95% interval; Wilson 1927

class Tally {
 public:
  Tally(TruthLabels truth, const Records& records, LinkType type);
  explicit Tally(PairLabels labels);
  void add(const PairBatch& batch);
  std::uint64_t true_pairs() const { return true_pairs_; }
  std::uint64_t true_pairs_seen() const { return seen_; }
  std::vector<ThresholdPoint> curve() const;  // rising thresholds, at each weight where something changes
  ThresholdPoint best() const;
  int known(std::uint32_t left, std::uint32_t right) const;           // 1 one person, 0 two, -1 not known
  const TruthLabels& truth() const { return truth_; }                 // empty where labels are counted
  const PairLabels& labels() const { return labels_; }

 private:
  static constexpr double bins_a_bit = 1000, lowest = -200;  // weights to a thousandth, from -200 to 200
  static constexpr std::size_t bins = 400001;
  TruthLabels truth_;
  PairLabels labels_;
  std::uint64_t true_pairs_ = 0, seen_ = 0;
  std::vector<std::uint64_t> right_, wrong_;
};

// Quality among the records that share a value of a column, at the threshold of the clusters. A pair counts in the group of
// either of its records; without truth only the match rate is known.
struct GroupQuality {
  std::string column, value;
  std::uint64_t records = 0, linked = 0;                      // linked: in a cluster with another
  std::uint64_t true_pairs = 0, links = 0, true_links = 0;  // links whose truth is known
};
struct Edge {
  std::uint32_t left = 0, right = 0;
  float weight = 0;
};
// The first row is of all records together (no column). Refuses a column of more than 50 values: that is no grouping.
Result<std::vector<GroupQuality>> quality_by_group(const std::vector<std::string>& columns, const Records& records, LinkType type,
                                                   const std::vector<Edge>& edges, const std::vector<std::uint32_t>& cluster_of, const Tally* tally);
std::string quality_csv(const std::vector<GroupQuality>& groups, const Tally* tally);
std::string quality_json(const std::vector<GroupQuality>& groups, const Tally* tally, double cluster_probability);

}  // namespace joinedup::linkage
