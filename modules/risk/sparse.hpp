// sparse: penalised logistic regression over rows that are mostly zeros. Newton's method, each step by preconditioned
// conjugate gradients; one thread, so that the same rows give the same coefficients everywhere. Inside this room.
//
//   SparseRows x; x.add(3, 1.0F); x.end_row();
//   const LogisticFit fit = fit_logistic_ridge(x, outcome, 30);
//   fit.intercept, fit.coefficient[3];
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace joinedup::risk {

struct SparseRows {
  std::vector<std::uint64_t> begin{0};
  std::vector<std::uint32_t> column;
  std::vector<float> value;
  std::uint32_t columns = 0;
  std::size_t rows() const { return begin.size() - 1; }
  void add(std::uint32_t at, float amount) {
    column.push_back(at);
    value.push_back(amount);
    if (at >= columns) columns = at + 1;
  }
  void end_row() { begin.push_back(column.size()); }
};

struct LogisticFit {
  double intercept = 0;
  std::vector<double> coefficient;
  int steps = 0;
  bool converged = false;
};
// Least of Σ loss + penalty/2 × Σ coefficient²; the intercept is free.
LogisticFit fit_logistic_ridge(const SparseRows& x, std::span<const std::uint8_t> outcome, double penalty);
std::vector<double> predict(const LogisticFit& fit, const SparseRows& x);

}  // namespace joinedup::risk
