#include "risk/sparse.hpp"

#include <algorithm>
#include <cmath>

#include "risk/metrics.hpp"

namespace joinedup::risk {
namespace {

// Element `columns` of every vector here is the intercept.
double eta_of(const SparseRows& x, std::size_t row, std::span<const double> w) {
  double sum = w[x.columns];
  for (auto i = x.begin[row]; i < x.begin[row + 1]; ++i)
    if (x.column[i] < x.columns) sum += w[x.column[i]] * static_cast<double>(x.value[i]);
  return sum;
}

void add_row(const SparseRows& x, std::size_t row, double amount, std::span<double> to) {
  to[x.columns] += amount;
  for (auto i = x.begin[row]; i < x.begin[row + 1]; ++i) to[x.column[i]] += amount * static_cast<double>(x.value[i]);
}

double loss_of(double eta, bool event) { return std::log1p(std::exp(-std::fabs(eta))) + std::max(0.0, event ? -eta : eta); }

double objective(const SparseRows& x, std::span<const std::uint8_t> outcome, std::span<const double> w, double penalty) {
  double sum = 0;
  for (std::size_t row = 0; row < x.rows(); ++row) sum += loss_of(eta_of(x, row, w), outcome[row] != 0);
  for (std::uint32_t j = 0; j < x.columns; ++j) sum += 0.5 * penalty * w[j] * w[j];
  return sum;
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Solves (X' diag(spread) X + penalty) step = gradient, to a tenth of a thousandth.
std::vector<double> newton_step(const SparseRows& x, std::span<const double> spread, std::span<const double> gradient,
                                std::span<const double> diagonal, double penalty) {
  const std::size_t size = gradient.size();
  std::vector<double> step(size), rest(gradient.begin(), gradient.end()), guided(size), direction(size), image(size);
  const double goal = 1e-8 * dot(rest, rest);
  for (std::size_t i = 0; i < size; ++i) guided[i] = rest[i] / diagonal[i];
  direction = guided;
  double energy = dot(rest, guided);
  for (int turn = 0; turn < 200 && dot(rest, rest) > goal; ++turn) {
    std::fill(image.begin(), image.end(), 0.0);
    for (std::size_t row = 0; row < x.rows(); ++row) add_row(x, row, spread[row] * eta_of(x, row, direction), image);
    for (std::uint32_t j = 0; j < x.columns; ++j) image[j] += penalty * direction[j];
    const double curve = dot(direction, image);
    if (curve <= 0) break;
    const double length = energy / curve;
    for (std::size_t i = 0; i < size; ++i) {
      step[i] += length * direction[i];
      rest[i] -= length * image[i];
      guided[i] = rest[i] / diagonal[i];
    }
    const double next = dot(rest, guided), ratio = next / energy;
    energy = next;
    for (std::size_t i = 0; i < size; ++i) direction[i] = guided[i] + ratio * direction[i];
  }
  return step;
}

}  // namespace

LogisticFit fit_logistic_ridge(const SparseRows& x, std::span<const std::uint8_t> outcome, double penalty) {
  LogisticFit fit;
  const std::size_t size = x.columns + 1, rows = x.rows();
  std::vector<double> w(size), spread(rows);
  double events = 0;
  for (const auto y : outcome) events += y;
  w[x.columns] = logit((events + 0.5) / (static_cast<double>(rows) + 1));
  double before = objective(x, outcome, w, penalty);
  for (fit.steps = 1; fit.steps <= 40; ++fit.steps) {
    std::vector<double> gradient(size), diagonal(size, penalty);
    diagonal[x.columns] = 1e-9;
    for (std::size_t row = 0; row < rows; ++row) {
      const double p = expit(eta_of(x, row, w));
      spread[row] = p * (1 - p);
      add_row(x, row, outcome[row] - p, gradient);
      diagonal[x.columns] += spread[row];
      for (auto i = x.begin[row]; i < x.begin[row + 1]; ++i)
        diagonal[x.column[i]] += spread[row] * static_cast<double>(x.value[i]) * static_cast<double>(x.value[i]);
    }
    for (std::uint32_t j = 0; j < x.columns; ++j) gradient[j] -= penalty * w[j];
    const auto step = newton_step(x, spread, gradient, diagonal, penalty);
    double scale = 1, after = before;
    std::vector<double> next(size);
    for (int halving = 0; halving < 30; ++halving, scale /= 2) {
      for (std::size_t i = 0; i < size; ++i) next[i] = w[i] + scale * step[i];
      after = objective(x, outcome, next, penalty);
      if (after <= before) break;
    }
    if (!(after <= before)) break;
    w = next;
    const bool done = before - after < 1e-9 * (1 + std::fabs(before));
    before = after;
    if (done) {
      fit.converged = true;
      break;
    }
  }
  fit.intercept = w[x.columns];
  fit.coefficient.assign(w.begin(), w.end() - 1);
  return fit;
}

std::vector<double> predict(const LogisticFit& fit, const SparseRows& x) {
  std::vector<double> probability(x.rows());
  for (std::size_t row = 0; row < x.rows(); ++row) {
    double eta = fit.intercept;
    for (auto i = x.begin[row]; i < x.begin[row + 1]; ++i)
      if (x.column[i] < fit.coefficient.size()) eta += fit.coefficient[x.column[i]] * static_cast<double>(x.value[i]);
    probability[row] = expit(eta);
  }
  return probability;
}

}  // namespace joinedup::risk
