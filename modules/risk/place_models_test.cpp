#include "risk/place_models.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/test_folder.hpp"
#include "base/file.hpp"
#include "record/fixture.hpp"
#include "record/random_place.hpp"

namespace joinedup::risk {
namespace {

PlaceModelOptions options_of(const TestFolder& folder, const char* from) {
  PlaceModelOptions options;
  options.data_from = *parse_iso_date(from);
  options.data_to = *parse_iso_date("2026-03-31");
  options.folder = folder.path();
  return options;
}

}  // namespace

TEST(PlaceModels, OneYearOfDataTrainsNothingAndSaysWhy) {
  TestFolder folder;
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
  TestFolder folder;
  record::Fixture place("2024-04-01", "2026-03-31");
  ASSERT_TRUE(place.build());
  const auto trained = train_place_models(place.connection(), options_of(folder, "2024-04-01"));
  ASSERT_TRUE(trained) << trained.error().text();
  EXPECT_TRUE(trained->models.empty());
  ASSERT_EQ(trained->notes.size(), 5u);  // one an outcome
  for (const auto& note : trained->notes) EXPECT_NE(note.find("the record holds nobody on the days"), std::string::npos) << note;
}

TEST(PlaceModels, OneEventOnlyIsTooLittleToLearnFromAndIsSaid) {
  TestFolder folder;
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
  TestFolder folder;
  record::Fixture place("2024-10-01", "2026-03-31");
  place.run(record::random_door_sql(4000, 0));
  ASSERT_TRUE(place.build());
  const auto options = options_of(folder, "2024-10-01");
  const auto trained = train_place_models(place.connection(), options);
  ASSERT_TRUE(trained) << trained.error().text();
  ASSERT_FALSE(trained->models.empty());
  for (const auto& model : trained->models) {
    EXPECT_TRUE(std::filesystem::exists(model.file));
    const auto card = read_file(folder.path() + "/" + model.outcome + ".html");
    ASSERT_TRUE(card);
    EXPECT_NE(card->find("Never use this score to decide eligibility, resuscitation or rationing"), std::string::npos);
  }
  const auto scored = score_place(place.connection(), options);
  ASSERT_TRUE(scored) << scored.error().text();
  EXPECT_GT(scored->people, 1000u);
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_prediction WHERE outcome <> 'cost_12m' AND (probability < 0 OR probability > 1)"), 0);
  EXPECT_EQ(place.count("SELECT count(*) FROM (SELECT person_key, outcome FROM risk_prediction GROUP BY ALL HAVING count(*) > 1)"), 0);
  EXPECT_EQ(place.count("SELECT min(percentile) * 1000 + max(percentile) FROM risk_prediction WHERE outcome <> 'emergency_admission_30d'"), 1100);
  // A probability or a cost, never both; the model by a name that a person can read.
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_prediction WHERE (probability IS NULL) <> (outcome = 'cost_12m') OR (expected_cost_pence IS NULL) = (outcome = 'cost_12m')"), 0);
  EXPECT_GT(place.count("SELECT count(*) FROM risk_prediction WHERE model = 'emergency admission within 12 months, version 2026-03-31'"), 1000);
  // Just discharged: each once, as of the day after, in the last 30 days, and not back since.
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_prediction WHERE outcome = 'emergency_admission_30d' AND index_date NOT BETWEEN DATE '2026-03-03' AND DATE '2026-04-01'"), 0);
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_prediction r WHERE outcome = 'emergency_admission_30d' AND EXISTS (SELECT 1 FROM hospital_spell h WHERE h.person_key = r.person_key AND h.admission_type = 'emergency' AND h.admission_date >= r.index_date)"), 0);
  const auto first = place.csv("SELECT * FROM risk_prediction ORDER BY outcome, person_key");
  const std::string outcome = trained->models[0].outcome;
  const auto key = place.count("SELECT person_key FROM risk_prediction WHERE outcome = '" + outcome + "' ORDER BY probability DESC, person_key LIMIT 1");
  const auto why = reasons(place.connection(), options, outcome, {key}, 3);
  ASSERT_TRUE(why) << why.error().text();
  ASSERT_EQ(why->size(), 1u);
  EXPECT_LE((*why)[0].size(), 3u);

  // Trained again on one thread: the same files, the same scores.
  TestFolder other;
  auto again = options_of(other, "2024-10-01");
  again.threads = 1;
  ASSERT_TRUE(train_place_models(place.connection(), again));
  for (const auto& model : trained->models)
    EXPECT_TRUE(*read_file(model.file) == *read_file(other.path() + "/" + model.outcome + ".json")) << model.outcome;

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

TEST(PlaceModels, RefusedModelsAreNamedAndSetAside) {
  TestFolder folder;
  record::Fixture place("2024-10-01", "2026-03-31");
  place.run(record::random_door_sql(2500, 0));
  ASSERT_TRUE(place.build());
  const auto options = options_of(folder, "2024-10-01");
  ASSERT_TRUE(train_place_models(place.connection(), options));
  EXPECT_TRUE(why_models_are_refused(options).empty());
  const std::string file = folder.path() + "/cost_12m.json";
  auto text = *read_file(file);
  const auto at = text.find(feature_inputs_sha256());
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 8, "00000000");
  ASSERT_TRUE(write_file(file, text));
  const auto why = why_models_are_refused(options);
  ASSERT_EQ(why.size(), 1u);
  EXPECT_NE(why[0].find("train again (`joinedup refresh --train`)"), std::string::npos);
  ASSERT_TRUE(set_models_aside(options));
  EXPECT_TRUE(why_models_are_refused(options).empty());
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/earlier/cost_12m-refused.json"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/earlier/cost_12m-refused.html"));
}

TEST(PlaceModels, OutcomesThatContradictAModelRecalibrateItAndItsCardSaysSo) {
  TestFolder folder;
  record::Fixture place("2024-10-01", "2026-03-31");
  place.run(record::random_door_sql(4000, 0));
  ASSERT_TRUE(place.build());
  auto options = options_of(folder, "2024-10-01");
  ASSERT_TRUE(train_place_models(place.connection(), options));
  const auto first = follow_drift(place.connection(), options);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_TRUE(first->notes.empty());  // nobody has been scored since it was trained
  EXPECT_GT(first->rows, 0u);
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_drift WHERE NOT seen_in_training AND outcome <> 'emergency_admission_30d'"), 0);
  // On the day it was trained on, what it promises is what happened.
  EXPECT_NEAR(static_cast<double>(place.count("SELECT (1000 * observed_over_expected)::BIGINT FROM risk_drift WHERE outcome = 'emergency_admission_12m'")), 1000, 150);
  ASSERT_TRUE(score_place(place.connection(), options));
  const auto before = place.count("SELECT (1000 * sum(probability))::BIGINT FROM risk_prediction WHERE outcome = 'emergency_admission_12m'");

  // Three months on, said to be known: but the record ends, so that fewer are admitted than it had promised.
  options.data_to = *parse_iso_date("2026-06-30");
  place.run("DROP TABLE risk_drift; DROP TABLE risk_prediction");
  const auto second = follow_drift(place.connection(), options);
  ASSERT_TRUE(second) << second.error().text();
  const auto said = [&](const std::string& what) { return std::any_of(second->notes.begin(), second->notes.end(), [&](const auto& note) { return note.find(what) != std::string::npos; }); };
  EXPECT_TRUE(said("The model of an emergency admission within 12 months was recalibrated"));
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_drift WHERE outcome = 'emergency_admission_12m' AND NOT seen_in_training"), 3);
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_drift WHERE outcome = 'emergency_admission_12m' AND model = 'emergency admission within 12 months, version 2026-03-31, recalibrated 2026-06-30'"), 4);
  const auto card = read_file(folder.path() + "/emergency_admission_12m.html");
  ASSERT_TRUE(card);
  EXPECT_NE(card->find("Recalibrated with data to 2026-06-30"), std::string::npos);
  const auto once = place.csv("SELECT * FROM risk_drift ORDER BY ALL");
  // Followed again with the same data: the same table, and one recalibration, not two.
  place.run("DROP TABLE risk_drift");
  ASSERT_TRUE(follow_drift(place.connection(), options));
  EXPECT_EQ(once, place.csv("SELECT * FROM risk_drift ORDER BY ALL"));
  const auto again = *read_file(folder.path() + "/emergency_admission_12m.html");
  EXPECT_EQ(again.find("Recalibrated with"), again.rfind("Recalibrated with"));
  // What is promised now is less.
  options.data_to = *parse_iso_date("2026-03-31");
  ASSERT_TRUE(score_place(place.connection(), options));
  EXPECT_LT(place.count("SELECT (1000 * sum(probability))::BIGINT FROM risk_prediction WHERE outcome = 'emergency_admission_12m'"), before);
  ASSERT_TRUE(follow_spread(place.connection(), options));
  EXPECT_GT(place.count("SELECT count(*) FROM risk_drift WHERE index_date = DATE '2026-04-01' AND events IS NULL AND stability_index IS NOT NULL"), 0);
  const auto page = risk_page(place.connection(), options, "Nowhere & district");
  ASSERT_TRUE(page) << page.error().text();
  for (const char* text : {"Nowhere &amp; district", "Calibration over time", "recalibrated 2026-06-30", "not known yet", "Never use these scores"}) EXPECT_NE(page->find(text), std::string::npos) << text;
}

}  // namespace joinedup::risk
