#include "risk/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace joinedup::risk {
namespace {

double weight_of(std::span<const double> weight, std::size_t row) { return weight.empty() ? 1.0 : weight[row]; }

// The placement of each row among the other class: for an event, the share of others that score lower (ties half); for
// another, the share of events that score higher. Their means are the AUROC; their spread is its variance (DeLong 1988).
std::vector<double> placements(const Ranked& ranked, std::span<const std::uint8_t> outcome, double events, double others) {
  std::vector<double> placement(outcome.size());
  double events_above = 0, others_above = 0;
  for (std::size_t begin = 0; begin < ranked.order.size();) {
    std::size_t end = begin;
    double events_here = 0, others_here = 0;
    while (true) {
      (outcome[ranked.order[end]] ? events_here : others_here) += 1;
      if (ranked.last_of_tie[end++]) break;
    }
    for (std::size_t i = begin; i < end; ++i) {
      const auto row = ranked.order[i];
      placement[row] = outcome[row] ? (others - others_above - others_here + 0.5 * others_here) / others
                                    : (events_above + 0.5 * events_here) / events;
    }
    events_above += events_here;
    others_above += others_here;
    begin = end;
  }
  return placement;
}

struct Counts {
  double events = 0, others = 0;
};
Counts count(std::span<const std::uint8_t> outcome, std::span<const double> weight = {}) {
  Counts counts;
  for (std::size_t i = 0; i < outcome.size(); ++i) (outcome[i] ? counts.events : counts.others) += weight_of(weight, i);
  return counts;
}

// The variance of mean(event components) + mean(other components), rows alone or in clusters.
Maybe variance_of(std::span<const double> component, const Scored& scored, const Counts& counts) {
  if (scored.cluster.empty()) {
    if (counts.events < 2 || counts.others < 2) return {};
    double event_mean = 0, other_mean = 0, event_square = 0, other_square = 0;
    for (std::size_t i = 0; i < component.size(); ++i) (scored.outcome[i] ? event_mean : other_mean) += component[i];
    event_mean /= counts.events;
    other_mean /= counts.others;
    for (std::size_t i = 0; i < component.size(); ++i) {
      const double apart = component[i] - (scored.outcome[i] ? event_mean : other_mean);
      (scored.outcome[i] ? event_square : other_square) += apart * apart;
    }
    return event_square / (counts.events - 1) / counts.events + other_square / (counts.others - 1) / counts.others;
  }
  const double mean = [&] {
    double sum = 0;
    for (std::size_t i = 0; i < component.size(); ++i) sum += scored.outcome[i] ? component[i] : 0;
    return sum / counts.events;
  }();
  std::vector<double> by_cluster(1 + *std::max_element(scored.cluster.begin(), scored.cluster.end()));
  std::vector<std::uint8_t> present(by_cluster.size());
  for (std::size_t i = 0; i < component.size(); ++i) {
    by_cluster[scored.cluster[i]] += (component[i] - mean) / (scored.outcome[i] ? counts.events : counts.others);
    present[scored.cluster[i]] = 1;
  }
  const double clusters = std::accumulate(present.begin(), present.end(), 0.0);
  if (clusters < 2) return {};
  double square = 0;
  for (const double sum : by_cluster) square += sum * sum;
  return square * clusters / (clusters - 1);
}

}  // namespace

double logit(double probability) {
  const double held = std::clamp(probability, 1e-15, 1 - 1e-15);
  return std::log(held / (1 - held));
}

double expit(double log_odds) { return log_odds >= 0 ? 1 / (1 + std::exp(-log_odds)) : std::exp(log_odds) / (1 + std::exp(log_odds)); }

Estimate wilson(double events, double rows) {
  if (rows <= 0) return {};
  constexpr double z = 1.959963984540054;
  const double share = events / rows, scale = 1 + z * z / rows;
  const double middle = (share + z * z / (2 * rows)) / scale;
  const double half = z * std::sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)) / scale;
  return {share, std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Ranked rank_rows(std::span<const double> score) {
  Ranked ranked;
  ranked.order.resize(score.size());
  std::iota(ranked.order.begin(), ranked.order.end(), 0u);
  std::sort(ranked.order.begin(), ranked.order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return score[a] != score[b] ? score[a] > score[b] : a < b; });
  ranked.last_of_tie.resize(score.size());
  for (std::size_t i = 0; i < score.size(); ++i)
    ranked.last_of_tie[i] = i + 1 == score.size() || score[ranked.order[i]] != score[ranked.order[i + 1]];
  return ranked;
}

Maybe auroc(const Ranked& ranked, std::span<const std::uint8_t> outcome, std::span<const double> weight) {
  double events_above = 0, others_above = 0, events_here = 0, others_here = 0, pairs = 0;
  for (std::size_t i = 0; i < ranked.order.size(); ++i) {
    const auto row = ranked.order[i];
    (outcome[row] ? events_here : others_here) += weight_of(weight, row);
    if (!ranked.last_of_tie[i]) continue;
    pairs += others_here * (events_above + 0.5 * events_here);
    events_above += events_here;
    others_above += others_here;
    events_here = others_here = 0;
  }
  if (events_above <= 0 || others_above <= 0) return {};
  return pairs / (events_above * others_above);
}

Maybe auprc(const Ranked& ranked, std::span<const std::uint8_t> outcome, std::span<const double> weight) {
  double events = 0, rows = 0, events_here = 0, area = 0;
  const auto counts = count(outcome, weight);
  if (counts.events <= 0) return {};
  for (std::size_t i = 0; i < ranked.order.size(); ++i) {
    const auto row = ranked.order[i];
    const double w = weight_of(weight, row);
    rows += w;
    if (outcome[row]) events_here += w;
    if (!ranked.last_of_tie[i]) continue;
    events += events_here;
    if (rows > 0) area += events_here / counts.events * (events / rows);
    events_here = 0;
  }
  return area;
}

Maybe brier(std::span<const double> probability, std::span<const std::uint8_t> outcome, std::span<const double> weight) {
  double sum = 0, rows = 0;
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    const double w = weight_of(weight, i), apart = probability[i] - outcome[i];
    sum += w * apart * apart;
    rows += w;
  }
  if (rows <= 0) return {};
  return sum / rows;
}

Maybe observed_over_expected(std::span<const double> probability, std::span<const std::uint8_t> outcome, std::span<const double> weight) {
  double observed = 0, expected = 0;
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    const double w = weight_of(weight, i);
    observed += w * outcome[i];
    expected += w * probability[i];
  }
  if (expected <= 0) return {};
  return observed / expected;
}

Maybe auroc_standard_error(const Scored& scored, const Ranked& ranked) {
  const auto counts = count(scored.outcome);
  if (counts.events <= 0 || counts.others <= 0) return {};
  const auto variance = variance_of(placements(ranked, scored.outcome, counts.events, counts.others), scored, counts);
  if (!variance) return {};
  return std::sqrt(*variance);
}

Difference compare_auroc(const Scored& first, std::span<const double> second) {
  const auto counts = count(first.outcome);
  if (counts.events <= 0 || counts.others <= 0) return {};
  auto apart = placements(rank_rows(second), first.outcome, counts.events, counts.others);
  const auto of_first = placements(rank_rows(first.probability), first.outcome, counts.events, counts.others);
  double difference = 0;
  for (std::size_t i = 0; i < apart.size(); ++i) {
    apart[i] -= of_first[i];
    if (first.outcome[i]) difference += apart[i] / counts.events;
  }
  Difference result;
  result.difference.value = difference;
  const auto variance = variance_of(apart, first, counts);
  if (!variance) return result;
  const double error = std::sqrt(*variance);
  result.difference.low = difference - 1.959963984540054 * error;
  result.difference.high = difference + 1.959963984540054 * error;
  if (error > 0) result.p_value = std::erfc(std::fabs(difference) / error / std::sqrt(2.0));
  return result;
}

}  // namespace joinedup::risk
