// A model over its records: levels as tables over features, term frequencies, weights.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/parallel.hpp"
#include "base/text.hpp"
#include "linkage/bounds.hpp"
#include "linkage/compiler.hpp"

namespace joinedup::linkage {
namespace {

void features_of(const Truth& condition, std::set<std::size_t>& features) {
  if (condition.op == Truth::atom) features.insert(condition.feature);
  for (const auto& child : condition.children) features_of(child, features);
}

}  // namespace

namespace {

struct ParsedLevel {
  NodePtr tree;  // null: ELSE
};

// The column that a condition compares for equality and nothing else: name_l = name_r.
std::string exact_column(const NodePtr& tree) {
  if (!tree || tree->op != Op::compare || tree->compare != Compare::equal) return {};
  const auto &a = tree->children[0], &b = tree->children[1];
  return a->op == Op::column && b->op == Op::column && a->name == b->name && a->side != b->side ? a->name : std::string();
}

Result<std::vector<std::vector<NodePtr>>> parse_levels(const Model& model) {
  std::vector<std::vector<NodePtr>> all;
  for (const auto& comparison : model.comparisons) {
    all.emplace_back();
    for (const auto& level : comparison.levels) {
      NodePtr tree;
      if (!level.is_else) {
        auto parsed = parse_condition(level.condition, Names::suffixed);
        if (!parsed) return fail(parsed.error().code, parsed.error().sentence, "comparison " + comparison.name + ", " + parsed.error().context);
        tree = *parsed;
      }
      all.back().push_back(std::move(tree));
    }
  }
  return all;
}

const std::vector<double>& log_frequencies(CompiledModel& compiled, const DataColumn& column, const LogFrequencies& frozen) {
  auto& slot = compiled.frequencies[column.name];
  if (slot) return *slot;
  if (frozen) {
    slot = std::make_unique<std::vector<double>>(frozen(column));
    compiled.unseen_log_frequency[column.name] = slot->front();
    slot->front() = NAN;
    return *slot;
  }
  slot = std::make_unique<std::vector<double>>(column.values().size(), 0.0);
  double total = 0;
  for (const auto code : column.codes) (*slot)[code] += 1, total += code != 0;
  for (auto& count : *slot) count = std::log2(count / total);
  (*slot)[0] = NAN;
  compiled.unseen_log_frequency[column.name] = -std::log2(std::max(total, 1.0));
  return *slot;
}

}  // namespace

Result<void> set_weights(CompiledModel& compiled, const Model& model) {
  compiled.prior_weight = probability_to_weight(model.prior);
  JOINEDUP_TRY(const auto trees, parse_levels(model));
  for (std::size_t c = 0; c < model.comparisons.size(); ++c) {
    const auto& comparison = model.comparisons[c];
    for (std::size_t i = 0; i < comparison.levels.size(); ++i) {
      const Level& level = comparison.levels[i];
      CompiledLevel& out = compiled.comparisons[c].levels[i];
      out.weight = match_weight(level);
      if (!out.frequency_column) continue;
      double u = level.own_u_for_frequency ? level.u.value_or(0) : 0;
      for (std::size_t other = 0; other < comparison.levels.size() && u == 0; ++other)
        if (exact_column(trees[c][other]) == lower_ascii(level.frequency_column)) u = comparison.levels[other].u.value_or(0);
      if (u == 0)
        return fail(ErrorCode::invalid_input,
                    "The term-frequency adjustment by '" + level.frequency_column + "' needs a level that is an exact match on that column.",
                    "comparison " + comparison.name);
      out.log_u = std::log2(u);
      out.most_frequency_part = most_frequency_part(out, compiled.unseen_log_frequency[out.frequency_column->name]);
    }
  }
  return {};
}

Result<std::vector<std::string>> check_conditions(const Model& model) {
  JOINEDUP_TRY(const auto trees, parse_levels(model));
  std::set<std::string> columns;
  const auto see = [&](const NodePtr& tree) {
    const auto used = columns_of(tree);
    columns.insert(used.left.begin(), used.left.end());
    columns.insert(used.right.begin(), used.right.end());
  };
  for (const auto& comparison : trees)
    for (const auto& tree : comparison)
      if (tree) see(tree);
  for (const auto& comparison : model.comparisons)
    for (const auto& level : comparison.levels)
      if (!level.frequency_column.empty()) columns.insert(lower_ascii(level.frequency_column));
  std::vector<std::string> rules;
  for (const auto& rule : model.blocking_rules) {
    rules.push_back(rule.sql);
    for (const auto& name : rule.explode) columns.insert(lower_ascii(name));
  }
  rules.insert(rules.end(), model.training.rules.begin(), model.training.rules.end());
  rules.insert(rules.end(), model.training.deterministic_rules.begin(), model.training.deterministic_rules.end());
  for (const auto& rule : rules) {
    JOINEDUP_TRY(const auto tree, parse_condition(rule, Names::prefixed));
    see(tree);
  }
  for (const auto& name : model.retained_columns) columns.insert(lower_ascii(name));
  return std::vector<std::string>(columns.begin(), columns.end());
}

namespace {
void pack_codes(CompiledModel& compiled, std::size_t rows, unsigned threads) {
  std::vector<Feature*> plain;
  for (const auto& feature : compiled.features)
    if (feature->plain) plain.push_back(feature.get());
  auto packed = std::make_shared<std::vector<std::uint32_t>>(rows * plain.size());
  for (std::size_t at = 0; at < plain.size(); ++at) {
    plain[at]->packed_at = at;
    plain[at]->packed_width = plain.size();
    plain[at]->packed = packed;
  }
  constexpr std::size_t chunk = 4096;
  (void)parallel_for((rows + chunk - 1) / chunk, threads, [&](std::size_t part) -> Result<void> {
    for (std::size_t at = 0; at < plain.size(); ++at) {
      const auto& codes = *plain[at]->left->codes;
      for (std::size_t row = part * chunk; row < std::min(rows, (part + 1) * chunk); ++row) (*packed)[row * plain.size() + at] = codes[row];
    }
    return {};
  });
}
}  // namespace

Result<CompiledModel> compile_model(const Model& model, const Records& records, const std::vector<NodePtr>& filters, unsigned threads, const LogFrequencies& frozen) {
  CompiledModel compiled;
  compiled.model = &model;
  compiled.records = &records;
  JOINEDUP_TRY(const auto trees, parse_levels(model));
  ConditionCompiler compiler(compiled, records, threads);
  for (const auto& comparison : trees)
    for (const auto& tree : comparison)
      if (tree) compiler.announce(tree);
  for (const auto& filter : filters) compiler.announce(filter);
  for (std::size_t c = 0; c < trees.size(); ++c) {
    CompiledComparison out;
    std::set<std::size_t> features;
    for (std::size_t i = 0; i < trees[c].size(); ++i) {
      const Level& level = model.comparisons[c].levels[i];
      CompiledLevel made;
      made.gamma = level.gamma;
      if (trees[c][i]) {
        JOINEDUP_TRY(made.condition, compiler.compile(trees[c][i]));
      }
      features_of(made.condition, features);
      if (!level.frequency_column.empty() && !level.is_null && !level.is_else && level.frequency_weight != 0) {
        made.frequency_column = records.find(lower_ascii(level.frequency_column));
        made.log_frequency = &log_frequencies(compiled, *made.frequency_column, frozen);
        made.frequency_weight = level.frequency_weight;
        made.least_log_frequency = level.least_frequency > 0 ? std::log2(level.least_frequency) : -INFINITY;
        out.has_frequency = true;
      }
      out.levels.push_back(std::move(made));
    }
    out.features.assign(features.begin(), features.end());
    compiled.comparisons.push_back(std::move(out));
  }
  for (const auto& filter : filters) {
    JOINEDUP_TRY(auto condition, compiler.compile(filter));
    std::set<std::size_t> features;
    features_of(condition, features);
    compiled.filters.push_back(std::move(condition));
    compiled.filter_features.emplace_back(features.begin(), features.end());
  }
  JOINEDUP_CHECK(parallel_for(compiled.features.size(), threads, [&](std::size_t at) -> Result<void> {
    compiled.features[at]->prepare();
    return {};
  }));
  pack_codes(compiled, records.size(), threads);
  if (model.trained()) JOINEDUP_CHECK(set_weights(compiled, model));
  return compiled;
}

}  // namespace joinedup::linkage
