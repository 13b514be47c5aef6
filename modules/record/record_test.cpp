#include "record/record.hpp"

#include <gtest/gtest.h>

#include "record/fixture.hpp"

namespace joinedup::record {

TEST(Record, AnEmptyPlaceHasEveryTableAndNoRows) {
  Fixture fixture;
  const auto summary = fixture.build();
  ASSERT_TRUE(summary) << summary.error().text();
  for (const auto& [table, rows] : summary->tables)
    EXPECT_TRUE(rows == 0 || table == "source" || table == "price_list" || table == "row_kept") << table;
  EXPECT_EQ(fixture.count("SELECT count(*) FROM duckdb_tables() WHERE temporary"), 0);
}

TEST(Record, ATransferIsOneContinuousSpellOfTwoProviderSpells) {
  Fixture fixture;
  fixture.person(7, "1950-03-01");
  fixture.add("inpatient_episode", {{"person_key", "7"}, {"provider", "RX1"}, {"provider_spell", "S1"}, {"patient_classification", "1"},
      {"admission_method", "21"}, {"source_of_admission", "19"}, {"discharge_method", "1"}, {"discharge_destination", "51"},
      {"spell_start", "2024-05-01"}, {"spell_end", "2024-05-06"}, {"episode_number", "1"}, {"episode_start", "2024-05-01"},
      {"episode_end", "2024-05-03"}, {"hrg", "DZ65A"}});
  fixture.add("inpatient_episode", {{"person_key", "7"}, {"provider", "RX1"}, {"provider_spell", "S1"}, {"patient_classification", "1"},
      {"admission_method", "21"}, {"source_of_admission", "19"}, {"discharge_method", "1"}, {"discharge_destination", "51"},
      {"spell_start", "2024-05-01"}, {"spell_end", "2024-05-06"}, {"episode_number", "2"}, {"episode_start", "2024-05-03"},
      {"episode_end", "2024-05-06"}, {"hrg", "DZ65A"}});
  fixture.add("inpatient_episode", {{"person_key", "7"}, {"provider", "RX2"}, {"provider_spell", "T9"}, {"patient_classification", "1"},
      {"admission_method", "81"}, {"source_of_admission", "51"}, {"discharge_method", "1"}, {"discharge_destination", "19"},
      {"spell_start", "2024-05-07"}, {"spell_end", "2024-05-20"}, {"episode_number", "1"}, {"episode_start", "2024-05-07"},
      {"episode_end", "2024-05-20"}, {"hrg", "NONE0"}});
  const auto summary = fixture.build();
  ASSERT_TRUE(summary) << summary.error().text();
  EXPECT_EQ(fixture.csv("SELECT provider, episodes, cips_sequence, cips_spells, length_of_stay, price_rule, cost_pence, cost_defaulted "
                        "FROM hospital_spell ORDER BY source_row"),
            "RX1,2,1,2,5,non_elective,435000,false\nRX2,1,2,2,13,non_elective,280000,true\n");
  EXPECT_EQ(fixture.count("SELECT count(DISTINCT cips_key) FROM hospital_spell"), 1);
}

TEST(Record, AWeeklyPackageFallsOnMonthsByDays) {
  Fixture fixture;
  fixture.person(3, "1940-01-01");
  fixture.add("social_care_event", {{"person_key", "3"}, {"local_authority", "LA1"}, {"period_start", "2024-04-01"},
      {"period_end", "2025-03-31"}, {"event_type", "Service"}, {"event_reference", "E1"}, {"event_start", "2024-04-20"},
      {"event_end", "2024-06-03"}, {"service_type", "Long Term Support: Community"}, {"service_component", "Home Support"},
      {"unit_cost_pence", "10001"}, {"cost_frequency", "Weekly"}});
  const auto summary = fixture.build();
  ASSERT_TRUE(summary) << summary.error().text();
  EXPECT_EQ(fixture.csv("SELECT date, units, cost_pence, service_line FROM activity ORDER BY part"),
            "2024-04-20,11,15716,home_support\n2024-05-01,31,44290,home_support\n2024-06-01,3,4286,home_support\n");
  EXPECT_EQ(fixture.count("SELECT cost_pence FROM care_package"), 64292);  // 10001 × 45 ÷ 7 = 64292.1
}

}  // namespace joinedup::record
