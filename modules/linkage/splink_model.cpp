// Splink's saved model and settings JSON (versions 3 to 5), as facts of its format; and our own models written in it.
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "linkage/model.hpp"
#include "linkage/sql_expression.hpp"

namespace joinedup::linkage {
namespace {

using Json = nlohmann::json;
constexpr const char* not_observed = "level not observed in training dataset";

Result<std::optional<double>> probability(const Json& level, const char* key, const std::string& where) {
  const auto found = level.find(key);
  if (found == level.end() || found->is_null()) return std::optional<double>();
  if (found->is_string() && lower_ascii(found->get<std::string>()) == not_observed) return std::optional<double>();  // as Splink reads its own files
  if (!found->is_number()) return fail(ErrorCode::invalid_input, std::string(key) + " must be a number.", where);
  const double value = found->get<double>();  // the starting value of a "different" level's u is 1.6
  if (!(value >= 0 && value <= 2)) return fail(ErrorCode::invalid_input, std::string(key) + " must lie between 0 and 1.", where);
  return std::optional<double>(value);
}

template <class T>
T value_or(const Json& object, const char* key, T otherwise) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? otherwise : found->get<T>();
}

Result<Level> read_level(const Json& json, const std::string& where) {
  Level level;
  if (!json.is_object() || !json.contains("sql_condition"))
    return fail(ErrorCode::invalid_input, "A comparison level needs a sql_condition.", where);
  level.condition = json["sql_condition"].get<std::string>();
  level.label = value_or<std::string>(json, "label_for_charts", level.condition);
  level.is_null = value_or(json, "is_null_level", false);
  level.fix_m = value_or(json, "fix_m_probability", false);
  level.fix_u = value_or(json, "fix_u_probability", false);
  level.frequency_column = value_or<std::string>(json, "tf_adjustment_column", "");
  if (level.frequency_column.size() > 2 && level.frequency_column.front() == '"' && level.frequency_column.back() == '"')
    level.frequency_column = level.frequency_column.substr(1, level.frequency_column.size() - 2);
  level.frequency_weight = value_or(json, "tf_adjustment_weight", 1.0);
  if (level.frequency_weight == 0) level.frequency_weight = 1;  // Splink 4 and 5 lose a weight of 0 while they read it: kept the same
  level.least_frequency = value_or(json, "tf_minimum_u_value", 0.0);
  level.own_u_for_frequency = value_or(json, "disable_tf_exact_match_detection", false);
  JOINEDUP_TRY(level.m, probability(json, "m_probability", where));
  JOINEDUP_TRY(level.u, probability(json, "u_probability", where));
  return level;
}

std::string default_name(const Comparison& comparison) {
  std::string name;
  std::vector<std::string> seen;
  for (const auto& level : comparison.levels) {
    if (lower_ascii(trim(level.condition)) == "else") continue;
    const auto tree = parse_condition(level.condition, Names::suffixed);
    if (!tree) continue;
    visit(*tree, [&](const Node& node) {
      if (node.op != Op::column || std::find(seen.begin(), seen.end(), node.name) != seen.end()) return;
      seen.push_back(node.name);
      name += (name.empty() ? "" : "_") + node.name;
    });
  }
  return name;
}

Result<Comparison> read_comparison(const Json& json, std::size_t at) {
  Comparison comparison;
  comparison.name = value_or<std::string>(json, "output_column_name", "");
  comparison.description = value_or<std::string>(json, "comparison_description", "");
  const std::string where = "comparison " + (comparison.name.empty() ? std::to_string(at + 1) : comparison.name);
  const auto levels = json.find("comparison_levels");
  if (levels == json.end() || !levels->is_array() || levels->empty())
    return fail(ErrorCode::invalid_input, "comparison_levels are missing.", where);
  for (const auto& level : *levels) {
    JOINEDUP_TRY(auto read, read_level(level, where));
    comparison.levels.push_back(std::move(read));
  }
  if (comparison.name.empty()) comparison.name = default_name(comparison);
  std::replace(comparison.name.begin(), comparison.name.end(), ' ', '_');
  number_levels(comparison);
  return comparison;
}

Result<BlockingRule> read_rule(const Json& json, std::size_t at) {
  const std::string where = "blocking rule " + std::to_string(at + 1);
  if (json.is_string()) return BlockingRule{json.get<std::string>(), {}};
  if (!json.is_object() || !json.contains("blocking_rule")) return fail(ErrorCode::invalid_input, "A blocking rule is a text, or an object with blocking_rule.", where);
  BlockingRule rule{json["blocking_rule"].get<std::string>(), {}};  // salting_partitions changes how, not which
  if (const auto explode = json.find("arrays_to_explode"); explode != json.end() && explode->is_array()) rule.explode = explode->get<std::vector<std::string>>();
  return rule;
}

Result<Model> from_json(const Json& json) {
  Model model;
  const auto link_type = value_or<std::string>(json, "link_type", "");
  if (link_type == "dedupe_only") model.link_type = LinkType::dedupe_only;
  else if (link_type == "link_only") model.link_type = LinkType::link_only;
  else if (link_type == "link_and_dedupe") model.link_type = LinkType::link_and_dedupe;
  else return fail(ErrorCode::invalid_input, "link_type must be dedupe_only, link_only or link_and_dedupe.");
  model.prior_given = json.contains("probability_two_random_records_match");
  model.prior = value_or(json, "probability_two_random_records_match", model.prior);
  if (!(model.prior > 0 && model.prior <= 1))
    return fail(ErrorCode::invalid_input, "probability_two_random_records_match must lie above 0 and not above 1.");
  model.id_column = value_or<std::string>(json, "unique_id_column_name", model.id_column);
  model.empty_is_missing = false;
  model.source_column = value_or<std::string>(json, "source_dataset_column_name", model.source_column);
  model.gamma_prefix = value_or<std::string>(json, "comparison_vector_value_column_prefix", model.gamma_prefix);
  model.training.convergence = value_or(json, "em_convergence", model.training.convergence);
  model.training.most_iterations = value_or(json, "max_iterations", model.training.most_iterations);
  if (const auto kept = json.find("additional_columns_to_retain"); kept != json.end() && kept->is_array())
    model.retained_columns = kept->get<std::vector<std::string>>();
  const auto comparisons = json.find("comparisons");
  if (comparisons == json.end() || !comparisons->is_array() || comparisons->empty()) return fail(ErrorCode::invalid_input, "comparisons are missing.");
  for (std::size_t i = 0; i < comparisons->size(); ++i) {
    JOINEDUP_TRY(auto comparison, read_comparison((*comparisons)[i], i));
    model.comparisons.push_back(std::move(comparison));
  }
  if (const auto rules = json.find("blocking_rules_to_generate_predictions"); rules != json.end() && rules->is_array())
    for (std::size_t i = 0; i < rules->size(); ++i) {
      JOINEDUP_TRY(auto rule, read_rule((*rules)[i], i));
      model.blocking_rules.push_back(std::move(rule));
    }
  if (model.blocking_rules.empty()) model.blocking_rules.push_back({"1 = 1"});
  // Our own models keep what Splink has no place for under one key, which Splink does not read.
  if (const auto ours = json.find("joinedup"); ours != json.end() && ours->is_object()) {
    model.empty_is_missing = value_or(*ours, "empty_is_missing", false);
    model.truth_column = value_or<std::string>(*ours, "truth_column", "");
    model.quality_columns = value_or(*ours, "quality_by", model.quality_columns);
    if (ours->contains("cluster_probability")) model.cluster_probability = (*ours)["cluster_probability"].get<double>();
    model.training.rules = value_or(*ours, "training_rules", model.training.rules);
    model.training.deterministic_rules = value_or(*ours, "deterministic_rules", model.training.deterministic_rules);
    model.training.deterministic_recall = value_or(*ours, "deterministic_recall", model.training.deterministic_recall);
  }
  return model;
}

}  // namespace

Result<Model> read_splink_model(std::string_view text, const std::string& name) {
  try {
    const Json json = Json::parse(text);
    if (!json.is_object()) return fail(ErrorCode::invalid_input, "A Splink model is one JSON object.", name);
    auto model = from_json(json);
    if (!model && model.error().context.empty()) model.error().context = name;
    return model;
  } catch (const Json::parse_error& error) {
    return fail(ErrorCode::invalid_input, "This is not JSON: a fault at byte " + std::to_string(error.byte) + ".", name);
  } catch (const Json::exception& error) {
    return fail(ErrorCode::invalid_input, std::string("A setting has the wrong type (") + error.what() + ").", name);
  }
}

std::string write_model(const Model& model) {
  nlohmann::ordered_json json;
  json["link_type"] = link_type_name(model.link_type);
  json["probability_two_random_records_match"] = model.prior;
  json["retain_matching_columns"] = false;
  json["retain_intermediate_calculation_columns"] = false;
  json["additional_columns_to_retain"] = model.retained_columns;
  json["sql_dialect"] = "duckdb";
  json["em_convergence"] = model.training.convergence;
  json["max_iterations"] = model.training.most_iterations;
  json["comparison_vector_value_column_prefix"] = model.gamma_prefix;
  json["unique_id_column_name"] = model.id_column;
  json["source_dataset_column_name"] = model.source_column;
  json["blocking_rules_to_generate_predictions"] = nlohmann::ordered_json::array();
  for (const auto& rule : model.blocking_rules) {
    nlohmann::ordered_json one{{"blocking_rule", rule.sql}, {"sql_dialect", "duckdb"}};
    if (!rule.explode.empty()) one["arrays_to_explode"] = rule.explode;
    json["blocking_rules_to_generate_predictions"].push_back(std::move(one));
  }
  json["comparisons"] = nlohmann::ordered_json::array();
  for (const auto& comparison : model.comparisons) {
    nlohmann::ordered_json levels = nlohmann::ordered_json::array();
    for (const auto& level : comparison.levels) {
      nlohmann::ordered_json one;
      one["sql_condition"] = level.condition;
      one["label_for_charts"] = level.label;
      if (level.m && !level.is_null) one["m_probability"] = *level.m;
      if (level.u && !level.is_null) one["u_probability"] = *level.u;
      one["fix_m_probability"] = level.fix_m;
      one["fix_u_probability"] = level.fix_u;
      if (!level.frequency_column.empty()) {
        one["tf_adjustment_column"] = level.frequency_column;
        one["tf_adjustment_weight"] = level.frequency_weight;
        if (level.least_frequency > 0) one["tf_minimum_u_value"] = level.least_frequency;
      }
      if (level.own_u_for_frequency) one["disable_tf_exact_match_detection"] = true;
      if (level.is_null) one["is_null_level"] = true;
      levels.push_back(std::move(one));
    }
    json["comparisons"].push_back({{"output_column_name", comparison.name}, {"comparison_levels", std::move(levels)}, {"comparison_description", comparison.description}});
  }
  nlohmann::ordered_json ours;
  if (model.empty_is_missing) ours["empty_is_missing"] = true;
  if (!model.truth_column.empty()) ours["truth_column"] = model.truth_column;
  if (!model.quality_columns.empty()) ours["quality_by"] = model.quality_columns;
  if (model.cluster_probability) ours["cluster_probability"] = *model.cluster_probability;
  if (!model.training.rules.empty()) ours["training_rules"] = model.training.rules;
  if (!model.training.deterministic_rules.empty()) {
    ours["deterministic_rules"] = model.training.deterministic_rules;
    ours["deterministic_recall"] = model.training.deterministic_recall;
  }
  if (!ours.empty()) json["joinedup"] = std::move(ours);
  return json.dump(1) + "\n";
}

}  // namespace joinedup::linkage
