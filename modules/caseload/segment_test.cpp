// Segments: everybody is in exactly one every month, and movements add up.
#include <gtest/gtest.h>

#include "caseload/fixture.hpp"

namespace joinedup::caseload {
namespace {

class Segments : public testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    fixture_.random_people(250, GetParam());
    fixture_.build();
    const auto written = write_segments(fixture_.connection(), fixture_.place);
    ASSERT_TRUE(written) << written.error().text();
  }
  Fixture fixture_;
};

}  // namespace

TEST_P(Segments, EverybodyIsInExactlyOneEachMonthTheyAreHere) {
  // The slow twin: every month of every stay on a list, one by one.
  const std::string here = "(SELECT DISTINCT s.person_key, m.month FROM registration_span s JOIN segment_month m ON "
                           "m.month >= date_trunc('month', s.starts_on) AND m.month <= date_trunc('month', coalesce(s.ends_on, DATE '2026-03-31')))";
  EXPECT_GT(fixture_.count("SELECT count(*) FROM person_segment"), 3000);
  EXPECT_EQ(fixture_.count("SELECT count(*) FROM (SELECT person_key, month FROM person_segment GROUP BY ALL HAVING count(*) <> 1)"), 0);
  EXPECT_EQ(fixture_.count("SELECT count(*) FROM (SELECT * FROM " + here + " EXCEPT SELECT person_key, month FROM person_segment)"), 0);
  EXPECT_EQ(fixture_.count("SELECT count(*) FROM (SELECT person_key, month FROM person_segment EXCEPT SELECT * FROM " + here + ")"), 0);
}

TEST_P(Segments, TheRuleOfLowestPrecedenceHolds) {
  // The slow twin, month by month: which rules hold, and the lowest of them.
  fixture_.run("CREATE TABLE twin AS WITH seen AS (SELECT p.person_key, p.month, "
               "EXISTS (SELECT 1 FROM care_finding f WHERE f.person_key = p.person_key AND f.finding = 'end_of_life_register' AND date_trunc('month', f.recorded_on) <= p.month) AS dying, "
               "EXISTS (SELECT 1 FROM care_finding f WHERE f.person_key = p.person_key AND f.finding IN ('moderate_frailty', 'severe_frailty', 'lives_in_care_home') AND date_trunc('month', f.recorded_on) <= p.month) "
               "OR EXISTS (SELECT 1 FROM person_condition c WHERE c.person_key = p.person_key AND c.condition = 'dementia' AND date_trunc('month', c.first_recorded) <= p.month) AS frail, "
               "EXISTS (SELECT 1 FROM hospital_spell h JOIN person_condition c ON c.person_key = h.person_key AND c.condition IN ('heart_failure', 'copd') WHERE h.person_key = p.person_key AND h.admission_type = 'emergency' "
               "AND date_trunc('month', h.admission_date) <= p.month AND date_trunc('month', c.first_recorded) <= p.month AND p.month <= date_trunc('month', h.discharge_date) + INTERVAL 12 MONTH) AS limited, "
               "EXISTS (SELECT 1 FROM person_condition c WHERE c.person_key = p.person_key AND c.condition IN ('learning_disability', 'severe_mental_illness') AND date_trunc('month', c.first_recorded) <= p.month) AS disabled, "
               "EXISTS (SELECT 1 FROM hospital_spell h WHERE h.person_key = p.person_key AND h.admission_type = 'maternity' AND date_trunc('month', h.admission_date) <= p.month "
               "AND p.month <= date_trunc('month', h.discharge_date) + INTERVAL 3 MONTH) OR EXISTS (SELECT 1 FROM person b WHERE b.person_key = p.person_key AND p.month <= b.birth_month + INTERVAL 11 MONTH) AS maternal, "
               "EXISTS (SELECT 1 FROM person_condition c WHERE c.person_key = p.person_key AND date_trunc('month', c.first_recorded) <= p.month) AS chronic, "
               "EXISTS (SELECT 1 FROM hospital_spell h WHERE h.person_key = p.person_key AND h.admission_type = 'emergency' AND date_trunc('month', h.admission_date) <= p.month "
               "AND p.month <= date_trunc('month', h.discharge_date) + INTERVAL 1 MONTH) AS acute FROM person_segment p) "
               "SELECT person_key, month, CASE WHEN dying THEN 'short_period_of_decline' WHEN frail THEN 'frailty' WHEN limited THEN 'limited_reserve' WHEN disabled THEN 'stable_disability' "
               "WHEN maternal THEN 'maternal_and_infant' WHEN chronic THEN 'chronic_conditions' WHEN acute THEN 'acutely_ill' ELSE 'healthy' END AS segment FROM seen");
  EXPECT_EQ(fixture_.count("SELECT count(*) FROM person_segment p JOIN twin t USING (person_key, month) WHERE p.segment <> t.segment"), 0);
  EXPECT_EQ(fixture_.count("SELECT count(DISTINCT segment) FROM twin"), 8) << "the random people reach all eight";
  EXPECT_EQ(fixture_.count("SELECT count(*) FROM (SELECT p.*, (SELECT count(*) FROM person_condition c WHERE c.person_key = p.person_key AND date_trunc('month', c.first_recorded) <= p.month) AS n FROM person_segment p) "
                           "WHERE condition_count_band <> CASE WHEN n <= 1 THEN 'A' WHEN n = 2 THEN 'B' WHEN n <= 5 THEN 'C' WHEN n <= 8 THEN 'D' ELSE 'E' END"), 0);
}

TEST_P(Segments, MovementsAddUp) {
  // Who was in a segment last month: those who stay, move, leave and die. Who is in it now: those who stay, move in and join.
  const std::string out = "SELECT month, from_segment AS segment, sum(people) AS n FROM segment_movement WHERE from_segment <> 'joined' GROUP BY ALL";
  const std::string into = "SELECT month, to_segment AS segment, sum(people) AS n FROM segment_movement WHERE to_segment NOT IN ('died', 'left') GROUP BY ALL";
  const std::string last = "SELECT CAST(month + INTERVAL 1 MONTH AS DATE) AS month, segment, count(*) AS n FROM person_segment WHERE month < DATE '2026-03-01' GROUP BY ALL";
  const std::string now = "SELECT month, segment, count(*) AS n FROM person_segment WHERE month > DATE '2023-04-01' GROUP BY ALL";
  for (const auto& [made, twin] : {std::pair(out, last), std::pair(into, now)}) {
    EXPECT_EQ(fixture_.count("SELECT count(*) FROM (" + made + " EXCEPT " + twin + ")"), 0) << made;
    EXPECT_EQ(fixture_.count("SELECT count(*) FROM (" + twin + " EXCEPT " + made + ")"), 0) << made;
  }
  EXPECT_GT(fixture_.count("SELECT count(*) FROM segment_movement WHERE to_segment = 'died'"), 0);
}

INSTANTIATE_TEST_SUITE_P(Random, Segments, testing::Values(7, 8));

}  // namespace joinedup::caseload
