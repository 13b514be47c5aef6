#include "risk/learner.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "risk/dense.hpp"

namespace joinedup::risk {
namespace {

struct People {
  Matrix x;
  std::vector<float> y;
  std::vector<std::uint64_t> group;
  std::vector<double> truth;
};
People people(std::size_t count, std::uint64_t seed) {
  People all;
  all.x.columns = 3;
  all.x.names = {"age", "stays", "imd"};
  for (std::size_t i = 0; i < count; ++i) {
    CounterRandom draw(seed, i, 3);
    const double age = 20 + 70 * draw.uniform(), stays = std::floor(draw.exponential(.7)), imd = draw.between(1, 10);
    const double p = expit(-4 + .03 * age + .9 * std::log1p(stays) - .05 * imd);
    all.x.value.push_back(static_cast<float>(age));
    all.x.value.push_back(static_cast<float>(stays));
    all.x.value.push_back(draw.chance(.1) ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(imd));
    all.y.push_back(draw.chance(p) ? 1.0F : 0.0F);
    all.group.push_back(mix64(i));
    all.truth.push_back(p);
  }
  all.x.rows = count;
  return all;
}

}  // namespace

TEST(Learner, BothKindsComeNearTheTruthAndAreCalibrated) {
  const auto train = people(20000, 1), test = people(10000, 2);
  Scored truth{test.truth, {test.y.begin(), test.y.end()}, {}};
  const double best = *auroc(rank_rows(truth.probability), truth.outcome);
  for (const auto kind : {LearnerKind::trees, LearnerKind::logistic, LearnerKind::blend}) {
    LearnerOptions options;
    options.kind = kind;
    const auto learner = Learner::train(train.x, train.y, train.group, options);
    ASSERT_TRUE(learner) << learner.error().text();
    auto scored = truth;
    scored.probability = *learner->predict(test.x);
    const auto seen = performance(scored, {.replicates = 0});
    EXPECT_GT(*seen.auroc.value, best - .015);
    EXPECT_NEAR(*seen.slope.value, 1, .12);
    EXPECT_NEAR(*seen.oe.value, 1, .08);
    // There and back through the file, and once more from the same rows: the same numbers.
    const auto text = learner->json();
    ASSERT_TRUE(text);
    const auto again = Learner::from_json(*text);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(*again->predict(test.x), scored.probability);
    const auto twin = Learner::train(train.x, train.y, train.group, options);
    EXPECT_EQ(*twin->predict(test.x), scored.probability);
    // The parts of a row add up to its log odds before recalibration.
    const auto parts = *learner->contributions(test.x);
    for (std::size_t row = 0; row < 50; ++row) {
      double sum = 0;
      for (std::size_t c = 0; c < 4; ++c) sum += static_cast<double>(parts[row * 4 + c]);
      EXPECT_NEAR(learner->recalibration().apply(expit(sum)), scored.probability[row], 1e-4);
    }
  }
}

TEST(Learner, OfFewPeopleTheSmoothPartIsTakenAndTheSpreadIsRight) {
  // Three thousand rows: trees alone cannot spread their probabilities enough, and a fifth of the rows cannot tell them so.
  const auto train = people(3000, 4), test = people(20000, 5);
  Scored truth{test.truth, {test.y.begin(), test.y.end()}, {}};
  const double best = *auroc(rank_rows(truth.probability), truth.outcome);
  LearnerOptions options;
  options.kind = LearnerKind::blend;
  const auto learner = Learner::train(train.x, train.y, train.group, options);
  ASSERT_TRUE(learner) << learner.error().text();
  EXPECT_LT(learner->weight_of_trees(), .6);
  auto scored = truth;
  scored.probability = *learner->predict(test.x);
  const auto seen = performance(scored, {.replicates = 0});
  EXPECT_GT(*seen.auroc.value, best - .015);
  EXPECT_NEAR(*seen.slope.value, 1, .15);
}

TEST(Learner, TheDenseRegressionIsTheSparseOne) {
  const auto some = people(4000, 6);
  std::vector<float> x;
  std::vector<std::uint8_t> y;
  SparseRows sparse;
  for (std::size_t row = 0; row < some.x.rows; ++row) {
    for (std::size_t c = 0; c < 3; ++c) {
      const float v = std::isnan(some.x.at(row, c)) ? 0.0F : some.x.at(row, c) / 10;
      x.push_back(v);
      sparse.add(static_cast<std::uint32_t>(c), v);
    }
    sparse.end_row();
    y.push_back(some.y[row] > 0.5F);
  }
  const auto dense = fit_logistic_dense(x, some.x.rows, 3, y, 10), twin = fit_logistic_ridge(sparse, y, 10);
  EXPECT_TRUE(dense.converged);
  EXPECT_NEAR(dense.intercept, twin.intercept, 1e-3);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(dense.coefficient[c], twin.coefficient[c], 1e-3);
}

TEST(Learner, ADamagedFileIsSaid) {
  const auto learner = Learner::from_json("{\"kind\": 3");
  ASSERT_FALSE(learner);
  EXPECT_NE(learner.error().sentence.find("damaged"), std::string::npos);
}

}  // namespace joinedup::risk
