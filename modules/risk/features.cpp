#include "risk/features.hpp"

#include <cmath>
#include <limits>

#include "engine/dialect.hpp"
#include "risk_embedded.hpp"

namespace joinedup::risk {
namespace {

// The listed conditions that have an indicator of their own (codes/condition_snomed.csv of the room place has the same names).
constexpr const char* listed_conditions[] = {
    "alcohol_dependence", "anxiety", "asthma", "atrial_fibrillation", "cancer", "chronic_kidney_disease", "chronic_liver_disease", "copd",
    "coronary_heart_disease", "dementia", "depression", "diabetes", "epilepsy", "heart_failure", "hypertension", "hypothyroidism",
    "learning_disability", "multiple_sclerosis", "obesity", "osteoarthritis", "osteoporosis", "parkinsons_disease",
    "peripheral_arterial_disease", "rheumatoid_arthritis", "severe_mental_illness", "stroke_tia"};

void replace(std::string& text, const std::string& mark, const std::string& by) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) text.replace(at, mark.size(), by);
}

std::string date_sql(Date day) { return "DATE '" + day.to_iso() + "'"; }

Result<void> run_step(engine::Connection& connection, const char* file) {
  const auto found = find_embedded(embedded_risk(), file);
  JOINEDUP_INVARIANT(found, "the steps are compiled in");
  std::string text(*found), flags, columns;
  for (const std::string condition : listed_conditions) {
    const bool last = condition == listed_conditions[std::size(listed_conditions) - 1];
    flags += "         max(CASE WHEN condition = '" + condition + "' THEN 1 ELSE 0 END) AS " + condition + (last ? "" : ",\n");
    columns += "       coalesce(conditions." + condition + ", 0) AS " + condition + (last ? "" : ",\n");
  }
  replace(text, "{{conditions}}", flags);
  replace(text, "{{condition_columns}}", columns);
  // As literals, so that the engine leaves out other days while it reads. Of a cohort of nobody any day will do.
  JOINEDUP_TRY(const auto days, connection.query("SELECT min(index_date), max(index_date) FROM risk_cohort"));
  const std::string first = days.nulls[0][0] ? "2000-01-01" : days.rows[0][0], last = days.nulls[0][1] ? "2000-01-01" : days.rows[0][1];
  replace(text, "{{first_index}}", "DATE '" + first + "'");
  replace(text, "{{last_index}}", "DATE '" + last + "'");
  const auto ran = connection.run(engine::render_sql(text, engine::Dialect::duckdb));
  if (!ran) return fail(ran.error().code, ran.error().sentence, std::string("risk/") + file);
  return {};
}

// A condition that keeps about `most` of those counted, by a number made of the person's key (whichever engine it is).
Result<std::string> sampled(engine::Connection& connection, const std::string& counted, std::size_t most) {
  if (most == everybody) return std::string();
  JOINEDUP_TRY(const auto all, connection.count(counted));
  if (static_cast<std::size_t>(all) <= most) return std::string();
  return " AND person_key % 1000003 * 7919 % 1000003 % 10000 < " + std::to_string(std::max<std::size_t>(1, most * 10000 / static_cast<std::size_t>(all)));
}

}  // namespace

Result<void> begin_cohort(engine::Connection& connection) {
  return connection.run("CREATE TABLE risk_cohort(row_id BIGINT, person_key BIGINT, index_date DATE, practice VARCHAR)");
}

Result<void> add_people(engine::Connection& connection, Date index, std::size_t most) {
  const std::string day = date_sql(index);
  const std::string registered = "FROM registration_span WHERE starts_on < " + day + " AND (ends_on IS NULL OR ends_on >= " + day + ")";
  JOINEDUP_TRY(const auto some, sampled(connection, "SELECT count(DISTINCT person_key) " + registered, most));
  return connection.run(
      "INSERT INTO risk_cohort SELECT (SELECT count(*) FROM risk_cohort) + row_number() OVER (ORDER BY r.person_key), r.person_key, " + day + ", r.practice "
      "FROM (SELECT person_key, min(practice) AS practice " + registered + some + " GROUP BY person_key) r "
      "JOIN person p ON p.person_key = r.person_key WHERE p.date_of_death IS NULL OR p.date_of_death >= " + day);
}

Result<void> add_discharges(engine::Connection& connection, Date from, Date to, std::size_t most) {
  const std::string discharged = "FROM hospital_spell WHERE admission_type = 'emergency' AND finished AND NOT died AND discharge_date BETWEEN " + date_sql(from) + " AND " + date_sql(to);
  JOINEDUP_TRY(const auto some, sampled(connection, "SELECT count(*) " + discharged, most));
  return connection.run(
      "INSERT INTO risk_cohort SELECT (SELECT count(*) FROM risk_cohort) + row_number() OVER (ORDER BY h.person_key, h.discharge_date), h.person_key, "
      "h.discharge_date + 1, h.practice FROM (SELECT person_key, discharge_date, min(practice) AS practice " + discharged + some + " GROUP BY person_key, discharge_date) h "
      "JOIN person p ON p.person_key = h.person_key WHERE p.date_of_death IS NULL OR p.date_of_death > h.discharge_date");
}

Result<void> add_last_discharges(engine::Connection& connection, Date from, Date to) {
  return connection.run(
      "INSERT INTO risk_cohort SELECT (SELECT count(*) FROM risk_cohort) + row_number() OVER (ORDER BY h.person_key), h.person_key, h.discharge_date + 1, h.practice "
      "FROM (SELECT person_key, max(discharge_date) AS discharge_date, min(practice) AS practice FROM hospital_spell WHERE admission_type = 'emergency' "
      "AND finished AND NOT died AND discharge_date BETWEEN " + date_sql(from) + " AND " + date_sql(to) + " GROUP BY person_key) h "
      "JOIN person p ON p.person_key = h.person_key WHERE p.date_of_death IS NULL AND NOT EXISTS (SELECT 1 FROM hospital_spell b "
      "WHERE b.person_key = h.person_key AND b.admission_type = 'emergency' AND (b.admission_date > h.discharge_date OR NOT b.finished))");
}

Result<void> write_features(engine::Connection& connection) { return run_step(connection, "sql/feature.sql"); }
Result<void> write_outcomes(engine::Connection& connection) { return run_step(connection, "sql/outcome.sql"); }

Result<void> end_cohort(engine::Connection& connection) {
  return connection.run("DROP TABLE IF EXISTS risk_feature; DROP TABLE IF EXISTS risk_outcome; DROP TABLE IF EXISTS risk_cohort");
}

const std::vector<float>* FeatureRows::outcome(const std::string& name) const {
  for (std::size_t i = 0; i < outcome_names.size(); ++i)
    if (outcome_names[i] == name) return &outcomes[i];
  return nullptr;
}

Result<FeatureRows> read_features(engine::Connection& connection, WithOutcomes outcomes) {
  FeatureRows rows;
  constexpr std::size_t keys = 3;  // row_id, person_key, index_date
  constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
  JOINEDUP_CHECK(connection.scan("SELECT * FROM risk_feature ORDER BY row_id", [&](const engine::Batch& batch) -> Result<void> {
    auto& x = rows.features;
    if (x.names.empty()) {
      for (std::size_t c = keys; c < batch.columns().size(); ++c) x.names.push_back(batch.columns()[c].name);
      x.columns = x.names.size();
    }
    for (std::size_t i = 0; i < batch.rows(); ++i) {
      rows.person_key.push_back(batch.integer(1, i));
      rows.index_day.push_back(static_cast<std::int32_t>(batch.integer(2, i)));
    }
    x.value.resize((x.rows + batch.rows()) * x.columns);
    for (std::size_t c = keys; c < batch.columns().size(); ++c) {
      const bool is_decile = x.names[c - keys] == "imd_decile";
      auto* to = x.value.data() + x.rows * x.columns + (c - keys);
      for (std::size_t i = 0; i < batch.rows(); ++i, to += x.columns) {
        *to = batch.is_null(c, i) ? nothing : static_cast<float>(batch.number(c, i));
        if (is_decile) rows.imd_decile.push_back(batch.is_null(c, i) ? 0 : static_cast<std::int32_t>(batch.number(c, i)));
      }
    }
    x.rows += batch.rows();
    return {};
  }));
  JOINEDUP_CHECK(connection.scan("SELECT c.practice FROM risk_cohort c JOIN risk_feature f ON f.row_id = c.row_id ORDER BY c.row_id", [&](const engine::Batch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.rows(); ++i) rows.practice.emplace_back(batch.is_null(0, i) ? std::string_view{} : batch.text(0, i));
    return {};
  }));
  if (outcomes == WithOutcomes::no) return rows;
  JOINEDUP_CHECK(connection.scan("SELECT o.* FROM risk_outcome o JOIN risk_feature f ON f.row_id = o.row_id ORDER BY o.row_id", [&](const engine::Batch& batch) -> Result<void> {
    if (rows.outcome_names.empty()) {
      for (std::size_t c = 1; c < batch.columns().size(); ++c) rows.outcome_names.push_back(batch.columns()[c].name);
      rows.outcomes.resize(rows.outcome_names.size());
    }
    for (std::size_t c = 1; c < batch.columns().size(); ++c)
      for (std::size_t i = 0; i < batch.rows(); ++i) rows.outcomes[c - 1].push_back(batch.is_null(c, i) ? nothing : static_cast<float>(batch.number(c, i)));
    return {};
  }));
  return rows;
}

}  // namespace joinedup::risk
