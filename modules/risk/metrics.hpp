// metrics: how well predicted probabilities agree with what happened. Formulas: docs/methods/risk-validation.md.
//
//   Scored scored{.probability = p, .outcome = y, .cluster = patient};
//   const Performance seen = performance(scored, {.top_n = {500}, .seed = 1});
//   seen.auroc.value, seen.auroc.low, seen.auroc.high;      // nothing where the data cannot say (seen.notes says why)
//
// A measure that does not exist (one class only, no predicted events, not probabilities) is empty and named in `notes`.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace joinedup::risk {

using Maybe = std::optional<double>;

struct Estimate {
  Maybe value, low, high;  // 95% interval
};

struct Scored {
  std::vector<double> probability;     // or any score: then what needs probabilities is left empty
  std::vector<std::uint8_t> outcome;   // 0 or 1
  std::vector<std::uint32_t> cluster;  // 0 …: rows that belong together (a patient, a practice); empty: each row alone
  std::size_t size() const { return outcome.size(); }
};

// Each of these takes weights, one a row (empty: all 1), so that a bootstrap replicate is the same code.
struct Ranked {  // rows in descending order of score, ties marked: sorted once, used by every replicate
  std::vector<std::uint32_t> order;
  std::vector<std::uint8_t> last_of_tie;
};
Ranked rank_rows(std::span<const double> score);
Maybe auroc(const Ranked& ranked, std::span<const std::uint8_t> outcome, std::span<const double> weight = {});
Maybe auprc(const Ranked& ranked, std::span<const std::uint8_t> outcome, std::span<const double> weight = {});  // average precision
Maybe brier(std::span<const double> probability, std::span<const std::uint8_t> outcome, std::span<const double> weight = {});
Maybe observed_over_expected(std::span<const double> probability, std::span<const std::uint8_t> outcome, std::span<const double> weight = {});

// Logistic recalibration: logit P(outcome) = intercept + slope × logit(probability), both fitted.
struct Recalibration {
  double intercept = 0, slope = 1;
  double apply(double probability) const;
};
std::optional<Recalibration> recalibrate(std::span<const double> probability, std::span<const std::uint8_t> outcome,
                                         std::span<const double> weight = {}, const Recalibration& start = {});
// The same, drawn back towards (0, 1) where chance may explain it: by the factor 1 - 1 / chi-squared of the
// likelihood ratio test (2 degrees of freedom; none where that is below 1). Fitting in full would add the noise of the rows
// it is fitted on to probabilities that are right already.
Recalibration recalibrate_where_needed(std::span<const double> probability, std::span<const std::uint8_t> outcome);
// The intercept with the slope held at 1: calibration-in-the-large on the logit scale.
Maybe calibration_in_the_large(std::span<const double> probability, std::span<const std::uint8_t> outcome, std::span<const double> weight = {});

// DeLong's standard error; with clusters, the sum of the same components by cluster (Obuchowski 1997).
Maybe auroc_standard_error(const Scored& scored, const Ranked& ranked);
// Of the difference of two scores' AUROC on the same rows.
struct Difference {
  Estimate difference;
  Maybe p_value;
};
Difference compare_auroc(const Scored& first, std::span<const double> second);

// Reviewing the N highest: ties at the cut count in proportion (what a random order among them would give on average).
struct TopN {
  std::size_t n = 0;
  double threshold = 0;  // the lowest score reviewed
  Estimate ppv, sensitivity, number_needed_to_review, false_positive_rate, false_negative_rate;
};

struct NetBenefit {
  double threshold = 0;
  double model = 0, all = 0;  // reviewing nobody is 0
};
std::vector<NetBenefit> decision_curve(const Scored& scored, std::span<const double> thresholds);

// Net reclassification at one threshold, beside the difference of net benefit at the same threshold.
struct Reclassification {
  double threshold = 0;
  double events_up = 0, events_down = 0, others_up = 0, others_down = 0;  // people
  Maybe among_events, among_others, total;                                // net, as shares
  double first_net_benefit = 0, second_net_benefit = 0;
  double net_benefit_difference = 0;                                      // second less first
  Maybe difference_low, difference_high;                                  // 95%: of a mean over rows, or over clusters' sums
};
Reclassification reclassify(const Scored& first, std::span<const double> second, double threshold);

// A smooth calibration curve: logistic regression on a restricted cubic spline of logit(probability), pointwise 95% band.
struct CurvePoint {
  double predicted = 0, observed = 0, low = 0, high = 0;
};
std::vector<CurvePoint> calibration_curve(const Scored& scored, std::size_t points = 50);
struct Decile {
  std::size_t rows = 0;
  double predicted = 0, observed = 0, low = 0, high = 0;  // Wilson's interval
};
std::vector<Decile> calibration_groups(const Scored& scored, std::size_t groups = 10);

struct PerformanceOptions {
  std::vector<std::size_t> top_n;
  std::uint64_t seed = 1;
  std::size_t replicates = 200;  // bootstrap of clusters; 0: no intervals but DeLong's
  unsigned threads = 1;
};

struct Performance {
  std::size_t rows = 0, events = 0, clusters = 0;
  double expected = 0;
  Estimate auroc, auprc, oe, slope, intercept, in_the_large, brier;
  Maybe scaled_brier;
  std::vector<TopN> top_n;
  std::vector<std::string> notes;
};
Performance performance(const Scored& scored, const PerformanceOptions& options);

// The same for each value of a grouping. `flagged_from`: the score from which people would be reviewed, over the whole
// population, so that false positives and negatives of groups are those of one list.
struct GroupPerformance {
  std::string column, group;
  Performance performance;
  Estimate flagged_share, false_positive_rate, false_negative_rate, ppv;
};
std::vector<GroupPerformance> performance_by_group(const Scored& scored, const std::string& column, std::span<const std::string> group,
                                                   double flagged_from, const PerformanceOptions& options);

// Population stability index between two distributions of a score, over the deciles of the first.
double population_stability_index(std::span<const double> expected, std::span<const double> actual, std::size_t groups = 10);

double logit(double probability);  // held within ±34.5, so that 0 and 1 do not end a report
double expit(double log_odds);
Estimate wilson(double events, double rows);

}  // namespace joinedup::risk
