// No leakage: the features of a day are the same bytes when everything after that day is removed or changed.
#include "risk/features.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "engine/dialect.hpp"
#include "record/fixture.hpp"
#include "record/random_place.hpp"

namespace joinedup::risk {
namespace {

const std::string day = "2025-10-01";
const std::string index_sql = "DATE '2025-10-01'";

std::string table_of(record::Fixture& place, const char* table) { return place.csv(std::string("SELECT * FROM ") + table + " ORDER BY row_id"); }

void write_both(record::Fixture& place) {
  ASSERT_TRUE(end_cohort(place.connection()));
  ASSERT_TRUE(begin_cohort(place.connection()));
  const auto added = add_people(place.connection(), *parse_iso_date(day));
  ASSERT_TRUE(added) << added.error().text();
  const auto written = write_features(place.connection());
  ASSERT_TRUE(written) << written.error().text();
  const auto outcomes = write_outcomes(place.connection());
  ASSERT_TRUE(outcomes) << outcomes.error().text();
}

// Every table of events, by the date on which a row comes to be known.
const std::vector<std::pair<std::string, std::string>> events = {
    {"hospital_spell", "admission_date"}, {"emergency_attendance", "arrival_date"}, {"outpatient_attendance", "appointment_date"},
    {"gp_contact", "contact_date"},       {"prescription_item", "issue_date"},      {"community_contact", "contact_date"},
    {"mental_health_contact", "contact_date"}, {"care_package", "starts_on"},       {"housing_event", "event_date"},
    {"voluntary_contact", "contact_date"}, {"condition", "recorded_on"},            {"registration_span", "starts_on"},
    {"activity", "date"}};

void build(record::Fixture& place) {
  place.run(record::random_door_sql(1500, 2));
  const auto built = place.build();
  ASSERT_TRUE(built) << built.error().text();
}

}  // namespace

TEST(Features, NothingAfterTheIndexDateReachesThem) {
  record::Fixture place("2025-04-01", "2026-03-31");
  build(place);
  write_both(place);
  const std::string before = table_of(place, "risk_feature"), happened = table_of(place, "risk_outcome");
  ASSERT_GT(place.count("SELECT count(*) FROM risk_feature"), 500);
  // Remove all later rows, and forget what was open on the day: when it ended, how long it was, what it was coded as.
  for (const auto& [table, date] : events) place.run("DELETE FROM " + table + " WHERE " + date + " >= " + index_sql);
  place.run("DELETE FROM condition c WHERE recorded_by = 'hospital' AND EXISTS (SELECT 1 FROM spell_diagnosis d WHERE d.source = c.source AND d.episode_row = c.source_row "
            "AND d.position = c.part AND (d.discharge_date IS NULL OR d.discharge_date >= " + index_sql + "))");
  place.run("DELETE FROM spell_diagnosis WHERE discharge_date IS NULL OR discharge_date >= " + index_sql);
  place.run("UPDATE hospital_spell SET discharge_date = NULL, length_of_stay = 99, primary_diagnosis = 'Z999', hrg = NULL WHERE discharge_date >= " + index_sql);
  place.run("UPDATE care_package SET ends_on = NULL WHERE ends_on >= " + index_sql);
  place.run("UPDATE housing_event SET end_date = NULL");
  place.run("UPDATE registration_span SET ends_on = NULL, ended_because = NULL WHERE ends_on >= " + index_sql);
  place.run("UPDATE person SET date_of_death = NULL WHERE date_of_death >= " + index_sql);
  place.run("UPDATE person SET ethnicity = NULL, practice = 'elsewhere', known_gp = FALSE, known_hospital = TRUE, partners_known = 7");
  write_both(place);
  EXPECT_TRUE(before == table_of(place, "risk_feature"));
  EXPECT_FALSE(happened == table_of(place, "risk_outcome"));  // the same comparison does see what reads the future
}

TEST(Features, APlantedLeakIsCaughtByTheSameComparison) {
  record::Fixture place("2025-04-01", "2026-03-31");
  build(place);
  write_both(place);
  const auto leaky = [&] {
    return place.csv("SELECT f.*, (SELECT count(*) FROM hospital_spell h WHERE h.person_key = f.person_key) AS stays_ever FROM risk_feature f ORDER BY row_id");
  };
  const auto before = leaky();
  place.run("DELETE FROM hospital_spell WHERE admission_date >= " + index_sql);
  write_both(place);
  EXPECT_FALSE(before == leaky());
}

TEST(Features, WhatHappenedBeforeIsSeen) {
  record::Fixture place("2025-04-01", "2026-03-31");
  build(place);
  write_both(place);
  const std::string before = table_of(place, "risk_feature");
  for (const auto& [table, date] : events) {
    if (table == "activity" || table == "registration_span" || place.count("SELECT count(*) FROM " + table + " WHERE " + date + " < " + index_sql) == 0) continue;
    place.run("BEGIN");
    place.run("DELETE FROM " + table + " WHERE " + date + " < " + index_sql);
    write_both(place);
    EXPECT_FALSE(before == table_of(place, "risk_feature")) << table;
    place.run("ROLLBACK");
  }
}

// Many days a person, so that an event lies before some and after others.
TEST(Features, EqualTheirSlowTwin) {
  record::Fixture place("2025-04-01", "2026-03-31");
  build(place);
  // Everything once more, 400 days earlier: there is a year before the last.
  for (const auto& [table, date] : {std::pair<std::string, std::string>{"hospital_spell", "admission_date"}, {"emergency_attendance", "arrival_date"}, {"outpatient_attendance", "appointment_date"}, {"gp_contact", "contact_date"}})
    place.run("INSERT INTO " + table + " SELECT * REPLACE (" + date + " - 400 AS " + date + ") FROM " + table);
  ASSERT_TRUE(begin_cohort(place.connection()));
  for (const auto* index : {"2025-05-01", "2025-10-01", "2026-03-31"}) ASSERT_TRUE(add_people(place.connection(), *parse_iso_date(index)));
  ASSERT_TRUE(add_discharges(place.connection(), *parse_iso_date("2025-06-01"), *parse_iso_date("2026-02-01")));
  const auto written = write_features(place.connection());
  ASSERT_TRUE(written) << written.error().text();
  const auto twin = read_file(JOINEDUP_SOURCE_DIR "/modules/risk/reference/feature.sql");
  ASSERT_TRUE(twin);
  place.run(engine::render_sql(*twin, engine::Dialect::duckdb));
  const auto columns = place.connection().query("SELECT column_name FROM information_schema.columns WHERE table_name = 'risk_feature_twin' ORDER BY ordinal_position");
  ASSERT_TRUE(columns && columns->rows.size() > 30);
  for (const auto& column : columns->rows) {
    const std::string name = column[0] == "row_id" ? "person_key" : column[0];
    EXPECT_EQ(place.count("SELECT count(*) FROM risk_feature f JOIN risk_feature_twin t USING (row_id) WHERE f." + name + " IS DISTINCT FROM t." + name), 0) << name;
  }
  EXPECT_GT(place.count("SELECT count(*) FROM risk_feature WHERE medicines_3m > 1"), 100);
  // The year before is known from 700 days of record on, and not before.
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_feature WHERE (gp_contacts_year_before IS NULL) <> (index_date - (SELECT min(contact_date) FROM gp_contact) < 700)"), 0);
  EXPECT_GT(place.count("SELECT count(*) FROM risk_feature WHERE index_date = DATE '2026-03-31' AND gp_contacts_year_before > 0"), 100);
  EXPECT_EQ(place.count("SELECT count(*) FROM risk_feature"), place.count("SELECT count(*) FROM risk_feature_twin"));
}

TEST(Features, ACohortOfNobodyIsEmpty) {
  record::Fixture place("2025-04-01", "2026-03-31");
  const auto built = place.build();
  ASSERT_TRUE(built) << built.error().text();
  write_both(place);
  const auto rows = read_features(place.connection(), WithOutcomes::yes);
  ASSERT_TRUE(rows) << rows.error().text();
  EXPECT_EQ(rows->features.rows, 0u);
}

}  // namespace joinedup::risk
