// Every measure with its interval: DeLong for the AUROC, a bootstrap of clusters for the rest.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/parallel.hpp"
#include "base/random.hpp"
#include "risk/decision.hpp"
#include "risk/metrics.hpp"

namespace joinedup::risk {
namespace {

constexpr std::uint64_t bootstrap_stream = 0xB007;

struct Measures {
  Maybe auprc, oe, slope, intercept, in_the_large, brier;
  std::vector<ListYield> top_n;
};

Measures measure(const Scored& scored, const Ranked& ranked, const PerformanceOptions& options, bool are_probabilities,
                 const Recalibration& start, std::span<const double> weight, double rows) {
  Measures m;
  m.auprc = auprc(ranked, scored.outcome, weight);
  if (are_probabilities) {
    m.brier = brier(scored.probability, scored.outcome, weight);
    m.oe = observed_over_expected(scored.probability, scored.outcome, weight);
    if (const auto again = recalibrate(scored.probability, scored.outcome, weight, start)) {
      m.slope = again->slope;
      m.intercept = again->intercept;
    }
    m.in_the_large = calibration_in_the_large(scored.probability, scored.outcome, weight);
  }
  for (const auto n : options.top_n)
    m.top_n.push_back(top_rows(ranked, scored.outcome, static_cast<double>(n) * rows / static_cast<double>(scored.size()), weight));
  return m;
}

// The 2.5th and 97.5th hundredths of the replicates; nothing where fewer than nine in ten replicates gave a value.
void bound(Estimate& estimate, std::vector<double> values, std::size_t replicates) {
  if (!estimate.value || replicates < 20 || values.size() * 10 < replicates * 9) return;
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    const double place = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double above = below + 1 < values.size() ? values[below + 1] : values[below];
    return values[below] + (place - static_cast<double>(below)) * (above - values[below]);
  };
  estimate.low = at(.025);
  estimate.high = at(.975);
}

template <class Get>
void bound_each(Estimate& estimate, const std::vector<Measures>& replicates, Get get) {
  std::vector<double> values;
  for (const auto& replicate : replicates)
    if (const Maybe value = get(replicate)) values.push_back(*value);
  bound(estimate, std::move(values), replicates.size());
}

// Clusters drawn with replacement, as a weight for each row.
std::vector<double> resample(const std::vector<std::uint32_t>& cluster, std::size_t clusters, std::uint64_t seed, std::size_t replicate) {
  CounterRandom draw(seed, replicate, bootstrap_stream);
  std::vector<std::uint16_t> times(clusters);
  for (std::size_t i = 0; i < clusters; ++i) ++times[draw.below(clusters)];
  std::vector<double> weight(cluster.size());
  for (std::size_t i = 0; i < cluster.size(); ++i) weight[i] = times[cluster[i]];
  return weight;
}

void note_what_is_missing(Performance& result, bool are_probabilities) {
  if (result.rows == 0) result.notes.push_back("There is nobody to measure.");
  else if (result.events == 0) result.notes.push_back("Nobody had the outcome, so that discrimination and calibration slope do not exist here.");
  else if (result.events == result.rows) result.notes.push_back("Everybody had the outcome, so that discrimination and calibration slope do not exist here.");
  else if (result.events < 100)
    result.notes.push_back("Only " + std::to_string(result.events) + " people had the outcome: below 100, measures of calibration are unstable.");
  if (!are_probabilities) result.notes.push_back("The scores are not probabilities (some lie outside 0 to 1): calibration, Brier score and net benefit are left out.");
}

// Clusters renumbered 0 … without gaps.
std::pair<std::vector<std::uint32_t>, std::size_t> close_up(const Scored& scored) {
  std::vector<std::uint32_t> cluster(scored.size());
  if (scored.cluster.empty()) {
    std::iota(cluster.begin(), cluster.end(), 0u);
    return {cluster, cluster.size()};
  }
  std::vector<std::uint32_t> number(scored.size() ? 1 + *std::max_element(scored.cluster.begin(), scored.cluster.end()) : 0, UINT32_MAX);
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    auto& n = number[scored.cluster[i]];
    if (n == UINT32_MAX) n = next++;
    cluster[i] = n;
  }
  return {cluster, next};
}

}  // namespace

Performance performance(const Scored& scored, const PerformanceOptions& options) {
  Performance result;
  result.rows = scored.size();
  result.events = static_cast<std::size_t>(std::accumulate(scored.outcome.begin(), scored.outcome.end(), 0ull));
  const bool are_probabilities = std::all_of(scored.probability.begin(), scored.probability.end(), [](double p) { return p >= 0 && p <= 1; });
  note_what_is_missing(result, are_probabilities);
  if (result.rows == 0) return result;
  result.expected = are_probabilities ? std::accumulate(scored.probability.begin(), scored.probability.end(), 0.0) : 0;
  const auto close = close_up(scored);  // no structured binding: clang 14, which builds the fuzz programs, takes none into a lambda
  const auto& cluster = close.first;
  const auto clusters = close.second;
  result.clusters = clusters;
  const Ranked ranked = rank_rows(scored.probability);
  result.auroc.value = auroc(ranked, scored.outcome);
  if (const auto error = auroc_standard_error(scored, ranked); error && result.auroc.value) {
    result.auroc.low = std::max(0.0, *result.auroc.value - 1.959963984540054 * *error);
    result.auroc.high = std::min(1.0, *result.auroc.value + 1.959963984540054 * *error);
  }
  const Measures whole = measure(scored, ranked, options, are_probabilities, {}, {}, static_cast<double>(result.rows));
  const Recalibration start{whole.intercept.value_or(0), whole.slope.value_or(1)};
  std::vector<Measures> replicates(clusters > 1 ? options.replicates : 0);
  static_cast<void>(parallel_for(replicates.size(), options.threads, [&](std::size_t r) -> Result<void> {
    const auto weight = resample(cluster, clusters, options.seed, r);
    replicates[r] = measure(scored, ranked, options, are_probabilities, start, weight, std::accumulate(weight.begin(), weight.end(), 0.0));
    return {};
  }));
  const auto take = [&](Estimate& estimate, auto get) {
    estimate.value = get(whole);
    bound_each(estimate, replicates, get);
  };
  take(result.auprc, [](const Measures& m) { return m.auprc; });
  take(result.oe, [](const Measures& m) { return m.oe; });
  take(result.slope, [](const Measures& m) { return m.slope; });
  take(result.intercept, [](const Measures& m) { return m.intercept; });
  take(result.in_the_large, [](const Measures& m) { return m.in_the_large; });
  take(result.brier, [](const Measures& m) { return m.brier; });
  const double share = static_cast<double>(result.events) / static_cast<double>(result.rows);
  if (result.brier.value && share > 0 && share < 1) result.scaled_brier = 1 - *result.brier.value / (share * (1 - share));
  for (std::size_t i = 0; i < options.top_n.size(); ++i) {
    TopN top;
    top.n = options.top_n[i];
    top.threshold = scored.probability[whole.top_n[i].last_row];
    take(top.ppv, [&](const Measures& m) { return m.top_n[i].ppv; });
    take(top.sensitivity, [&](const Measures& m) { return m.top_n[i].sensitivity; });
    take(top.number_needed_to_review, [&](const Measures& m) { return m.top_n[i].number_needed_to_review; });
    take(top.false_positive_rate, [&](const Measures& m) { return m.top_n[i].false_positive_rate; });
    take(top.false_negative_rate, [&](const Measures& m) { return m.top_n[i].false_negative_rate; });
    result.top_n.push_back(std::move(top));
  }
  if (clusters < 2) result.notes.push_back("All rows belong to one cluster, so that there is nothing to resample and no interval.");
  return result;
}

std::vector<GroupPerformance> performance_by_group(const Scored& scored, const std::string& column, std::span<const std::string> group,
                                                   double flagged_from, const PerformanceOptions& options) {
  std::map<std::string, std::vector<std::uint32_t>> rows_of;
  for (std::uint32_t i = 0; i < scored.size(); ++i) rows_of[group[i]].push_back(i);
  std::vector<GroupPerformance> result;
  for (const auto& [name, rows] : rows_of) {
    Scored part;
    double flagged = 0, events = 0, flagged_events = 0;
    for (const auto row : rows) {
      part.probability.push_back(scored.probability[row]);
      part.outcome.push_back(scored.outcome[row]);
      if (!scored.cluster.empty()) part.cluster.push_back(scored.cluster[row]);
      const bool on_list = scored.probability[row] >= flagged_from;
      flagged += on_list;
      events += scored.outcome[row];
      flagged_events += on_list && scored.outcome[row];
    }
    GroupPerformance found;
    found.column = column;
    found.group = name;
    auto here = options;
    here.top_n.clear();
    found.performance = performance(part, here);
    const double all = static_cast<double>(rows.size());
    found.flagged_share = wilson(flagged, all);
    found.false_positive_rate = wilson(flagged - flagged_events, all - events);
    found.false_negative_rate = wilson(events - flagged_events, events);
    found.ppv = wilson(flagged_events, flagged);
    result.push_back(std::move(found));
  }
  return result;
}

}  // namespace joinedup::risk
