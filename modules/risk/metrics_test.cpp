#include "risk/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/random.hpp"
#include "risk/frame.hpp"
#include "risk/sparse.hpp"

namespace joinedup::risk {
namespace {

const std::string golden = std::string(JOINEDUP_SOURCE_DIR) + "/modules/risk/golden/";

std::map<std::string, double> measures() {
  std::map<std::string, double> value;
  const auto frame = read_frame(golden + "measures.csv");
  EXPECT_TRUE(frame) << frame.error().text();
  for (std::size_t row = 0; row < frame->rows; ++row)
    value[frame->columns[0].words[frame->columns[0].code[row]]] = frame->columns[1].number(row);
  return value;
}

struct GoldenScores {
  Scored scored;
  std::vector<double> other;
};
GoldenScores scores() {
  GoldenScores result;
  const auto frame = read_frame(golden + "scores.csv");
  EXPECT_TRUE(frame) << frame.error().text();
  for (std::size_t row = 0; row < frame->rows; ++row) {
    result.scored.outcome.push_back(static_cast<std::uint8_t>(frame->columns[0].number(row)));
    result.scored.probability.push_back(frame->columns[1].number(row));
    result.other.push_back(frame->columns[2].number(row));
  }
  return result;
}

Scored random_scores(std::size_t rows, std::uint64_t seed) {
  Scored scored;
  CounterRandom draw(seed, 0, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    const double p = expit(draw.normal() - 1.5);
    scored.probability.push_back(std::round(p * 50) / 50);
    scored.outcome.push_back(draw.chance(p));
    scored.cluster.push_back(static_cast<std::uint32_t>(draw.below(rows / 4)));
  }
  return scored;
}

}  // namespace

TEST(Metrics, AgreeWithScikitLearnAndStatsmodels) {
  const auto want = measures();
  const auto [scored, other] = scores();
  ASSERT_EQ(scored.size(), 600u);
  const auto seen = performance(scored, {.replicates = 0});
  EXPECT_NEAR(*seen.auroc.value, want.at("auroc"), 1e-12);
  EXPECT_NEAR(*seen.auprc.value, want.at("auprc"), 1e-12);
  EXPECT_NEAR(*seen.brier.value, want.at("brier"), 1e-12);
  EXPECT_NEAR(*seen.oe.value, want.at("oe"), 1e-12);
  EXPECT_NEAR(*seen.slope.value, want.at("slope"), 1e-6);
  EXPECT_NEAR(*seen.intercept.value, want.at("intercept"), 1e-6);
  EXPECT_NEAR(*seen.in_the_large.value, want.at("in_the_large"), 1e-6);
  EXPECT_NEAR((*seen.auroc.high - *seen.auroc.low) / 2 / 1.959963984540054, want.at("auroc_standard_error"), 1e-10);
  const auto difference = compare_auroc(scored, other);
  EXPECT_NEAR(*difference.difference.value, want.at("other_auroc") - want.at("auroc"), 1e-12);
  EXPECT_NEAR((*difference.difference.high - *difference.difference.low) / 2 / 1.959963984540054, want.at("difference_standard_error"), 1e-10);
}

TEST(Metrics, RidgeRegressionAgreesWithScikitLearn) {
  const auto want = measures();
  const auto frame = read_frame(golden + "ridge.csv");
  ASSERT_TRUE(frame);
  SparseRows x;
  std::vector<std::uint8_t> outcome;
  for (std::size_t row = 0; row < frame->rows; ++row) {
    outcome.push_back(static_cast<std::uint8_t>(frame->columns[0].number(row)));
    for (std::uint32_t c = 0; c < 3; ++c) x.add(c, static_cast<float>(frame->columns[c + 1].number(row)));
    x.end_row();
  }
  const auto fit = fit_logistic_ridge(x, outcome, 3.0);
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.intercept, want.at("ridge_intercept"), 2e-4);
  EXPECT_NEAR(fit.coefficient[0], want.at("ridge_a"), 2e-4);
  EXPECT_NEAR(fit.coefficient[1], want.at("ridge_b"), 2e-4);
  EXPECT_NEAR(fit.coefficient[2], want.at("ridge_c"), 2e-4);
}

TEST(Metrics, TheFastAurocIsTheSlowOneTiesAndAll) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto scored = random_scores(300, seed);
    double pairs = 0, won = 0;
    for (std::size_t i = 0; i < scored.size(); ++i)
      for (std::size_t j = 0; j < scored.size(); ++j)
        if (scored.outcome[i] && !scored.outcome[j]) {
          ++pairs;
          won += scored.probability[i] > scored.probability[j] ? 1 : scored.probability[i] == scored.probability[j] ? .5 : 0;
        }
    EXPECT_NEAR(*auroc(rank_rows(scored.probability), scored.outcome), won / pairs, 1e-12);
  }
}

TEST(Metrics, OneClassOnlyIsSaidNotCrashed) {
  for (const std::uint8_t only : {std::uint8_t{0}, std::uint8_t{1}}) {
    Scored scored{{.1, .2, .3}, {only, only, only}, {}};
    const auto seen = performance(scored, {.top_n = {1}});
    EXPECT_FALSE(seen.auroc.value);
    EXPECT_FALSE(seen.slope.value);
    EXPECT_TRUE(seen.brier.value);
    EXPECT_TRUE(seen.oe.value);
    ASSERT_FALSE(seen.notes.empty());
    EXPECT_NE(seen.notes[0].find("do not exist"), std::string::npos);
  }
  const auto nobody = performance({}, {});
  EXPECT_FALSE(nobody.brier.value);
  EXPECT_EQ(nobody.notes[0], "There is nobody to measure.");
  const auto one = performance({{.4}, {1}, {}}, {.top_n = {1}});
  EXPECT_EQ(*one.top_n[0].ppv.value, 1);
  EXPECT_FALSE(one.top_n[0].ppv.low);
}

TEST(Metrics, PointsThatAreNotProbabilitiesHaveNoCalibration) {
  const auto seen = performance({{12, 3, 7, 1}, {1, 0, 1, 0}, {}}, {});
  EXPECT_EQ(*seen.auroc.value, 1);
  EXPECT_FALSE(seen.brier.value);
  EXPECT_FALSE(seen.oe.value);
  EXPECT_FALSE(seen.slope.value);
}

TEST(Metrics, TheListOfTheHighestByHand) {
  // Scores 9 8 8 7 with outcomes 1 1 0 0: two of four reviewed is the 9 and half of each 8.
  const Scored scored{{.9, .8, .8, .7}, {1, 1, 0, 0}, {}};
  const auto seen = performance(scored, {.top_n = {1, 2, 3}, .replicates = 0});
  EXPECT_DOUBLE_EQ(*seen.top_n[0].ppv.value, 1);
  EXPECT_DOUBLE_EQ(*seen.top_n[1].ppv.value, .75);
  EXPECT_DOUBLE_EQ(*seen.top_n[1].sensitivity.value, .75);
  EXPECT_DOUBLE_EQ(*seen.top_n[1].number_needed_to_review.value, 2 / 1.5);
  EXPECT_DOUBLE_EQ(*seen.top_n[2].sensitivity.value, 1);
  EXPECT_DOUBLE_EQ(*seen.top_n[2].false_positive_rate.value, .5);
  EXPECT_DOUBLE_EQ(seen.top_n[1].threshold, .8);
}

TEST(Metrics, NetBenefitAndReclassificationByHand) {
  // Ten people, three events. At 0.2 the first model acts on five, two of them rightly: 2/10 − 3/10 × 0.25 = 0.125.
  const Scored first{{.9, .5, .1, .4, .3, .25, .1, .1, .1, .1}, {1, 1, 1, 0, 0, 0, 0, 0, 0, 0}, {}};
  const std::vector<double> second{.9, .5, .3, .1, .3, .25, .1, .1, .1, .1};  // one event up, one other down
  const double at[] = {.2};
  const auto curve = decision_curve(first, at);
  EXPECT_NEAR(curve[0].model, .125, 1e-12);
  EXPECT_NEAR(curve[0].all, .3 - .7 * .25, 1e-12);
  const auto moved = reclassify(first, second, .2);
  EXPECT_EQ(moved.events_up, 1);
  EXPECT_EQ(moved.others_down, 1);
  EXPECT_NEAR(*moved.among_events, 1.0 / 3, 1e-12);
  EXPECT_NEAR(*moved.among_others, 1.0 / 7, 1e-12);
  EXPECT_NEAR(*moved.total, 1.0 / 3 + 1.0 / 7, 1e-12);
  EXPECT_NEAR(moved.net_benefit_difference, (.3 - .2 * .25) - .125, 1e-12);
}

TEST(Metrics, IntervalsAreTheSameOnAnyNumberOfThreads) {
  const auto scored = random_scores(2000, 7);
  const auto one = performance(scored, {.top_n = {100}, .seed = 5, .replicates = 40, .threads = 1});
  const auto two = performance(scored, {.top_n = {100}, .seed = 5, .replicates = 40, .threads = 2});
  const auto other = performance(scored, {.top_n = {100}, .seed = 6, .replicates = 40, .threads = 2});
  EXPECT_EQ(*one.slope.low, *two.slope.low);
  EXPECT_EQ(*one.top_n[0].ppv.high, *two.top_n[0].ppv.high);
  EXPECT_NE(*one.slope.low, *other.slope.low);
  EXPECT_LT(*one.slope.low, *one.slope.value);
  EXPECT_GT(*one.slope.high, *one.slope.value);
}

TEST(Metrics, ClusteredDeLongIsDeLongWhereEachRowIsAlone) {
  auto scored = random_scores(1500, 3);
  const auto clustered = *auroc_standard_error(scored, rank_rows(scored.probability));
  for (std::uint32_t i = 0; i < scored.size(); ++i) scored.cluster[i] = i;
  const auto alone = *auroc_standard_error(scored, rank_rows(scored.probability));
  scored.cluster.clear();
  const auto plain = *auroc_standard_error(scored, rank_rows(scored.probability));
  EXPECT_NEAR(alone, plain, plain * 2e-3);
  EXPECT_NEAR(clustered, plain, plain * .25);  // clusters drawn at random carry nothing
  // Every row twice, as a cluster of two: the interval must not believe that there are twice as many people.
  Scored twice;
  for (int copy = 0; copy < 2; ++copy)
    for (std::uint32_t i = 0; i < scored.size(); ++i) {
      twice.probability.push_back(scored.probability[i]);
      twice.outcome.push_back(scored.outcome[i]);
      twice.cluster.push_back(i);
    }
  EXPECT_NEAR(*auroc_standard_error(twice, rank_rows(twice.probability)), plain, plain * 2e-3);
}

TEST(Metrics, TheCalibrationCurveFollowsAKnownBend) {
  Scored scored;
  CounterRandom draw(4, 0, 0);
  for (int i = 0; i < 60000; ++i) {
    const double p = expit(draw.normal() * 1.2 - 1);
    scored.probability.push_back(p);
    scored.outcome.push_back(draw.chance(expit(.4 + 1.3 * logit(p))));
  }
  const auto curve = calibration_curve(scored, 30);
  ASSERT_EQ(curve.size(), 30u);
  for (const auto& at : curve) {
    const double truth = expit(.4 + 1.3 * logit(at.predicted));
    EXPECT_NEAR(at.observed, truth, .02);
    EXPECT_LE(at.low, at.observed);
    EXPECT_GE(at.high, at.observed);
  }
  const auto again = recalibrate(scored.probability, scored.outcome);
  EXPECT_NEAR(again->slope, 1.3, .04);
  EXPECT_NEAR(again->intercept, .4, .04);
}

TEST(Metrics, RecalibrationLeavesAloneWhatIsRight) {
  std::vector<double> right, wrong;
  std::vector<std::uint8_t> outcome;
  CounterRandom draw(8, 0, 0);
  for (int i = 0; i < 20000; ++i) {
    const double p = expit(draw.normal() - 1);
    right.push_back(p);
    wrong.push_back(expit(.3 + 1.4 * logit(p)));
    outcome.push_back(draw.chance(p));
  }
  EXPECT_NEAR(recalibrate_where_needed(right, outcome).slope, 1, .05);  // a fitted slope has a standard error of about .02 here
  EXPECT_LE(std::fabs(recalibrate_where_needed(right, outcome).slope - 1), std::fabs(recalibrate(right, outcome)->slope - 1));
  EXPECT_NEAR(recalibrate_where_needed(wrong, outcome).slope, 1 / 1.4, .05);
}

TEST(Metrics, StabilityIndexIsZeroForTheSameAndLargeForAnother) {
  std::vector<double> a, b;
  CounterRandom draw(1, 0, 0);
  for (int i = 0; i < 10000; ++i) {
    a.push_back(draw.normal());
    b.push_back(draw.normal() + 1);
  }
  EXPECT_NEAR(population_stability_index(a, a), 0, 1e-9);
  EXPECT_GT(population_stability_index(a, b), .25);
}

}  // namespace joinedup::risk
