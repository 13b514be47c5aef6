#include "risk/learner.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "risk/sparse.hpp"

namespace joinedup::risk {
namespace {

constexpr std::uint64_t hold_stream = 0x401E;

double shaped(float value) { return value >= 0 ? std::log1p(static_cast<double>(value)) : static_cast<double>(value); }

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

Learner::Linear Learner::fit_linear(const Matrix& x, std::span<const float> outcome, double penalty) {
  Linear linear;
  for (std::size_t c = 0; c < x.columns; ++c) {
    double sum = 0, square = 0, seen = 0;
    for (std::size_t row = 0; row < x.rows; ++row)
      if (const float v = x.at(row, c); !std::isnan(v)) {
        sum += shaped(v);
        square += shaped(v) * shaped(v);
        ++seen;
      }
    const double mean = seen > 0 ? sum / seen : 0, variance = seen > 0 ? square / seen - mean * mean : 0;
    linear.mean.push_back(mean);
    linear.spread.push_back(variance > 1e-12 ? std::sqrt(variance) : 1);
  }
  SparseRows rows;
  std::vector<std::uint8_t> happened;
  for (std::size_t row = 0; row < x.rows; ++row) {
    for (std::size_t c = 0; c < x.columns; ++c) {
      const float v = x.at(row, c);
      if (std::isnan(v)) rows.add(static_cast<std::uint32_t>(x.columns + c), 1.0F);
      else rows.add(static_cast<std::uint32_t>(c), static_cast<float>((shaped(v) - linear.mean[c]) / linear.spread[c]));
    }
    rows.end_row();
    happened.push_back(outcome[row] > 0.5F);
  }
  rows.columns = static_cast<std::uint32_t>(2 * x.columns);
  const auto fit = fit_logistic_ridge(rows, happened, penalty);
  linear.intercept = fit.intercept;
  linear.coefficient.assign(fit.coefficient.begin(), fit.coefficient.begin() + static_cast<std::ptrdiff_t>(x.columns));
  linear.missing.assign(fit.coefficient.begin() + static_cast<std::ptrdiff_t>(x.columns), fit.coefficient.end());
  return linear;
}

Result<Learner> Learner::train(const Matrix& x, std::span<const float> outcome, std::span<const std::uint64_t> group, const LearnerOptions& options) {
  const auto fit = [&](const Matrix& part, std::span<const float> happened) -> Result<Learner> {
    Learner learner;
    learner.kind_ = options.kind;
    learner.is_amount_ = options.boosted.is_amount;
    if (options.kind == LearnerKind::logistic) learner.linear_ = fit_linear(part, happened, options.penalty);
    else {
      JOINEDUP_TRY(auto trees, BoostedTrees::train(part, happened, options.boosted));
      learner.trees_.push_back(std::move(trees));
    }
    return learner;
  };
  Recalibration again;
  if (!options.boosted.is_amount) {
    std::vector<std::uint32_t> fitted, held;
    for (std::uint32_t row = 0; row < x.rows; ++row) (mix64(group[row], hold_stream) % 5 == 0 ? held : fitted).push_back(row);
    std::vector<float> happened;
    for (const auto row : fitted) happened.push_back(outcome[row]);
    std::vector<std::uint8_t> checked;
    for (const auto row : held) checked.push_back(outcome[row] > 0.5F);
    JOINEDUP_TRY(const auto part, fit(take_rows(x, fitted), happened));
    JOINEDUP_TRY(const auto probability, part.raw(take_rows(x, held)));
    again = recalibrate_where_needed(probability, checked);
  }
  JOINEDUP_TRY(Learner learner, fit(x, outcome));
  learner.recalibration_ = again;
  return learner;
}

Result<std::vector<double>> Learner::raw(const Matrix& x) const {
  if (kind_ == LearnerKind::trees) return trees_.front().predict(x);
  std::vector<double> probability(x.rows);
  for (std::size_t row = 0; row < x.rows; ++row) {
    double eta = linear_.intercept;
    for (std::size_t c = 0; c < x.columns; ++c) {
      const float v = x.at(row, c);
      eta += std::isnan(v) ? linear_.missing[c] : linear_.coefficient[c] * (shaped(v) - linear_.mean[c]) / linear_.spread[c];
    }
    probability[row] = expit(eta);
  }
  return probability;
}

Result<std::vector<double>> Learner::predict(const Matrix& x) const {
  JOINEDUP_TRY(auto probability, raw(x));
  if (!is_amount_)
    for (double& p : probability) p = recalibration_.apply(p);
  return probability;
}

Result<std::vector<float>> Learner::contributions(const Matrix& x) const {
  if (kind_ == LearnerKind::trees) return trees_.front().contributions(x);
  std::vector<float> parts;
  for (std::size_t row = 0; row < x.rows; ++row) {
    for (std::size_t c = 0; c < x.columns; ++c) {
      const float v = x.at(row, c);
      parts.push_back(static_cast<float>(std::isnan(v) ? linear_.missing[c] : linear_.coefficient[c] * (shaped(v) - linear_.mean[c]) / linear_.spread[c]));
    }
    parts.push_back(static_cast<float>(linear_.intercept));
  }
  return parts;
}

Result<std::string> Learner::json() const {
  nlohmann::json out = {{"kind", kind_ == LearnerKind::trees ? "gradient_boosted_trees" : "logistic_regression"},
                        {"is_amount", is_amount_},
                        {"recalibration", {{"intercept", recalibration_.intercept}, {"slope", recalibration_.slope}}}};
  if (kind_ == LearnerKind::trees) {
    JOINEDUP_TRY(const auto text, trees_.front().json());
    out["trees"] = nlohmann::json::parse(text);
  } else {
    out["logistic"] = {{"intercept", linear_.intercept}, {"mean", linear_.mean}, {"spread", linear_.spread}, {"coefficient", linear_.coefficient}, {"missing", linear_.missing}};
  }
  return out.dump();
}

Result<Learner> Learner::from_json(const std::string& text) {
  try {
    const auto in = nlohmann::json::parse(text);
    Learner learner;
    learner.kind_ = in.at("kind") == "gradient_boosted_trees" ? LearnerKind::trees : LearnerKind::logistic;
    learner.is_amount_ = in.at("is_amount");
    learner.recalibration_ = {in.at("recalibration").at("intercept"), in.at("recalibration").at("slope")};
    if (learner.kind_ == LearnerKind::trees) {
      JOINEDUP_TRY(auto trees, BoostedTrees::from_json(in.at("trees").dump()));
      learner.trees_.push_back(std::move(trees));
    } else {
      const auto& l = in.at("logistic");
      learner.linear_ = {l.at("mean"), l.at("spread"), l.at("coefficient"), l.at("missing"), l.at("intercept")};
    }
    return learner;
  } catch (const nlohmann::json::exception&) {
    return fail(ErrorCode::invalid_input, "The model file is damaged or of another form; train again.");
  }
}

}  // namespace joinedup::risk
