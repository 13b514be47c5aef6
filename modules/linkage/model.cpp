#include "linkage/model.hpp"

#include <algorithm>
#include <cmath>

#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup::linkage {
namespace {
constexpr double least_probability = 1e-300;  // below this a double underflows
}

const char* link_type_name(LinkType type) {
  switch (type) {
    case LinkType::dedupe_only: return "dedupe_only";
    case LinkType::link_only: return "link_only";
    case LinkType::link_and_dedupe: return "link_and_dedupe";
  }
  return "";
}

int Comparison::level_count() const {
  return static_cast<int>(std::count_if(levels.begin(), levels.end(), [](const Level& level) { return !level.is_null; }));
}

bool Model::trained() const {
  for (const auto& comparison : comparisons)
    for (const auto& level : comparison.levels)
      if (!level.is_null && (!level.m || !level.u)) return false;
  return true;
}

void number_levels(Comparison& comparison) {
  int next = comparison.level_count() - 1;
  for (auto& level : comparison.levels) {
    level.is_else = lower_ascii(trim(level.condition)) == "else";
    level.gamma = level.is_null ? -1 : next--;
  }
}

// Starting values: of matches 95% agree exactly and the rest is spread evenly; match weights run evenly from -5 to 3 below
// the exact level's 10. These are also what Splink applies to settings that were never trained.
void fill_default_probabilities(Model& model) {
  for (auto& comparison : model.comparisons) {
    const int count = comparison.level_count();
    for (auto& level : comparison.levels) {
      if (level.is_null) continue;
      const bool best = level.gamma == count - 1;
      const double m = count == 1 ? 1.0 : best ? 0.95 : 0.05 / (count - 1);
      double weight = 10;
      if (!best) weight = count <= 2 ? -5 : -5 + 8.0 * level.gamma / (count - 2);
      if (!level.m) level.m = m;
      if (!level.u) level.u = m / std::exp2(weight);
    }
  }
}

double match_weight(const Level& level) {
  if (level.is_null) return 0;
  return std::log2(std::max(level.m.value_or(0), least_probability) / std::max(level.u.value_or(0), least_probability));
}

double probability_to_weight(double probability) {
  if (probability <= 0) return -INFINITY;
  if (probability >= 1) return INFINITY;
  return std::log2(probability / (1 - probability));
}

double weight_to_probability(double weight) {
  if (weight >= 0) return 1.0 / (1.0 + std::exp2(-weight));
  const double odds = std::exp2(weight);
  return odds / (1.0 + odds);
}

Result<Model> read_model(const std::string& path) {
  JOINEDUP_TRY(const auto text, joinedup::read_file(path));
  const auto lowered = lower_ascii(path);
  if (lowered.ends_with(".json")) return read_splink_model(text, path);
  if (lowered.ends_with(".toml")) return read_specification(text, path);
  return fail(ErrorCode::wrong_usage, "A specification is a .toml or a Splink .json file.", path);
}

}  // namespace joinedup::linkage
