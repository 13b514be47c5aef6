// linkage: Fellegi–Sunter record linkage, and its privacy-preserving form, as files-only commands and as a library.
//
//   std::vector<std::string> arguments{"--spec", "model.json", "--input", "people.csv", "--out", "linked", "--no-train"};
//   int status = joinedup::linkage::link_files_command(arguments);   // 0 done, 1 failed, 2 wrong usage
//
//   LinkFiles job{.spec = "model.json", .inputs = {"people.csv"}, .out = "linked"};
//   auto done = link_files(job);   // pairs.csv, clusters.csv, model.json, report.html (and quality.json) in `linked`
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
  std::string labels;  // CSV of decided pairs, for precision and recall (quality.hpp)
  // Folder of an earlier run: its pairs stand, only pairs with a new record are scored. Where that run kept an index the
  // inputs may hold the new records alone; else they hold all records.
  std::string previous;
  bool index = false;       // keep an index in `out`, for such a later run; it holds the records' values
  std::string frequencies;  // folder of a run with an index: term frequencies are those of that run
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

// The same engine over rows in memory, for other rooms: no file is read or written.
//
//   MemoryRecords rows{.columns = {"family_name", "birth_date"}, .values = {"lee", "1990-01-01", "leigh", "1990-01-01"}};
//   auto linked = link_records(rows, {.spec = specification_text, .least_weight = 5});
//   for (const auto& pair : linked->pairs) …   // pair.left, pair.right: places among the rows given
struct MemoryRecords {
  std::vector<std::string> columns;       // lower case counts
  std::vector<std::string_view> values;   // row after row, columns.size() each; empty is NULL; UTF-8
  std::vector<std::string_view> ids;      // by row, unique within a source; empty: the row's place serves
  std::vector<std::uint16_t> sources;     // by row, for link_only; empty: all from one
};
struct LinkRecords {
  std::string spec;                       // the text of a specification (TOML) or of a Splink model (JSON)
  Train train = Train::as_needed;
  double least_weight = -1e300;           // pairs below are not given
  unsigned threads = 2;
  // Pairs decided already are passed over, unscored: (place, place) among the rows given. Called from several threads.
  std::function<bool(std::uint32_t, std::uint32_t)> skip;
};
struct ScoredPair {
  std::uint32_t left = 0, right = 0;      // left is the one with the smaller (source, id)
  double match_weight = 0, match_probability = 0;
  std::vector<std::int8_t> gammas;        // by comparison; -1: a value is missing
  std::uint16_t match_key = 0;            // the first blocking rule that makes the pair
};
struct LinkedRecords {
  std::vector<ScoredPair> pairs;          // by rule, then by block; the same on any number of threads
  std::vector<std::string> comparisons;   // names, in the order of gammas
  std::string model;                      // as JSON, trained: give it back as `spec` to score with the same weights
  std::uint64_t pairs_scored = 0;
  std::vector<std::string> warnings;      // what training could not learn, a sentence each
};
Result<LinkedRecords> link_records(const MemoryRecords& rows, const LinkRecords& how);

// The verbs of the command line: they read flags as the contract says, print, and give the exit status.
int link_files_command(std::span<const std::string> arguments);
int encode_command(std::span<const std::string> arguments);
int link_clks_command(std::span<const std::string> arguments);

}  // namespace joinedup::linkage
