// What a list made from the scores would do: the N highest, net benefit, reclassification.
#include "risk/decision.hpp"

#include <algorithm>
#include <cmath>

namespace joinedup::risk {
namespace {

Maybe share(double part, double whole) {
  if (whole <= 0) return {};
  return part / whole;
}

double net_benefit(double true_positives, double false_positives, double rows, double threshold) {
  return true_positives / rows - false_positives / rows * threshold / (1 - threshold);
}

}  // namespace

ListYield top_rows(const Ranked& ranked, std::span<const std::uint8_t> outcome, double reviewed, std::span<const double> weight) {
  ListYield yield;
  double room = reviewed, events_here = 0, others_here = 0;
  for (std::size_t i = 0; i < ranked.order.size(); ++i) {
    const auto row = ranked.order[i];
    const double w = weight.empty() ? 1.0 : weight[row];
    (outcome[row] ? events_here : others_here) += w;
    if (!ranked.last_of_tie[i]) continue;
    const double here = events_here + others_here;
    yield.events += events_here;
    yield.others += others_here;
    if (room > 0 && here > 0) {
      const double part = std::min(1.0, room / here);
      yield.events_reviewed += part * events_here;
      yield.others_reviewed += part * others_here;
      room -= part * here;
      yield.last_row = row;
    }
    events_here = others_here = 0;
  }
  const double found = yield.events_reviewed, missed = yield.events - found;
  yield.ppv = share(found, found + yield.others_reviewed);
  yield.sensitivity = share(found, yield.events);
  if (found > 0) yield.number_needed_to_review = (found + yield.others_reviewed) / found;
  yield.false_positive_rate = share(yield.others_reviewed, yield.others);
  yield.false_negative_rate = share(missed, yield.events);
  return yield;
}

std::vector<NetBenefit> decision_curve(const Scored& scored, std::span<const double> thresholds) {
  std::vector<NetBenefit> curve;
  if (scored.size() == 0) return curve;
  const double rows = static_cast<double>(scored.size());
  double events = 0;
  for (const auto y : scored.outcome) events += y;
  for (const double threshold : thresholds) {
    double found = 0, false_alarms = 0;
    for (std::size_t i = 0; i < scored.size(); ++i)
      if (scored.probability[i] >= threshold) (scored.outcome[i] ? found : false_alarms) += 1;
    curve.push_back({threshold, net_benefit(found, false_alarms, rows, threshold), net_benefit(events, rows - events, rows, threshold)});
  }
  return curve;
}

Reclassification reclassify(const Scored& first, std::span<const double> second, double threshold) {
  Reclassification result;
  result.threshold = threshold;
  double events = 0, others = 0, found = 0, false_alarms = 0;
  const double harm = threshold / (1 - threshold);
  std::size_t clusters = first.size();
  for (const auto c : first.cluster) clusters = std::max<std::size_t>(clusters, c + 1);
  std::vector<double> moved(clusters);  // what each cluster adds to the difference of net benefit, in rows
  for (std::size_t i = 0; i < first.size(); ++i) {
    const bool before = first.probability[i] >= threshold, after = second[i] >= threshold;
    (first.outcome[i] ? events : others) += 1;
    if (before) (first.outcome[i] ? found : false_alarms) += 1;
    moved[first.cluster.empty() ? i : first.cluster[i]] += (static_cast<double>(after) - static_cast<double>(before)) * (first.outcome[i] ? 1 : -harm);
    if (after && !before) (first.outcome[i] ? result.events_up : result.others_up) += 1;
    if (before && !after) (first.outcome[i] ? result.events_down : result.others_down) += 1;
  }
  result.among_events = share(result.events_up - result.events_down, events);
  result.among_others = share(result.others_down - result.others_up, others);
  if (result.among_events && result.among_others) result.total = *result.among_events + *result.among_others;
  if (first.size() == 0) return result;
  const double rows = static_cast<double>(first.size());
  result.first_net_benefit = net_benefit(found, false_alarms, rows, threshold);
  result.net_benefit_difference = net_benefit(result.events_up - result.events_down, result.others_up - result.others_down, rows, threshold);
  result.second_net_benefit = result.first_net_benefit + result.net_benefit_difference;
  double square = 0;
  for (const double sum : moved) square += sum * sum;
  const double variance = square / (rows * rows) - result.net_benefit_difference * result.net_benefit_difference / rows;
  const double half = 1.959963984540054 * std::sqrt(std::max(0.0, variance));
  result.difference_low = result.net_benefit_difference - half;
  result.difference_high = result.net_benefit_difference + half;
  return result;
}

}  // namespace joinedup::risk
