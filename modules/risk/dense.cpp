#include "risk/dense.hpp"

#include <cmath>

#include "risk/metrics.hpp"

namespace joinedup::risk {
namespace {

// Solves the system in place by Cholesky's decomposition; `a` is symmetric, its lower triangle is read and overwritten.
bool solve_in_place(std::vector<double>& a, std::vector<double>& b, std::size_t size) {
  for (std::size_t j = 0; j < size; ++j) {
    double pivot = a[j * size + j];
    for (std::size_t k = 0; k < j; ++k) pivot -= a[j * size + k] * a[j * size + k];
    if (!(pivot > 0)) return false;
    a[j * size + j] = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < size; ++i) {
      double sum = a[i * size + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * size + k] * a[j * size + k];
      a[i * size + j] = sum / a[j * size + j];
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * size + k] * b[k];
    b[i] /= a[i * size + i];
  }
  for (std::size_t i = size; i-- > 0;) {
    for (std::size_t k = i + 1; k < size; ++k) b[i] -= a[k * size + i] * b[k];
    b[i] /= a[i * size + i];
  }
  return true;
}

struct Problem {
  std::span<const float> x;
  std::size_t rows, columns;
  std::span<const std::uint8_t> outcome;
  double penalty;

  // The last element of every vector is the intercept.
  double eta(std::size_t row, const std::vector<double>& w) const {
    const float* at = x.data() + row * columns;
    double sum = w[columns];
    for (std::size_t c = 0; c < columns; ++c) sum += w[c] * static_cast<double>(at[c]);
    return sum;
  }
  double objective(const std::vector<double>& w) const {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const double e = eta(row, w);
      sum += std::log1p(std::exp(-std::fabs(e))) + std::max(0.0, outcome[row] ? -e : e);
    }
    for (std::size_t c = 0; c < columns; ++c) sum += 0.5 * penalty * w[c] * w[c];
    return sum;
  }
  bool step(const std::vector<double>& w, std::vector<double>& gradient) const {
    const std::size_t size = columns + 1;
    std::vector<double> information(size * size), row_of(size);
    gradient.assign(size, 0);
    for (std::size_t row = 0; row < rows; ++row) {
      const double p = expit(eta(row, w)), spread = p * (1 - p), apart = outcome[row] - p;
      const float* at = x.data() + row * columns;
      for (std::size_t c = 0; c < columns; ++c) row_of[c] = static_cast<double>(at[c]);
      row_of[columns] = 1;
      for (std::size_t c = 0; c < size; ++c) {
        if (row_of[c] == 0) continue;
        gradient[c] += apart * row_of[c];
        const double weighted = spread * row_of[c];
        double* to = information.data() + c * size;
        for (std::size_t k = 0; k <= c; ++k) to[k] += weighted * row_of[k];
      }
    }
    for (std::size_t c = 0; c < columns; ++c) {
      gradient[c] -= penalty * w[c];
      information[c * size + c] += penalty;
    }
    return solve_in_place(information, gradient, size);
  }
};

}  // namespace

LogisticFit fit_logistic_dense(std::span<const float> x, std::size_t rows, std::size_t columns, std::span<const std::uint8_t> outcome, double penalty) {
  LogisticFit fit;
  const Problem problem{x, rows, columns, outcome, penalty};
  double events = 0;
  for (const auto y : outcome) events += y;
  std::vector<double> w(columns + 1), step, next(columns + 1);
  w[columns] = logit((events + 0.5) / (static_cast<double>(rows) + 1));
  double before = problem.objective(w);
  for (fit.steps = 1; fit.steps <= 40; ++fit.steps) {
    if (!problem.step(w, step)) break;
    double scale = 1, after = before;
    for (int halving = 0; halving < 30; ++halving, scale /= 2) {
      for (std::size_t i = 0; i < next.size(); ++i) next[i] = w[i] + scale * step[i];
      after = problem.objective(next);
      if (after <= before) break;
    }
    if (!(after <= before)) break;
    w = next;
    const bool done = before - after < 1e-8 * (1 + std::fabs(before));
    before = after;
    if (done) {
      fit.converged = true;
      break;
    }
  }
  fit.intercept = w[columns];
  fit.coefficient.assign(w.begin(), w.end() - 1);
  return fit;
}

}  // namespace joinedup::risk
