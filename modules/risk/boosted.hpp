// boosted: gradient boosted trees, by XGBoost's C interface, and nothing else of it. Inside this room.
//
//   JOINEDUP_TRY(const auto trees, BoostedTrees::train(matrix, outcome, {.rounds = 200, .threads = 1}));
//   JOINEDUP_TRY(const auto probability, trees.predict(matrix));
//   trees.json();      // the whole model; BoostedTrees::from_json(text) gives it back
//
// The same rows, options and number of threads give the same trees. Missing is NaN, and has a direction of its own in
// every split.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace joinedup::risk {

struct Matrix {  // rows one after another; NaN is missing
  std::size_t rows = 0, columns = 0;
  std::vector<float> value;
  std::vector<std::string> names;
  float at(std::size_t row, std::size_t column) const { return value[row * columns + column]; }
};

struct BoostedOptions {
  int rounds = 250, depth = 6;
  double learning_rate = 0.05, row_share = 0.8, column_share = 0.15, least_child_weight = 30, ridge = 5;
  std::uint64_t seed = 1;
  unsigned threads = 1;
  bool is_amount = false;  // an amount (cost) by Tweedie's distribution, in place of a yes or no
};

class BoostedTrees {
 public:
  static Result<BoostedTrees> train(const Matrix& x, std::span<const float> outcome, const BoostedOptions& options);
  static Result<BoostedTrees> from_json(std::string_view text);
  BoostedTrees(BoostedTrees&&) noexcept;
  BoostedTrees& operator=(BoostedTrees&&) noexcept;
  ~BoostedTrees();
  Result<std::vector<double>> predict(const Matrix& x) const;
  // Each feature's share of the log odds of each row (exact for trees: Lundberg 2018); the last column is the base.
  Result<std::vector<float>> contributions(const Matrix& x) const;
  Result<std::string> json() const;
  Result<std::vector<double>> gain(std::size_t columns) const;  // of each feature over all splits

 private:
  struct State;
  explicit BoostedTrees(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

std::string xgboost_version();

}  // namespace joinedup::risk
