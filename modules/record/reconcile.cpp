#include <algorithm>

#include "base/text.hpp"
#include "record/record.hpp"

namespace joinedup::record {
namespace {

// What the tables of one setting say of the rows that are activity: rows and pence, from the entity tables alone.
constexpr const char* entity_sums = R"(
  SELECT setting, CAST(sum(rows) AS BIGINT), CAST(sum(pence) AS BIGINT) FROM (
    SELECT 'inpatient' AS setting, count(*) AS rows, sum(cost_pence) AS pence FROM hospital_spell WHERE in_period
    UNION ALL SELECT 'outpatient', count(*), sum(cost_pence) FROM outpatient_attendance WHERE in_period AND attended
    UNION ALL SELECT 'emergency_department', count(*), sum(cost_pence) FROM emergency_attendance WHERE in_period
    UNION ALL SELECT 'general_practice', count(*), sum(cost_pence) FROM gp_contact WHERE in_period
    UNION ALL SELECT 'prescribing', count(*), sum(cost_pence) FROM prescription_item WHERE in_period
    UNION ALL SELECT 'community', count(*), sum(cost_pence) FROM community_contact WHERE in_period AND attended
    UNION ALL SELECT 'mental_health', count(*), sum(cost_pence) FROM mental_health_contact WHERE in_period AND attended
    UNION ALL SELECT 'social_care', count(*), sum(cost_pence) FROM care_package WHERE in_period
    UNION ALL SELECT 'housing', count(*), 0 FROM housing_event WHERE in_period
    UNION ALL SELECT 'voluntary', count(*), sum(cost_pence) FROM voluntary_contact WHERE in_period
    UNION ALL SELECT 'case_management', count(*), sum(cost_pence) FROM case_contact WHERE in_period AND happened
  ) each_table GROUP BY setting)";

// Rows behind activity: every row has one part numbered 0.
constexpr const char* activity_sums =
    "SELECT setting, CAST(count(*) FILTER (WHERE part = 0) AS BIGINT), CAST(sum(cost_pence) AS BIGINT), CAST(sum(units) AS BIGINT) "
    "FROM activity GROUP BY setting";

constexpr const char* month_sums =
    "SELECT setting, CAST(sum(cost_pence) AS BIGINT), CAST(sum(units) AS BIGINT) FROM person_month GROUP BY setting";

using Setting = Reconciliation::Setting;

Setting& setting_of(std::vector<Setting>& settings, const std::string& name) {
  const auto at = std::find_if(settings.begin(), settings.end(), [&](const Setting& s) { return s.setting == name; });
  if (at != settings.end()) return *at;
  settings.push_back({});
  settings.back().setting = name;
  return settings.back();
}

void compare(Reconciliation& check) {
  const auto differ = [&](const std::string& what, std::int64_t left, std::int64_t right) {
    if (left != right)
      check.differences.push_back(what + ": " + with_commas(left) + " and " + with_commas(right) + ".");
  };
  for (const auto& s : check.settings) {
    differ(s.setting + ": pence in the feeds' tables and in activity differ", s.feed_pence, s.activity_pence);
    differ(s.setting + ": pence in activity and in person_month differ", s.activity_pence, s.person_month_pence);
    differ(s.setting + ": units in activity and in person_month differ", s.activity_units, s.person_month_units);
    differ(s.setting + ": rows in the feeds' tables and behind activity differ", s.feed_rows, s.activity_rows);
  }
  for (const auto& s : check.sources)
    differ(s.staged_table + ": rows kept and rows accounted for differ", s.kept, s.accounted());
  check.reconciled = check.differences.empty();
}

}  // namespace

std::int64_t Reconciliation::SourceRows::accounted() const {
  std::int64_t rows = 0;
  for (const auto& [outcome, count] : outcomes) rows += count;
  return rows;
}

Result<Reconciliation> reconcile(engine::Connection& connection) {
  Reconciliation check;
  for (const char* setting : {"inpatient", "outpatient", "emergency_department", "general_practice", "prescribing", "community",
                              "mental_health", "social_care", "housing", "voluntary", "case_management"})
    setting_of(check.settings, setting);
  JOINEDUP_TRY(const auto entities, connection.query(entity_sums));
  for (std::size_t i = 0; i < entities.rows.size(); ++i) {
    auto& s = setting_of(check.settings, entities.rows[i][0]);
    s.feed_rows = entities.integer(i, 1);
    s.feed_pence = entities.integer(i, 2);
  }
  JOINEDUP_TRY(const auto activity, connection.query(activity_sums));
  for (std::size_t i = 0; i < activity.rows.size(); ++i) {
    auto& s = setting_of(check.settings, activity.rows[i][0]);
    s.activity_rows = activity.integer(i, 1);
    s.activity_pence = activity.integer(i, 2);
    s.activity_units = activity.integer(i, 3);
  }
  JOINEDUP_TRY(const auto months, connection.query(month_sums));
  for (std::size_t i = 0; i < months.rows.size(); ++i) {
    auto& s = setting_of(check.settings, months.rows[i][0]);
    s.person_month_pence = months.integer(i, 1);
    s.person_month_units = months.integer(i, 2);
  }
  JOINEDUP_TRY(const auto kept, connection.query(
      "SELECT s.staged_table, k.rows, o.outcome, o.rows FROM row_kept k JOIN source s ON s.source = k.source "
      "LEFT JOIN row_outcome o ON o.source = k.source ORDER BY k.source, o.outcome"));
  for (std::size_t i = 0; i < kept.rows.size(); ++i) {
    if (check.sources.empty() || check.sources.back().staged_table != kept.rows[i][0])
      check.sources.push_back({kept.rows[i][0], kept.integer(i, 1), {}});
    if (!kept.nulls[i][2]) check.sources.back().outcomes.emplace_back(kept.rows[i][2], kept.integer(i, 3));
  }
  compare(check);
  return check;
}

}  // namespace joinedup::record
