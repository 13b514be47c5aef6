#include "risk/cross_validate.hpp"

#include <mutex>

#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"

namespace joinedup::risk {
namespace {

// Streams of the seed: which fold a cluster is in, and which part of the training folds recalibrates.
constexpr std::uint64_t fold_stream = 0xF01D, hold_stream = 0x401D;
constexpr std::uint64_t hold_one_in = 5;

struct Predicted {
  std::vector<double> probability, gain;
  std::vector<std::string> names;
};

Result<Predicted> train_and_predict(const Prepared& prepared, std::span<const std::uint32_t> train, std::span<const std::uint32_t> test,
                                    std::span<const std::uint8_t> outcome, std::span<const std::uint64_t> cluster, const CrossOptions& options) {
  Predicted result;
  const Encoder encoder = Encoder::fit(prepared, train, outcome, cluster, options.encoder);
  std::vector<std::uint8_t> happened;
  for (const auto row : train) happened.push_back(outcome[row]);
  if (options.model != ModelKind::logistic) {
    const Matrix x = encoder.training_matrix();
    const std::vector<float> label(happened.begin(), happened.end());
    JOINEDUP_TRY(const auto trees, BoostedTrees::train(x, label, options.boosted));
    JOINEDUP_TRY(result.probability, trees.predict(encoder.matrix(test)));
    JOINEDUP_TRY(result.gain, trees.gain(x.columns));
    result.names = x.names;
  }
  if (options.model != ModelKind::xgboost) {
    const auto fit = fit_logistic_ridge(encoder.one_hot(train), happened, options.penalty);
    const auto probability = predict(fit, encoder.one_hot(test));
    if (result.probability.empty()) result.probability = probability;
    else
      for (std::size_t i = 0; i < probability.size(); ++i)
        result.probability[i] = expit(0.7 * logit(result.probability[i]) + 0.3 * logit(probability[i]));
  }
  return result;
}

}  // namespace

const char* model_kind_name(ModelKind kind) {
  return kind == ModelKind::xgboost ? "gradient boosted trees (XGBoost)" : kind == ModelKind::logistic ? "penalised logistic regression" : "mean of gradient boosted trees and penalised logistic regression";
}

Result<CrossValidated> cross_validate(const Prepared& prepared, std::span<const std::uint32_t> rows, std::span<const std::uint8_t> outcome,
                                      std::span<const std::uint64_t> cluster, const CrossOptions& options) {
  CrossValidated result;
  result.probability.resize(prepared.rows);
  result.before_recalibration.resize(prepared.rows);
  result.fold.resize(prepared.rows);
  result.recalibration.resize(options.folds);
  std::vector<std::vector<std::uint32_t>> test(options.folds), train(options.folds), fitted(options.folds), held(options.folds);
  for (const auto row : rows) {
    const auto fold = mix64(mix64(cluster[row], options.seed), fold_stream) % options.folds;
    result.fold[row] = static_cast<std::uint8_t>(fold);
    const bool hold = mix64(mix64(cluster[row], options.seed), hold_stream) % hold_one_in == 0;
    for (std::size_t k = 0; k < options.folds; ++k) {
      if (k == fold) {
        test[k].push_back(row);
        continue;
      }
      train[k].push_back(row);
      (hold ? held : fitted)[k].push_back(row);
    }
  }
  for (std::size_t k = 0; k < options.folds; ++k) {
    std::size_t events = 0, held_events = 0;
    for (const auto row : fitted[k]) events += outcome[row];
    for (const auto row : held[k]) held_events += outcome[row];
    if (test[k].empty() || events < 10 || events == fitted[k].size() || held_events == 0 || held_events == held[k].size())
      return fail(ErrorCode::invalid_input, "There are too few events or clusters to train over " + std::to_string(options.folds) +
                                                " folds; give a column of predictions with --predict, or fewer --folds.");
  }
  // Two trainings a fold: one leaves a fifth of the clusters out, which then say how to recalibrate the other.
  std::vector<Predicted> whole(options.folds), part(options.folds);
  Progress progress("Training and predicting over folds", options.folds * 2);
  JOINEDUP_CHECK(parallel_for(options.folds * 2, options.threads, [&](std::size_t task) -> Result<void> {
    const std::size_t k = task / 2;
    if (task % 2 == 0) {
      JOINEDUP_TRY(whole[k], train_and_predict(prepared, train[k], test[k], outcome, cluster, options));
    } else {
      JOINEDUP_TRY(part[k], train_and_predict(prepared, fitted[k], held[k], outcome, cluster, options));
    }
    progress.advance(1);
    return {};
  }));
  progress.done();
  for (std::size_t k = 0; k < options.folds; ++k) {
    std::vector<std::uint8_t> happened;
    for (const auto row : held[k]) happened.push_back(outcome[row]);
    result.recalibration[k] = recalibrate_where_needed(part[k].probability, happened);
    for (std::size_t i = 0; i < test[k].size(); ++i) {
      result.before_recalibration[test[k][i]] = whole[k].probability[i];
      result.probability[test[k][i]] = result.recalibration[k].apply(whole[k].probability[i]);
    }
    if (result.gain.size() < whole[k].gain.size()) {
      result.gain.resize(whole[k].gain.size());
      result.feature_names = whole[k].names;
    }
    // Names of crosses may differ between folds: only those of single columns, which stand first, are added up.
    for (std::size_t f = 0; f < whole[k].gain.size() && f < prepared.numbers.size() + prepared.keys.size(); ++f) result.gain[f] += whole[k].gain[f];
  }
  return result;
}

}  // namespace joinedup::risk
