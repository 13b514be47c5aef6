// learner: gradient boosted trees, penalised logistic regression, or both together, behind one interface, with logistic
// recalibration on people whom the fit did not see. Inside this room.
//
//   JOINEDUP_TRY(const auto learner, Learner::train(x, outcome, group, {.kind = LearnerKind::blend}));
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

enum class LearnerKind { trees, logistic, blend };  // blend: a weighted mean of both on the scale of log odds

struct LearnerOptions {
  LearnerKind kind = LearnerKind::trees;
  BoostedOptions boosted{.rounds = 80, .depth = 4, .learning_rate = 0.12, .row_share = 0.8, .column_share = 0.5, .least_child_weight = 20, .ridge = 5};
  double penalty = 10;
  std::size_t few_rows = 25'000;          // up to here every row is held back once, in five parts; above, one fifth is
  std::size_t most_linear_rows = 25'000;  // logistic regression learns from no more than about these
};

class Learner {
 public:
  // `group`: a hash of the person. People are held back to choose the weight of the two parts and to recalibrate; then the fit
  // is made on all.
  static Result<Learner> train(const Matrix& x, std::span<const float> outcome, std::span<const std::uint64_t> group, const LearnerOptions& options);
  Result<std::vector<double>> predict(const Matrix& x) const;
  // Each feature's part of each row's log odds before recalibration; the last of a row is the base.
  Result<std::vector<float>> contributions(const Matrix& x) const;
  Result<std::string> json() const;
  static Result<Learner> from_json(const std::string& text);
  const Recalibration& recalibration() const { return recalibration_; }
  double weight_of_trees() const { return weight_of_trees_; }
  bool is_amount() const { return is_amount_; }

 private:
  struct Linear {  // of log1p of counts and of other numbers as they are, standardised; missing is the mean, with an indicator
    std::vector<double> mean, spread, coefficient, missing;
    std::vector<std::uint8_t> count;  // whole numbers, none below 0
    double intercept = 0;
    double shaped(std::size_t column, float value) const;
  };
  struct Parts {
    std::vector<double> trees, linear;  // probabilities; empty where the kind has none
  };
  static Result<Learner> fit(const Matrix& x, std::span<const float> outcome, std::span<const std::uint64_t> group, const LearnerOptions& options);
  Result<Parts> parts(const Matrix& x) const;
  std::vector<double> mixed(const Parts& parts, double weight_of_trees) const;
  void choose(const Parts& held, std::span<const std::uint8_t> outcome);  // the weight, and the recalibration after it
  static Linear fit_linear(const Matrix& x, std::span<const float> outcome, std::span<const std::uint64_t> group, const LearnerOptions& options);
  LearnerKind kind_ = LearnerKind::trees;
  bool is_amount_ = false;
  double weight_of_trees_ = 1;
  std::vector<BoostedTrees> trees_;  // one, or none
  Linear linear_;
  Recalibration recalibration_;
};

Matrix take_rows(const Matrix& x, std::span<const std::uint32_t> rows);

}  // namespace joinedup::risk
