#include <gtest/gtest.h>

#include <cmath>

#include "record/fixture.hpp"
#include "risk/risk.hpp"

namespace joinedup::risk {
namespace {

// One stay of one person: dates, method of admission (21 emergency, 11 elective), diagnoses.
void stay(record::Fixture& place, long person, const std::string& from, const std::string& to, const std::string& method, const std::vector<std::string>& diagnoses) {
  static int number = 0;
  record::Fixture::Row row = {{"person_key", std::to_string(person)}, {"provider", "RX1"}, {"provider_spell", "S" + std::to_string(++number)},
                              {"patient_classification", "1"}, {"admission_method", method}, {"source_of_admission", "19"}, {"discharge_method", "1"},
                              {"discharge_destination", "19"}, {"spell_start", from}, {"spell_end", to}, {"episode_number", "1"},
                              {"episode_start", from}, {"episode_end", to}, {"hrg", "DZ65A"}};
  for (std::size_t i = 0; i < diagnoses.size(); ++i) row.emplace_back("diagnosis_0" + std::to_string(i + 1), diagnoses[i]);
  place.add("inpatient_episode", row);
}

void build_and_score(record::Fixture& place, const std::string& day) {
  const auto built = place.build();
  ASSERT_TRUE(built) << built.error().text();
  const auto done = write_published_scores(place.connection(), {.index_date = *parse_iso_date(day)});
  ASSERT_TRUE(done) << done.error().text();
}

const char* const all_scores = "SELECT person_key, score_name, score FROM risk_score ORDER BY person_key, score_name";
const char* const all_terms = "SELECT person_key, score_name, term, points, source_table, first_date FROM risk_score_term ORDER BY person_key, score_name, term";

}  // namespace

TEST(WarehouseScores, OneStoryWorkedByHand) {
  record::Fixture place;
  place.person(1, "1940-02-01");
  stay(place, 1, "2024-05-01", "2024-05-06", "21", {"I50.0", "F00.1", "C50.9"});
  stay(place, 1, "2025-02-01", "2025-02-03", "11", {"C78.0", "I50.9"});
  build_and_score(place, "2025-03-31");
  EXPECT_EQ(place.csv(all_scores),
            // Heart failure is a condition sensitive to ambulatory care and was the primary diagnosis of an emergency in the last 12 months.
            "1,acsc,1\n"
            // The record's conditions: heart failure 1.18 + dementia 2.5 + cancer 1.53.
            "1,cambridge,5.21\n"
            // Heart failure 2 + dementia 2 + metastatic 6; the primary tumour is overruled.
            "1,charlson_quan2011,10\n"
            // Heart failure 7 + metastatic 12.
            "1,elixhauser_vw,19\n"
            "1,hfrs,7.1\n");
  EXPECT_EQ(place.csv("SELECT term, points, source_table, first_date FROM risk_score_term WHERE score_name = 'charlson_quan2011' ORDER BY term"),
            "canc,0,spell_diagnosis,2024-05-01\nchf,2,spell_diagnosis,2024-05-01\ndementia,2,spell_diagnosis,2024-05-01\nmetacanc,6,spell_diagnosis,2025-02-01\n");
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_score WHERE index_date = DATE '2025-03-31'"), 5);
  EXPECT_EQ(place.count("SELECT count(*) FROM duckdb_tables() WHERE temporary"), 0);
}

TEST(WarehouseScores, NothingAfterTheIndexDateIsSeen) {
  const auto scored = [](bool with_the_future) {
    record::Fixture place;
    place.person(1, "1940-02-01");
    place.person(2, "1950-02-01");
    stay(place, 1, "2024-05-01", "2024-05-06", "21", {"I50.0"});
    stay(place, 2, "2024-11-01", "2024-11-02", "11", {"E11.2"});
    if (with_the_future) {
      stay(place, 1, "2025-03-30", "2025-04-02", "21", {"G81.9", "F00.1"});  // begun before, coded after
      stay(place, 2, "2025-05-01", "2025-05-04", "21", {"C78.0"});
    }
    build_and_score(place, "2025-03-31");
    return place.csv(all_scores) + place.csv(all_terms);
  };
  EXPECT_EQ(scored(true), scored(false));
  EXPECT_NE(scored(false).find("charlson_quan2011"), std::string::npos);
}

TEST(WarehouseScores, WindowsAndAgesByTheScore) {
  record::Fixture place;
  place.person(1, "1980-02-01");
  place.person(2, "1940-02-01");
  place.person(3, "1940-02-01");
  stay(place, 1, "2024-05-01", "2024-05-06", "21", {"F05.0"});
  stay(place, 2, "2023-04-02", "2023-04-04", "21", {"J45.9"});  // within two years, not within one
  stay(place, 3, "2023-03-01", "2023-03-04", "21", {"F05.0"});  // over two years before
  build_and_score(place, "2025-03-31");
  EXPECT_EQ(place.csv("SELECT person_key, status FROM risk_score WHERE score_name = 'hfrs' ORDER BY person_key"),
            "1,transcribed second-hand; made for older people than this one\n2,transcribed second-hand\n");
  EXPECT_EQ(place.csv("SELECT person_key, score FROM risk_score WHERE score_name = 'charlson_quan2011' ORDER BY person_key"), "1,0\n2,1\n");
  EXPECT_EQ(place.csv("SELECT person_key, score FROM risk_score WHERE score_name = 'acsc' ORDER BY person_key"), "1,0\n");
  EXPECT_NE(place.csv("SELECT DISTINCT status FROM risk_score WHERE score_name = 'cambridge'").find("incomplete: 4 of 20 conditions are not in the record"), std::string::npos);
}

TEST(WarehouseScores, TheDeadAreNotScoredAndNobodyIsNobody) {
  record::Fixture place;
  place.person(1, "1940-02-01");
  stay(place, 1, "2024-05-01", "2024-05-06", "21", {"I50.0"});
  place.add("death_registration", {{"person_key", "1"}, {"date_of_death", "2025-01-01"}});
  build_and_score(place, "2025-03-31");
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_score"), 0);
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_score_term"), 0);
}

TEST(WarehouseScores, AnIndexDateOutsideTheDataIsRefused) {
  record::Fixture place("2023-04-01", "2026-03-31");
  place.person(1, "1940-02-01");
  stay(place, 1, "2024-05-01", "2024-05-06", "21", {"I50.0"});
  ASSERT_TRUE(place.build());
  for (const auto* day : {"2023-03-31", "2026-04-01"}) {
    const PublishedScoreOptions asked{.index_date = *parse_iso_date(day), .data_from = parse_iso_date("2023-04-01"), .data_to = parse_iso_date("2026-03-31")};
    const auto scored = write_published_scores(place.connection(), asked);
    ASSERT_FALSE(scored) << day;
    EXPECT_EQ(scored.error().sentence, "People can be scored as of a day within the data, 2023-04-01 to 2026-03-31; " + std::string(day) + " lies outside.");
    EXPECT_FALSE(write_discharge_scores(place.connection(), asked)) << day;
  }
}

TEST(WarehouseScores, ACohortOfNobodyHasNoScores) {
  record::Fixture place;
  build_and_score(place, "2025-03-31");
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_score") + place.count("SELECT count(*) FROM risk_score_term"), 0);
}

TEST(DischargeScores, Parr30WorkedByHand) {
  record::Fixture place;
  place.person(1, "1950-01-01");
  stay(place, 1, "2024-01-10", "2024-01-12", "21", {"I50.0", "N18.3"});
  stay(place, 1, "2024-06-01", "2024-06-02", "21", {"J44.9"});
  stay(place, 1, "2024-06-20", "2024-06-25", "21", {"F00.1"});  // its own diagnoses do not count
  stay(place, 1, "2025-03-30", "2025-04-20", "21", {"C78.0"});  // not yet ended
  const auto built = place.build();
  ASSERT_TRUE(built) << built.error().text();
  const auto rows = write_discharge_scores(place.connection(), {.index_date = *parse_iso_date("2025-03-31")});
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(*rows, 3);
  const auto logistic = [](double sum) { return 1 / (1 + std::exp(-sum)); };
  const double base = -2.91821 + 74 * 74 * 0.000060581 + 0.5565;  // aged 74, an emergency
  const double expected[] = {base, base + 0.1215 + 0.0950 + 0.1977, base + 2 * 0.1215 + 0.5258 + 0.0950 + 0.1977 + 0.2243};
  const auto scores = place.connection().query("SELECT score, status FROM risk_discharge_score ORDER BY discharge_date");
  ASSERT_TRUE(scores);
  ASSERT_EQ(scores->rows.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(scores->number(i, 0), logistic(expected[i]), 1e-9) << i;
    EXPECT_NE(scores->rows[i][1].find("incomplete: hospital terms"), std::string::npos);
  }
  EXPECT_EQ(place.count("SELECT count(*) FROM duckdb_tables() WHERE temporary"), 0);
}

}  // namespace joinedup::risk
