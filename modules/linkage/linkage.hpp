// linkage: Fellegi–Sunter record linkage, and its privacy-preserving form, as files-only commands and as a library.
//
//   std::vector<std::string> arguments{"--spec", "model.json", "--input", "people.csv", "--out", "linked", "--no-train"};
//   int status = joinedup::linkage::link_files_command(arguments);   // 0 done, 1 failed, 2 wrong usage
//
//   LinkFiles job{.spec = "model.json", .inputs = {"people.csv"}, .out = "linked"};
//   auto done = link_files(job);   // pairs.csv, clusters.csv, model.json, report.html in `linked`
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::linkage {

enum class Train { as_needed, always, never };  // as_needed: where the specification holds no probabilities
enum class Format { csv, parquet };

struct LinkFiles {
  std::string spec;
  std::vector<std::string> inputs;  // one or two
  std::string out;
  Train train = Train::as_needed;
  double least_probability = 0;
  std::optional<double> cluster_probability;  // empty: the specification's, else default_cluster_probability
  unsigned threads = 2;
  Format format = Format::csv;
  bool one_to_one = false;
  std::optional<double> most_pairs_a_rule;
  std::string previous;  // folder of an earlier run: its pairs stand, only pairs with a new record are scored
};
constexpr double default_cluster_probability = 0.95;

struct LinkSummary {
  std::uint64_t records = 0, pairs_scored = 0, pairs_written = 0, clusters = 0, linked_records = 0;
  double seconds_reading = 0, seconds_training = 0, seconds_scoring = 0, seconds_writing = 0;
  double prior = 0;
  double cluster_probability = 0;
  // Where the specification names a truth column or labels were given:
  bool has_truth = false;
  std::uint64_t true_pairs = 0, true_pairs_blocked = 0;
  double best_f1 = 0, best_threshold = 0, best_precision = 0, best_recall = 0;  // threshold: a match weight
};

Result<LinkSummary> link_files(const LinkFiles& job);

// The verbs of the command line: they read flags as the contract says, print, and give the exit status.
int link_files_command(std::span<const std::string> arguments);
int encode_command(std::span<const std::string> arguments);
int link_clks_command(std::span<const std::string> arguments);

}  // namespace joinedup::linkage
