// A place whose true risks are known: how much of them a model of its record gives back, and whether its probabilities are right in
// every deprivation fifth. Long: the full suite sets JOINEDUP_LONG_TESTS=1. JOINEDUP_RECOVERY_PEOPLE: how many people (60,000); the bar of 0.8
// is asked of 200,000 and more.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/progress.hpp"
#include "refresh/refresh.hpp"
#include "risk/place_validation.hpp"
#include "synth/synth.hpp"

namespace joinedup::refresh {
namespace {

// Rank correlation of the model's predictions with the truth, people joined by the vault's links.
Result<double> spearman(const std::string& place, const std::string& held_out) {
  JOINEDUP_TRY(auto database, engine::Database::open("", {}));
  JOINEDUP_TRY(auto connection, database.connect());
  const auto csv = [](const std::string& path) { return "read_csv(" + engine::sql_text(path) + ", header = true, all_varchar = true)"; };
  JOINEDUP_TRY(const auto found, connection.query(
      "WITH who AS (SELECT DISTINCT l.person_key, t.true_person_id FROM " + csv(place + "/vault/links.csv") + " l JOIN " + csv(place + "/truth/person.csv") + " t USING (feed, row_id) WHERE l.feed = 'gp_registration'), "
      "one AS (SELECT person_key, min(true_person_id) AS true_person_id FROM who GROUP BY person_key HAVING count(*) = 1), "
      "both_scores AS (SELECT h.model::DOUBLE AS model, r.probability::DOUBLE AS truth FROM " + csv(held_out) + " h JOIN one USING (person_key) JOIN " + csv(place + "/truth/risk.csv") + " r USING (true_person_id)), "
      "ranked AS (SELECT rank() OVER (ORDER BY model) AS a, rank() OVER (ORDER BY truth) AS b FROM both_scores) SELECT corr(a, b), count(*) FROM ranked"));
  std::printf("rank correlation with the true risk %s over %s people\n", found.rows[0][0].c_str(), found.rows[0][1].c_str());
  return found.number(0, 0);
}

}  // namespace

TEST(Recovery, TheKnownRiskProcessIsRecoveredAndCalibratedInEveryFifth) {
  if (std::getenv("JOINEDUP_LONG_TESTS") == nullptr) GTEST_SKIP() << "a long test: set JOINEDUP_LONG_TESTS=1";
  namespace fs = std::filesystem;
  set_progress_quiet(true);
  const char* people = std::getenv("JOINEDUP_RECOVERY_PEOPLE");
  const std::string folder = (fs::temp_directory_path() / ("joinedup_recovery_" + std::to_string(::getpid()))).string();
  fs::remove_all(folder);
  synth::SynthOptions options;
  options.people = people ? std::strtoul(people, nullptr, 10) : 60000;
  options.seed = 11;
  options.folder = folder;
  ASSERT_TRUE(synth::generate_place(options));
  const auto place = place::read_place(folder);
  ASSERT_TRUE(place);
  const auto refreshed = refresh_place(*place, {});
  ASSERT_TRUE(refreshed) << refreshed.error().text();
  ASSERT_TRUE(export_links(*place, 2));
  risk::PlaceValidationOptions validation;
  validation.place = folder;
  validation.out = folder + "/validation";
  validation.outcomes = {"emergency_admission_12m"};
  validation.replicates = 0;
  validation.hold_out = risk::HoldOut::practice;
  const auto done = risk::validate_place(validation);
  ASSERT_TRUE(done) << done.error().text();
  ASSERT_EQ(done->outcomes.size(), 1u);
  const auto& seen = done->outcomes[0].validation;
  for (const auto& group : seen.groups) {
    if (group.column != "deprivation_fifth" || group.group == "unknown") continue;
    std::printf("fifth %s: %zu events, slope %.3f\n", group.group.c_str(), group.performance.events, group.performance.slope.value.value_or(0));
    EXPECT_NEAR(group.performance.slope.value.value_or(0), 1, .1) << group.group;
  }
  EXPECT_GT(-seen.comparisons[0].auroc_difference.difference.high.value_or(0), .08);  // age and sex less the model
  for (const auto& at : seen.comparisons[0].reclassification) EXPECT_LT(at.difference_high.value_or(1), 0) << at.threshold;
  const auto correlation = spearman(folder, validation.out + "/emergency_admission_12m/held_out.csv");
  ASSERT_TRUE(correlation) << correlation.error().text();
  EXPECT_GE(*correlation, options.people >= 200000 ? .8 : .78);  // measured: 0.797 at 60,000
  fs::remove_all(folder);
}

}  // namespace joinedup::refresh
