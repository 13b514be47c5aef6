#include "risk/learner.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "risk/dense.hpp"

namespace joinedup::risk {
namespace {

constexpr std::uint64_t hold_stream = 0x401E, sample_stream = 0x5A3B;
constexpr std::uint64_t hold_parts = 5;

const char* name_of(LearnerKind kind) {
  return kind == LearnerKind::trees ? "gradient_boosted_trees" : kind == LearnerKind::logistic ? "logistic_regression" : "trees_and_logistic_regression";
}

}  // namespace

Matrix take_rows(const Matrix& x, std::span<const std::uint32_t> rows) {
  Matrix part;
  part.rows = rows.size();
  part.columns = x.columns;
  part.names = x.names;
  part.value.reserve(part.rows * part.columns);
  for (const auto row : rows) part.value.insert(part.value.end(), x.value.begin() + static_cast<std::ptrdiff_t>(row * x.columns), x.value.begin() + static_cast<std::ptrdiff_t>((row + 1) * x.columns));
  return part;
}

double Learner::Linear::shaped(std::size_t column, float value) const {
  const double v = static_cast<double>(value);
  return ((count[column] && v > 0 ? std::log1p(v) : v) - mean[column]) / spread[column];
}

Learner::Linear Learner::fit_linear(const Matrix& x, std::span<const float> outcome, std::span<const std::uint64_t> group, const LearnerOptions& options) {
  Linear linear;
  linear.count.assign(x.columns, 1);
  linear.mean.assign(x.columns, 0);
  linear.spread.assign(x.columns, 1);
  std::vector<std::size_t> with_missing;
  for (std::size_t c = 0; c < x.columns; ++c) {
    std::size_t seen = 0;
    for (std::size_t row = 0; row < x.rows; ++row)
      if (const float v = x.at(row, c); !std::isnan(v)) {
        ++seen;
        if (v < 0 || v != std::floor(v)) linear.count[c] = 0;
      }
    if (seen < x.rows) with_missing.push_back(c);
    double sum = 0, square = 0;
    for (std::size_t row = 0; row < x.rows; ++row)
      if (const float v = x.at(row, c); !std::isnan(v)) {
        const double s = linear.shaped(c, v);
        sum += s;
        square += s * s;
      }
    const double mean = seen ? sum / static_cast<double>(seen) : 0, variance = seen ? square / static_cast<double>(seen) - mean * mean : 0;
    linear.mean[c] = mean;
    linear.spread[c] = variance > 1e-12 ? std::sqrt(variance) : 1;
  }
  // A share of the people where there are many: a few dozen coefficients need no more.
  const auto share = x.rows <= options.most_linear_rows ? 1000 : std::max<std::uint64_t>(1, options.most_linear_rows * 1000 / x.rows);
  const std::size_t columns = x.columns + with_missing.size();
  std::vector<float> dense;
  std::vector<std::uint8_t> happened;
  for (std::size_t row = 0; row < x.rows; ++row) {
    if (share < 1000 && mix64(group[row], sample_stream) % 1000 >= share) continue;
    for (std::size_t c = 0; c < x.columns; ++c) dense.push_back(std::isnan(x.at(row, c)) ? 0.0F : static_cast<float>(linear.shaped(c, x.at(row, c))));
    for (const auto c : with_missing) dense.push_back(std::isnan(x.at(row, c)) ? 1.0F : 0.0F);
    happened.push_back(outcome[row] > 0.5F);
  }
  const auto fit = fit_logistic_dense(dense, happened.size(), columns, happened, options.penalty);
  linear.intercept = fit.intercept;
  linear.coefficient.assign(fit.coefficient.begin(), fit.coefficient.begin() + static_cast<std::ptrdiff_t>(x.columns));
  linear.missing.assign(x.columns, 0);
  for (std::size_t i = 0; i < with_missing.size(); ++i) linear.missing[with_missing[i]] = fit.coefficient[x.columns + i];
  return linear;
}

Result<Learner> Learner::fit(const Matrix& x, std::span<const float> outcome, std::span<const std::uint64_t> group, const LearnerOptions& options) {
  Learner learner;
  learner.kind_ = options.kind;
  learner.is_amount_ = options.boosted.is_amount;
  if (options.kind != LearnerKind::trees) learner.linear_ = fit_linear(x, outcome, group, options);
  if (options.kind != LearnerKind::logistic) {
    JOINEDUP_TRY(auto trees, BoostedTrees::train(x, outcome, options.boosted));
    learner.trees_.push_back(std::move(trees));
  }
  return learner;
}

void Learner::choose(const Parts& held, std::span<const std::uint8_t> outcome) {
  weight_of_trees_ = kind_ == LearnerKind::logistic ? 0 : 1;
  if (kind_ == LearnerKind::blend) {
    double least = HUGE_VAL;
    for (int eighths = 0; eighths <= 8; ++eighths) {
      const double weight = eighths / 8.0;
      const auto probability = mixed(held, weight);
      double loss = 0;
      for (std::size_t i = 0; i < probability.size(); ++i) {
        const double eta = logit(probability[i]);
        loss += std::log1p(std::exp(-std::fabs(eta))) + std::max(0.0, outcome[i] ? -eta : eta);
      }
      if (loss < least) {
        least = loss;
        weight_of_trees_ = weight;
      }
    }
  }
  recalibration_ = recalibrate_where_needed(mixed(held, weight_of_trees_), outcome);
}

Result<Learner> Learner::train(const Matrix& x, std::span<const float> outcome, std::span<const std::uint64_t> group, const LearnerOptions& options) {
  if (options.boosted.is_amount) return fit(x, outcome, group, options);
  Parts held;
  std::vector<std::uint8_t> happened;
  const std::uint64_t turns = x.rows <= options.few_rows ? hold_parts : 1;
  for (std::uint64_t turn = 0; turn < turns; ++turn) {
    std::vector<std::uint32_t> fitted, apart;
    for (std::uint32_t row = 0; row < x.rows; ++row) (mix64(group[row], hold_stream) % hold_parts == turn ? apart : fitted).push_back(row);
    std::vector<float> outcome_of_fitted;
    std::vector<std::uint64_t> group_of_fitted;
    for (const auto row : fitted) {
      outcome_of_fitted.push_back(outcome[row]);
      group_of_fitted.push_back(group[row]);
    }
    if (apart.empty() || std::all_of(outcome_of_fitted.begin(), outcome_of_fitted.end(), [](float y) { return y < 0.5F; })) continue;
    JOINEDUP_TRY(const auto part, fit(take_rows(x, fitted), outcome_of_fitted, group_of_fitted, options));
    JOINEDUP_TRY(const auto seen, part.parts(take_rows(x, apart)));
    held.trees.insert(held.trees.end(), seen.trees.begin(), seen.trees.end());
    held.linear.insert(held.linear.end(), seen.linear.begin(), seen.linear.end());
    for (const auto row : apart) happened.push_back(outcome[row] > 0.5F);
  }
  JOINEDUP_TRY(Learner learner, fit(x, outcome, group, options));
  learner.choose(held, happened);
  return learner;
}

Result<Learner::Parts> Learner::parts(const Matrix& x) const {
  Parts parts;
  if (kind_ != LearnerKind::logistic) { JOINEDUP_TRY(parts.trees, trees_.front().predict(x)); }
  if (kind_ == LearnerKind::trees) return parts;
  parts.linear.resize(x.rows);
  for (std::size_t row = 0; row < x.rows; ++row) {
    double eta = linear_.intercept;
    for (std::size_t c = 0; c < x.columns; ++c) {
      const float v = x.at(row, c);
      eta += std::isnan(v) ? linear_.missing[c] : linear_.coefficient[c] * linear_.shaped(c, v);
    }
    parts.linear[row] = expit(eta);
  }
  return parts;
}

std::vector<double> Learner::mixed(const Parts& parts, double weight) const {
  if (kind_ == LearnerKind::trees) return parts.trees;
  if (kind_ == LearnerKind::logistic) return parts.linear;
  std::vector<double> probability(parts.trees.size());
  for (std::size_t i = 0; i < probability.size(); ++i) probability[i] = expit(weight * logit(parts.trees[i]) + (1 - weight) * logit(parts.linear[i]));
  return probability;
}

Result<std::vector<double>> Learner::predict(const Matrix& x) const {
  JOINEDUP_TRY(const auto each, parts(x));
  auto probability = mixed(each, weight_of_trees_);
  if (!is_amount_)
    for (double& p : probability) p = recalibration_.apply(p);
  return probability;
}

Result<std::vector<float>> Learner::contributions(const Matrix& x) const {
  std::vector<float> all(x.rows * (x.columns + 1));
  if (kind_ != LearnerKind::logistic) {
    JOINEDUP_TRY(all, trees_.front().contributions(x));
    for (float& part : all) part *= static_cast<float>(weight_of_trees_);
  }
  if (kind_ == LearnerKind::trees) return all;
  const double weight = 1 - weight_of_trees_;
  for (std::size_t row = 0; row < x.rows; ++row) {
    float* of_row = all.data() + row * (x.columns + 1);
    for (std::size_t c = 0; c < x.columns; ++c) {
      const float v = x.at(row, c);
      of_row[c] += static_cast<float>(weight * (std::isnan(v) ? linear_.missing[c] : linear_.coefficient[c] * linear_.shaped(c, v)));
    }
    of_row[x.columns] += static_cast<float>(weight * linear_.intercept);
  }
  return all;
}

Result<std::string> Learner::json() const {
  nlohmann::json out = {{"kind", name_of(kind_)},
                        {"is_amount", is_amount_},
                        {"weight_of_trees", weight_of_trees_},
                        {"recalibration", {{"intercept", recalibration_.intercept}, {"slope", recalibration_.slope}}}};
  if (kind_ != LearnerKind::logistic) {
    JOINEDUP_TRY(const auto text, trees_.front().json());
    out["trees"] = nlohmann::json::parse(text);
  }
  if (kind_ != LearnerKind::trees)
    out["logistic"] = {{"intercept", linear_.intercept}, {"mean", linear_.mean}, {"spread", linear_.spread}, {"count", linear_.count}, {"coefficient", linear_.coefficient}, {"missing", linear_.missing}};
  return out.dump();
}

Result<Learner> Learner::from_json(const std::string& text) {
  try {
    const auto in = nlohmann::json::parse(text);
    Learner learner;
    const std::string kind = in.at("kind");
    learner.kind_ = kind == name_of(LearnerKind::trees) ? LearnerKind::trees : kind == name_of(LearnerKind::logistic) ? LearnerKind::logistic : LearnerKind::blend;
    learner.is_amount_ = in.at("is_amount");
    learner.weight_of_trees_ = in.at("weight_of_trees");
    learner.recalibration_ = {in.at("recalibration").at("intercept"), in.at("recalibration").at("slope")};
    if (learner.kind_ != LearnerKind::logistic) {
      JOINEDUP_TRY(auto trees, BoostedTrees::from_json(in.at("trees").dump()));
      learner.trees_.push_back(std::move(trees));
    }
    if (learner.kind_ != LearnerKind::trees) {
      const auto& l = in.at("logistic");
      learner.linear_ = {l.at("mean"), l.at("spread"), l.at("coefficient"), l.at("missing"), l.at("count"), l.at("intercept")};
    }
    return learner;
  } catch (const nlohmann::json::exception&) {
    return joinedup::fail(ErrorCode::invalid_input, "The model file is damaged or of another form; train again.");
  }
}

}  // namespace joinedup::risk
