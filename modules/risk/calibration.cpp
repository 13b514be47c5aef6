// Calibration: do the probabilities mean what they say? Small logistic regressions by Newton's method.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "risk/metrics.hpp"

namespace joinedup::risk {
namespace {

double weight_of(std::span<const double> weight, std::size_t row) { return weight.empty() ? 1.0 : weight[row]; }

// Cholesky factor of a symmetric positive matrix, lower, in place; false where it is not positive.
template <std::size_t N>
bool factorise(std::array<std::array<double, N>, N>& a) {
  for (std::size_t i = 0; i < N; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i][k] * a[j][k];
      if (i == j) {
        if (!(sum > 1e-12)) return false;
        a[i][i] = std::sqrt(sum);
      } else {
        a[i][j] = sum / a[j][j];
      }
    }
  return true;
}

template <std::size_t N>
std::array<double, N> solve(const std::array<std::array<double, N>, N>& factor, std::array<double, N> b) {
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= factor[i][k] * b[k];
    b[i] /= factor[i][i];
  }
  for (std::size_t i = N; i-- > 0;) {
    for (std::size_t k = i + 1; k < N; ++k) b[i] -= factor[k][i] * b[k];
    b[i] /= factor[i][i];
  }
  return b;
}

template <std::size_t N>
struct Fit {
  std::array<double, N> coefficient{};
  std::array<std::array<double, N>, N> factor{};  // of the information matrix
};

// Logistic regression with N terms; `terms(row)` gives them. Steps are halved where the likelihood would fall.
template <std::size_t N, class Terms>
std::optional<Fit<N>> fit_logistic(std::size_t rows, std::span<const std::uint8_t> outcome, std::span<const double> weight, Terms terms,
                                   std::array<double, N> start) {
  Fit<N> fit;
  fit.coefficient = start;
  const auto evaluate = [&](const std::array<double, N>& at, std::array<double, N>* gradient, std::array<std::array<double, N>, N>* information) {
    double likelihood = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const double w = weight_of(weight, row);
      if (w == 0) continue;
      const std::array<double, N> x = terms(row);
      double eta = 0;
      for (std::size_t i = 0; i < N; ++i) eta += at[i] * x[i];
      const double p = expit(eta);
      likelihood -= w * (outcome[row] ? std::log1p(std::exp(-std::fabs(eta))) + (eta < 0 ? -eta : 0) : std::log1p(std::exp(-std::fabs(eta))) + (eta > 0 ? eta : 0));
      if (!gradient) continue;
      const double residual = w * (outcome[row] - p), spread = w * p * (1 - p);
      for (std::size_t i = 0; i < N; ++i) {
        (*gradient)[i] += residual * x[i];
        for (std::size_t j = 0; j <= i; ++j) (*information)[i][j] += spread * x[i] * x[j];
      }
    }
    return likelihood;
  };
  for (int step = 0; step < 50; ++step) {
    std::array<double, N> gradient{};
    std::array<std::array<double, N>, N> information{};
    const double before = evaluate(fit.coefficient, &gradient, &information);
    if (!factorise(information)) return {};
    fit.factor = information;
    const auto move = solve(information, gradient);
    double size = 0;
    for (std::size_t i = 0; i < N; ++i) size = std::max(size, std::fabs(move[i]));
    if (!std::isfinite(size)) return {};
    if (size < 1e-10) return fit;
    double scale = 1;
    auto next = fit.coefficient;
    for (int halving = 0; halving < 30; ++halving, scale /= 2) {
      for (std::size_t i = 0; i < N; ++i) next[i] = fit.coefficient[i] + scale * move[i];
      if (size < 0.1 || evaluate(next, nullptr, nullptr) >= before) break;
    }
    fit.coefficient = next;
    for (const double c : next)
      if (std::fabs(c) > 1e4) return {};  // separated: no finite answer
    if (size < 1e-6) return fit;
  }
  return {};
}

bool has_both(std::span<const std::uint8_t> outcome, std::span<const double> weight) {
  bool event = false, other = false;
  for (std::size_t i = 0; i < outcome.size() && !(event && other); ++i)
    if (weight_of(weight, i) > 0) (outcome[i] ? event : other) = true;
  return event && other;
}

}  // namespace

double Recalibration::apply(double probability) const { return expit(intercept + slope * logit(probability)); }

std::optional<Recalibration> recalibrate(std::span<const double> probability, std::span<const std::uint8_t> outcome,
                                         std::span<const double> weight, const Recalibration& start) {
  if (!has_both(outcome, weight)) return {};
  std::vector<double> x(probability.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = logit(probability[i]);
  const auto fit = fit_logistic<2>(x.size(), outcome, weight, [&](std::size_t row) { return std::array{1.0, x[row]}; }, {start.intercept, start.slope});
  if (!fit) return {};
  return Recalibration{fit->coefficient[0], fit->coefficient[1]};
}

Recalibration recalibrate_where_needed(std::span<const double> probability, std::span<const std::uint8_t> outcome) {
  const auto fitted = recalibrate(probability, outcome);
  if (!fitted || fitted->slope <= 0) return {};
  double gain = 0;
  for (std::size_t i = 0; i < probability.size(); ++i) {
    const double before = expit(logit(probability[i])), after = fitted->apply(probability[i]);
    gain += outcome[i] ? std::log(after / before) : std::log((1 - after) / (1 - before));
  }
  const double kept = std::max(0.0, 1 - 1 / std::max(2 * gain, 1e-9));
  return {kept * fitted->intercept, 1 + kept * (fitted->slope - 1)};
}

Maybe calibration_in_the_large(std::span<const double> probability, std::span<const std::uint8_t> outcome, std::span<const double> weight) {
  if (!has_both(outcome, weight)) return {};
  std::vector<double> x(probability.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = logit(probability[i]);
  double at = 0;
  for (int step = 0; step < 50; ++step) {
    double gradient = 0, information = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double p = expit(at + x[i]), w = weight_of(weight, i);
      gradient += w * (outcome[i] - p);
      information += w * p * (1 - p);
    }
    if (information <= 0) return {};
    const double move = std::clamp(gradient / information, -2.0, 2.0);
    at += move;
    if (std::fabs(move) < 1e-9) return at;
  }
  return {};
}

std::vector<CurvePoint> calibration_curve(const Scored& scored, std::size_t points) {
  const std::size_t rows = scored.size();
  if (rows < 50 || points < 2 || !has_both(scored.outcome, {})) return {};
  std::vector<double> x(rows);
  for (std::size_t i = 0; i < rows; ++i) x[i] = logit(scored.probability[i]);
  auto sorted = x;
  std::sort(sorted.begin(), sorted.end());
  const auto quantile = [&](double q) { return sorted[static_cast<std::size_t>(q * static_cast<double>(rows - 1))]; };
  // Harrell's knots for four: the 5th, 35th, 65th and 95th hundredth.
  const std::array<double, 4> knot{quantile(.05), quantile(.35), quantile(.65), quantile(.95)};
  const auto cube = [](double v) { return v > 0 ? v * v * v : 0.0; };
  const double reach = knot[3] - knot[0];
  const bool can_bend = knot[1] > knot[0] + 1e-6 && knot[2] > knot[1] + 1e-6 && knot[3] > knot[2] + 1e-6;
  const auto terms = [&](double v) {
    std::array<double, 4> out{1, v, 0, 0};
    if (can_bend)
      for (std::size_t j = 0; j < 2; ++j)
        out[2 + j] = (cube(v - knot[j]) - cube(v - knot[2]) * (knot[3] - knot[j]) / (knot[3] - knot[2]) +
                      cube(v - knot[3]) * (knot[2] - knot[j]) / (knot[3] - knot[2])) / (reach * reach);
    return out;
  };
  const double low = quantile(.005), high = quantile(.995);
  std::vector<CurvePoint> curve;
  const auto draw = [&](const auto& fit, auto basis) {
    for (std::size_t i = 0; i < points; ++i) {
      // Even steps of probability, so that a picture is smooth where people look.
      const double p = expit(low) + (expit(high) - expit(low)) * static_cast<double>(i) / static_cast<double>(points - 1);
      const auto at = basis(logit(p));
      double eta = 0, variance = 0;
      for (std::size_t j = 0; j < at.size(); ++j) eta += at[j] * fit.coefficient[j];
      const auto inverse = solve(fit.factor, at);
      for (std::size_t j = 0; j < at.size(); ++j) variance += at[j] * inverse[j];
      const double half = 1.959963984540054 * std::sqrt(std::max(0.0, variance));
      curve.push_back({p, expit(eta), expit(eta - half), expit(eta + half)});
    }
  };
  if (can_bend)
    if (const auto fit = fit_logistic<4>(rows, scored.outcome, {}, [&](std::size_t row) { return terms(x[row]); }, {0, 1, 0, 0})) {
      draw(*fit, terms);
      return curve;
    }
  const auto straight = [](double v) { return std::array{1.0, v}; };
  if (const auto fit = fit_logistic<2>(rows, scored.outcome, {}, [&](std::size_t row) { return straight(x[row]); }, {0, 1})) draw(*fit, straight);
  return curve;
}

std::vector<Decile> calibration_groups(const Scored& scored, std::size_t groups) {
  std::vector<Decile> result;
  const std::size_t rows = scored.size();
  if (rows == 0) return result;
  std::vector<std::uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) {
    return scored.probability[a] != scored.probability[b] ? scored.probability[a] < scored.probability[b] : a < b;
  });
  groups = std::min(groups, rows);
  for (std::size_t g = 0; g < groups; ++g) {
    Decile group;
    double events = 0;
    for (std::size_t i = rows * g / groups; i < rows * (g + 1) / groups; ++i) {
      group.predicted += scored.probability[order[i]];
      events += scored.outcome[order[i]];
      ++group.rows;
    }
    group.predicted /= static_cast<double>(group.rows);
    const auto share = wilson(events, static_cast<double>(group.rows));
    group.observed = *share.value;
    group.low = *share.low;
    group.high = *share.high;
    result.push_back(group);
  }
  return result;
}

double population_stability_index(std::span<const double> expected, std::span<const double> actual, std::size_t groups) {
  if (expected.empty() || actual.empty()) return 0;
  std::vector<double> sorted(expected.begin(), expected.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> cut;
  for (std::size_t g = 1; g < groups; ++g) {
    const double at = sorted[sorted.size() * g / groups];
    if (cut.empty() || at > cut.back()) cut.push_back(at);
  }
  const auto shares = [&](std::span<const double> values) {
    std::vector<double> share(cut.size() + 1);
    for (const double v : values) share[static_cast<std::size_t>(std::upper_bound(cut.begin(), cut.end(), v) - cut.begin())] += 1;
    // Half a person in each group, so that an empty one does not make the index infinite.
    for (double& s : share) s = (s + 0.5) / (static_cast<double>(values.size()) + 0.5 * static_cast<double>(share.size()));
    return share;
  };
  const auto before = shares(expected), after = shares(actual);
  double index = 0;
  for (std::size_t g = 0; g < before.size(); ++g) index += (after[g] - before[g]) * std::log(after[g] / before[g]);
  return index;
}

}  // namespace joinedup::risk
