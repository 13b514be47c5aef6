// model: what a linkage does, whichever file it was written in: comparisons with their levels, blocking rules, the prior,
// and how to train. Read from Splink's JSON (splink_model.cpp) or from our TOML specification (specification.cpp).
//
//   auto model = read_model("model.json");   // or "specification.toml"
//   model->comparisons[0].levels[1].m
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::linkage {

enum class LinkType { dedupe_only, link_only, link_and_dedupe };
const char* link_type_name(LinkType type);

struct Level {
  std::string condition;  // in the dialect of sql_expression.hpp, or ELSE
  std::string label;
  bool is_null = false, is_else = false;
  std::optional<double> m, u;      // empty: not trained
  bool fix_m = false, fix_u = false;
  std::string frequency_column;    // empty: no term-frequency adjustment
  double frequency_weight = 1.0;
  double least_frequency = 0.0;
  bool own_u_for_frequency = false;  // do not look for the exact-match level's u
  int gamma = 0;                     // -1 where null; else 0 is the worst
};

struct Comparison {
  std::string name, description;
  std::vector<Level> levels;
  int level_count() const;  // without null levels
};

struct BlockingRule {
  std::string sql;
  std::vector<std::string> explode = {};  // columns of lists: the rule speaks of one item each
};

struct Training {
  std::vector<std::string> deterministic_rules;  // for the prior
  double deterministic_recall = 0.7;
  std::vector<std::string> rules;                // an EM pass each; empty: derived from the blocking rules
  double random_pairs = 1e6;                     // for u
  std::uint64_t seed = 20240229;
  double convergence = 1e-4;
  int most_iterations = 50;
};

struct Model {
  LinkType link_type = LinkType::dedupe_only;
  double prior = 1e-4;  // probability that two random records match
  bool prior_given = false;
  std::string id_column = "unique_id", source_column = "source_dataset";
  std::string gamma_prefix = "gamma_";
  bool empty_is_missing = true;  // in Parquet; Splink's own models take an empty text for a value
  std::vector<Comparison> comparisons;
  std::vector<BlockingRule> blocking_rules;
  std::vector<std::string> retained_columns;
  Training training;
  std::string truth_column;  // names the person where that is known: for the report only, never for linking
  std::vector<std::string> quality_columns;  // how good the links are is also told by each of these
  std::optional<double> cluster_probability;
  double most_pairs_a_rule = 1e9;
  bool trained() const;  // every level has m and u
};

Result<Model> read_model(const std::string& path);
Result<Model> read_splink_model(std::string_view json, const std::string& name);
Result<Model> read_specification(std::string_view toml, const std::string& name);
std::string write_model(const Model& model);  // Splink's JSON form, which read_splink_model reads back
void number_levels(Comparison& comparison);   // sets gamma
void fill_default_probabilities(Model& model);  // the starting values of an untrained model
double match_weight(const Level& level);      // log2(m ÷ u); 0 for a null level
double probability_to_weight(double probability);
double weight_to_probability(double weight);

}  // namespace joinedup::linkage
