#include "risk/place_models.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "record/fixture.hpp"
#include "record/random_place.hpp"

namespace joinedup::risk {
namespace {

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/joinedup-models-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

PlaceModelOptions options_of(const Folder& folder, const char* from) {
  PlaceModelOptions options;
  options.data_from = *parse_iso_date(from);
  options.data_to = *parse_iso_date("2026-03-31");
  options.folder = folder.path;
  return options;
}

}  // namespace

TEST(PlaceModels, OneYearOfDataTrainsNothingAndSaysWhy) {
  Folder folder;
  record::Fixture place("2025-04-01", "2026-03-31");
  place.run(record::random_door_sql(300, 0));
  ASSERT_TRUE(place.build());
  const auto trained = train_place_models(place.connection(), options_of(folder, "2025-04-01"));
  ASSERT_TRUE(trained) << trained.error().text();
  EXPECT_TRUE(trained->models.empty());
  ASSERT_EQ(trained->notes.size(), 1u);
  EXPECT_NE(trained->notes[0].find("a model needs a year of outcomes"), std::string::npos);
  const auto scored = score_place(place.connection(), options_of(folder, "2025-04-01"));
  ASSERT_TRUE(scored) << scored.error().text();
  EXPECT_EQ(scored->rows, 0u);
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_prediction"), 0);
}

TEST(PlaceModels, ACohortOfNobodyTrainsNothingAndSaysSo) {
  Folder folder;
  record::Fixture place("2024-04-01", "2026-03-31");
  ASSERT_TRUE(place.build());
  const auto trained = train_place_models(place.connection(), options_of(folder, "2024-04-01"));
  ASSERT_TRUE(trained) << trained.error().text();
  EXPECT_TRUE(trained->models.empty());
  ASSERT_EQ(trained->notes.size(), 5u);  // one an outcome
  for (const auto& note : trained->notes) EXPECT_NE(note.find("the record holds nobody on the days"), std::string::npos) << note;
}

TEST(PlaceModels, OneEventOnlyIsTooLittleToLearnFromAndIsSaid) {
  Folder folder;
  record::Fixture place("2024-04-01", "2026-03-31");
  place.add("gp_organisation", {{"organisation_guid", "1"}, {"ods_code", "Y00001"}});
  for (long key = 1; key <= 150; ++key) {
    place.person(key, "1950-01-01");
    place.add("gp_registration", {{"person_key", std::to_string(key)}, {"organisation_guid", "1"}, {"registered_on", "2015-01-01"}, {"patient_type", "Regular"}});
  }
  place.add("inpatient_episode", {{"person_key", "7"}, {"provider", "RX1"}, {"provider_spell", "S1"}, {"patient_classification", "1"}, {"admission_method", "21"}, {"source_of_admission", "19"}, {"discharge_method", "1"},
                                  {"discharge_destination", "19"}, {"spell_start", "2025-09-01"}, {"spell_end", "2025-09-03"}, {"episode_number", "1"}, {"episode_start", "2025-09-01"}, {"episode_end", "2025-09-03"}});
  ASSERT_TRUE(place.build());
  const auto trained = train_place_models(place.connection(), options_of(folder, "2024-04-01"));
  ASSERT_TRUE(trained) << trained.error().text();
  EXPECT_TRUE(std::any_of(trained->notes.begin(), trained->notes.end(), [](const auto& note) {
    return note == "No model of an emergency admission within 12 months: 1 of 150 people had it, and 100 with and without are the least to learn from.";
  })) << (trained->notes.empty() ? "" : trained->notes[0]);
}

TEST(PlaceModels, TrainKeepScoreRefuse) {
  // The random place holds one year; the period is said to be longer, so that people are described half a year in.
  Folder folder;
  record::Fixture place("2024-10-01", "2026-03-31");
  place.run(record::random_door_sql(4000, 0));
  ASSERT_TRUE(place.build());
  const auto options = options_of(folder, "2024-10-01");
  const auto trained = train_place_models(place.connection(), options);
  ASSERT_TRUE(trained) << trained.error().text();
  ASSERT_FALSE(trained->models.empty());
  for (const auto& model : trained->models) {
    EXPECT_TRUE(std::filesystem::exists(model.file));
    const auto card = read_file(folder.path + "/" + model.outcome + ".html");
    ASSERT_TRUE(card);
    EXPECT_NE(card->find("Never use this score to decide eligibility, resuscitation or rationing"), std::string::npos);
  }
  const auto scored = score_place(place.connection(), options);
  ASSERT_TRUE(scored) << scored.error().text();
  EXPECT_GT(scored->people, 1000u);
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_prediction WHERE outcome <> 'cost_12m' AND (probability < 0 OR probability > 1)"), 0);
  EXPECT_EQ(place.count("SELECT count(*) FROM (SELECT person_key, outcome FROM risk_prediction GROUP BY ALL HAVING count(*) > 1)"), 0);
  EXPECT_EQ(place.count("SELECT min(percentile) * 1000 + max(percentile) FROM risk_prediction"), 1100);
  const auto first = place.csv("SELECT * FROM risk_prediction ORDER BY outcome, person_key");
  const std::string outcome = trained->models[0].outcome;
  const auto key = place.count("SELECT person_key FROM risk_prediction WHERE outcome = '" + outcome + "' ORDER BY probability DESC, person_key LIMIT 1");
  const auto why = reasons(place.connection(), options, outcome, {key}, 3);
  ASSERT_TRUE(why) << why.error().text();
  ASSERT_EQ(why->size(), 1u);
  EXPECT_LE((*why)[0].size(), 3u);

  // Trained again on one thread: the same files, the same scores.
  Folder other;
  auto again = options_of(other, "2024-10-01");
  again.threads = 1;
  ASSERT_TRUE(train_place_models(place.connection(), again));
  for (const auto& model : trained->models)
    EXPECT_TRUE(*read_file(model.file) == *read_file(other.path + "/" + model.outcome + ".json")) << model.outcome;

  // A model whose inputs are not those of today is refused, by name.
  auto text = *read_file(trained->models[0].file);
  const auto at = text.find(feature_inputs_sha256());
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 8, "00000000");
  ASSERT_TRUE(write_file(trained->models[0].file, text));
  place.run("DROP TABLE risk_prediction");
  const auto refused = score_place(place.connection(), options);
  ASSERT_TRUE(refused) << refused.error().text();
  EXPECT_TRUE(std::any_of(refused->notes.begin(), refused->notes.end(), [](const auto& note) { return note.find("features have changed") != std::string::npos; }));
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_prediction WHERE outcome = '" + outcome + "'"), 0);
}

}  // namespace joinedup::risk
