// Equalities that hold whatever the data: every penny and row accounted for, any number of threads, keys unique.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "record/fixture.hpp"
#include "record/random_place.hpp"

namespace joinedup::record {
namespace {

std::string key_of(const RecordTable& table) {
  std::string key;
  for (const auto& column : table.key) key += (key.empty() ? "" : ", ") + column;
  return key;
}

std::map<std::string, std::string> sums(Fixture& fixture) {
  std::map<std::string, std::string> out;
  for (const auto& table : record_tables()) {
    const auto sum = engine::csv_sum(fixture.connection(), "SELECT * FROM " + table.name + " ORDER BY " + key_of(table));
    EXPECT_TRUE(sum) << table.name;
    if (sum) out[table.name] = sum->sha256;
  }
  return out;
}

}  // namespace

TEST(RecordProperty, EveryPennyAndRowOfFaultyDataIsAccountedFor) {
  for (const int faults : {0, 5, 40}) {
    Fixture fixture("2025-04-01", "2026-03-31");
    fixture.run(random_door_sql(600, faults));
    const auto built = fixture.build();
    ASSERT_TRUE(built) << built.error().text();
    const auto check = reconcile(fixture.connection());
    ASSERT_TRUE(check) << check.error().text();
    for (const auto& difference : check->differences) ADD_FAILURE() << faults << " % faults: " << difference;
    EXPECT_TRUE(check->reconciled);
    EXPECT_EQ(check->settings.size(), 11u);
    for (const auto& setting : check->settings)
      EXPECT_TRUE(setting.activity_rows > 0 && (setting.activity_pence > 0 || setting.setting == "housing")) << setting.setting;
    EXPECT_EQ(check->sources.size(), 18u);
    // The same again without the record's own tables: what the practices said their items cost.
    EXPECT_EQ(fixture.count("SELECT CAST(sum(estimated_nhs_cost_pence) AS BIGINT) FROM door.gp_issue WHERE person_key IS NOT NULL AND NOT deleted "
                            "AND effective_date BETWEEN DATE '2025-04-01' AND DATE '2026-03-31'"),
              fixture.count("SELECT CAST(sum(cost_pence) AS BIGINT) FROM activity WHERE setting = 'prescribing' AND NOT cost_defaulted"));
  }
}

TEST(RecordProperty, KeysAreUniqueAndNeverNull) {
  Fixture fixture("2025-04-01", "2026-03-31");
  fixture.run(random_door_sql(600, 20));
  ASSERT_TRUE(fixture.build());
  for (const auto& table : record_tables()) {
    ASSERT_FALSE(table.key.empty()) << table.name;
    EXPECT_FALSE(table.grain.empty()) << table.name;
    EXPECT_EQ(fixture.count("SELECT count(*) FROM (SELECT 1 FROM " + table.name + " GROUP BY " + key_of(table) + " HAVING count(*) > 1)"), 0)
        << table.name << " has a key twice";
    for (const auto& column : table.key)
      EXPECT_EQ(fixture.count("SELECT count(*) FROM " + table.name + " WHERE " + column + " IS NULL"), 0) << table.name << "." << column;
  }
}

TEST(RecordProperty, TheSameRowsOnAnyNumberOfThreads) {
  std::map<std::string, std::string> first;
  for (const unsigned threads : {1u, 2u, 5u}) {
    Fixture fixture("2025-04-01", "2026-03-31", threads);
    fixture.run(random_door_sql(3000, 10));
    ASSERT_TRUE(fixture.build());
    const auto now = sums(fixture);
    if (first.empty()) first = now;
    EXPECT_EQ(first, now) << threads << " threads";
  }
}

TEST(RecordProperty, SpansOfAPersonNeverOverlapAndSpellsHaveOneCips) {
  Fixture fixture("2025-04-01", "2026-03-31");
  fixture.run(random_door_sql(2000, 20));
  ASSERT_TRUE(fixture.build());
  EXPECT_GT(fixture.count("SELECT count(*) FROM registration_span"), 1000);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM registration_span a JOIN registration_span b ON a.person_key = b.person_key AND a.source_row < b.source_row "
                          "AND a.starts_on <= coalesce(b.ends_on, DATE '9999-12-31') AND b.starts_on <= coalesce(a.ends_on, DATE '9999-12-31')"), 0);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM hospital_spell s JOIN hospital_spell f ON f.source = s.source AND f.source_row = s.cips_key WHERE f.person_key <> s.person_key OR f.cips_sequence <> 1"), 0);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM (SELECT cips_key FROM hospital_spell GROUP BY source, cips_key HAVING count(*) <> max(cips_spells) OR max(cips_sequence) <> count(*))"), 0);
}

}  // namespace joinedup::record
