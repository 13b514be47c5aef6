// learner: penalised logistic regression and gradient boosted trees behind one interface, with logistic recalibration on
// people whom the fit did not see. Inside this room.
//
//   JOINEDUP_TRY(const auto learner, Learner::train(x, outcome, group, {.kind = LearnerKind::trees}));
//   JOINEDUP_TRY(const auto probability, learner.predict(x));
//   learner.json(); Learner::from_json(text);
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "risk/boosted.hpp"
#include "risk/metrics.hpp"

namespace joinedup::risk {

enum class LearnerKind { trees, logistic };

struct LearnerOptions {
  LearnerKind kind = LearnerKind::trees;
  BoostedOptions boosted{.rounds = 120, .depth = 4, .learning_rate = 0.08, .row_share = 0.8, .column_share = 0.5, .least_child_weight = 20, .ridge = 5};
  double penalty = 10;
};

class Learner {
 public:
  // `group`: a hash of the person; a fifth of the people are held back to recalibrate, then the fit is made on all.
  static Result<Learner> train(const Matrix& x, std::span<const float> outcome, std::span<const std::uint64_t> group, const LearnerOptions& options);
  Result<std::vector<double>> predict(const Matrix& x) const;
  // Each feature's part of each row's log odds; the last of a row is the base.
  Result<std::vector<float>> contributions(const Matrix& x) const;
  Result<std::string> json() const;
  static Result<Learner> from_json(const std::string& text);
  const Recalibration& recalibration() const { return recalibration_; }
  bool is_amount() const { return is_amount_; }

 private:
  struct Linear {  // of log1p of what is not negative, standardised; missing is the mean, with an indicator of its own
    std::vector<double> mean, spread, coefficient, missing;
    double intercept = 0;
  };
  Result<std::vector<double>> raw(const Matrix& x) const;
  static Linear fit_linear(const Matrix& x, std::span<const float> outcome, double penalty);
  LearnerKind kind_ = LearnerKind::trees;
  bool is_amount_ = false;
  std::vector<BoostedTrees> trees_;  // one, or none
  Linear linear_;
  Recalibration recalibration_;
};

Matrix take_rows(const Matrix& x, std::span<const std::uint32_t> rows);

}  // namespace joinedup::risk
