// The loop's risk step: models where there are none, and again where those there are no longer fit.
#include "refresh/risk_step.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "record/fixture.hpp"
#include "record/random_place.hpp"
#include "risk/risk.hpp"

namespace joinedup::refresh {

TEST(RiskStep, AModelWhoseInputsHaveChangedIsSetAsideAndTrainedAgain) {
  char name[] = "/tmp/joinedup-risk-step-XXXXXX";
  const std::string folder = mkdtemp(name);
  record::Fixture place("2024-10-01", "2026-03-31");
  place.run(record::random_door_sql(4000, 0));
  ASSERT_TRUE(place.build());
  const RiskStep step{folder, *parse_iso_date("2024-10-01"), *parse_iso_date("2026-03-31"), 2, TrainModels::if_missing};
  const auto done = score_people(place.connection(), step);
  ASSERT_TRUE(done) << done.error().text();
  for (const auto& table : risk_tables()) EXPECT_GE(place.count("SELECT count(*) FROM " + table.name), table.name == "risk_discharge_score" ? 0 : 1) << table.name;
  const auto first = place.csv("SELECT * FROM risk_prediction ORDER BY ALL");
  const std::string file = folder + "/cost_12m.json";
  const auto kept = *read_file(file);

  auto text = kept;
  text.replace(text.find(risk::feature_inputs_sha256()), 8, "00000000");
  ASSERT_TRUE(write_file(file, text));
  for (const auto& table : risk_tables()) place.run("DROP TABLE " + table.name);
  const auto again = score_people(place.connection(), step);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_TRUE(*read_file(file) == kept);  // trained on the same record: the same model
  EXPECT_EQ(first, place.csv("SELECT * FROM risk_prediction ORDER BY ALL"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/earlier/cost_12m-refused.json"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/earlier/emergency_admission_12m-2026-03-31.json"));
  std::filesystem::remove_all(folder);
}

}  // namespace joinedup::refresh
