// The SQL steps of this room, their rules as temporary tables, and the names of what they write.
#include "caseload/steps.hpp"

#include "base/text.hpp"
#include "caseload_embedded.hpp"
#include "engine/dialect.hpp"
#include "record/price_list.hpp"

namespace joinedup::caseload {
namespace {

std::string_view file_text(std::string_view name) {
  const auto text = find_embedded(embedded_caseload(), name);
  JOINEDUP_INVARIANT(text, "the room's files are compiled in");
  return *text;
}

}  // namespace

const char* const not_for = "Never for decisions about eligibility, resuscitation or rationing.";

std::vector<record::RecordTable> caseload_tables() {
  std::vector<record::RecordTable> tables;
  for (const auto& file : embedded_caseload()) {
    record::RecordTable table{header_value(file.text, "table"), header_value(file.text, "grain"), {}};
    if (table.name.empty()) continue;
    const std::string key = header_value(file.text, "key");
    for (const auto column : split(key, ',')) table.key.emplace_back(trim(column));
    tables.push_back(std::move(table));
  }
  return tables;
}

std::vector<std::vector<std::string>> data_rows(std::string_view file) {
  const auto text = file_text(file);
  auto rows = record::parse_csv_records(text.substr(text.find('\n') + 1));
  rows.erase(rows.begin());
  return rows;
}

Result<void> run_step(engine::Connection& connection, std::string_view file) {
  auto done = connection.run(engine::render_sql(file_text(file), engine::Dialect::duckdb));
  if (!done) return fail(done.error().code, done.error().sentence, "caseload/" + std::string(file));
  return {};
}

Result<void> fill_table(engine::Connection& connection, const std::string& name, const std::string& columns,
                        const std::vector<std::vector<std::string>>& rows) {
  std::string sql = "CREATE OR REPLACE TEMPORARY TABLE " + name + "(" + columns + ");";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sql += i ? ", (" : " INSERT INTO temp.main." + name + " VALUES (";
    for (std::size_t c = 0; c < rows[i].size(); ++c) sql += (c ? ", " : "") + (rows[i][c].empty() ? "NULL" : engine::sql_text(rows[i][c]));
    sql += ")";
  }
  return connection.run(sql);
}

Result<void> fill_people(engine::Connection& connection, const std::string& name, const std::vector<std::int64_t>& people) {
  JOINEDUP_CHECK(connection.run("CREATE OR REPLACE TEMPORARY TABLE " + name + "(person_key BIGINT)"));
  JOINEDUP_TRY(auto rows, connection.append_to(name, "temp.main"));
  std::size_t at = 0;
  for (const auto person : people) {
    rows.set_integer(0, at, person);
    if (++at < engine::Appender::capacity) continue;
    JOINEDUP_CHECK(rows.flush(at));
    at = 0;
  }
  if (at) JOINEDUP_CHECK(rows.flush(at));
  return rows.close();
}

Result<void> write_setting(engine::Connection& connection, const place::Place& place, Date index_date) {
  const auto civil = index_date.civil();
  const Date season = Date::from_civil(civil.month >= 9 ? civil.year : civil.year - 1, 9, 1);
  const auto day = [](Date date) { return "DATE '" + date.to_iso() + "'"; };
  std::string sql = "CREATE OR REPLACE TEMPORARY TABLE case_setting AS SELECT " + day(index_date) + " AS index_date, " + day(index_date.add_months(-12)) +
                    " AS year_ago, " + day(index_date.add_months(-24)) + " AS two_years_ago, " + day(index_date.add_months(-15)) + " AS months_15_ago, " +
                    day(index_date - 90) + " AS days_90_ago, " + day(season) + " AS season_start, " + day(place.data_from) + " AS data_from, " +
                    day(place.data_to) + " AS data_to, " + day(place.data_from - 1) + " AS data_before, CAST(" +
                    format_number(place.case_finding.risk_at_least) + " AS DOUBLE) AS risk_at_least, " +
                    std::to_string(place.case_finding.age_at_least) + " AS age_at_least;";
  sql += "CREATE OR REPLACE TEMPORARY TABLE case_month(month DATE);";
  bool first = true;
  for (Date month = place.data_from.first_of_month(); month <= place.data_to; month = month.add_months(1), first = false)
    sql += std::string(first ? "INSERT INTO temp.main.case_month VALUES (" : ", (") + day(month) + ")";
  return connection.run(sql);
}

Result<bool> has_table(engine::Connection& connection, const std::string& name) {
  JOINEDUP_TRY(const auto found, connection.count("SELECT count(*) FROM information_schema.tables WHERE table_name = " + engine::sql_text(name) +
                                                  " AND (table_catalog = current_database() OR table_catalog = 'temp')"));
  return found > 0;
}

Result<void> write_segments(engine::Connection& connection, const place::Place& place) {
  JOINEDUP_CHECK(write_setting(connection, place, place.data_to));
  JOINEDUP_CHECK(fill_table(connection, "segment_rule",
                            "precedence INTEGER, segment VARCHAR, kind VARCHAR, code VARCHAR, with_code VARCHAR, months INTEGER, because VARCHAR",
                            data_rows("data/bridges_to_health_rules.csv")));
  auto bands = data_rows("data/condition_count_bands.csv");
  for (auto& band : bands)
    if (band[2].empty()) band[2] = "9999";
  JOINEDUP_CHECK(fill_table(connection, "condition_count_band", "band VARCHAR, at_least INTEGER, at_most INTEGER", bands));
  for (const auto* step : {"sql/10_segment_hit.sql", "sql/12_segment_interval.sql", "sql/14_segment_month.sql", "sql/16_segment_movement.sql"})
    JOINEDUP_CHECK(run_step(connection, step));
  for (const auto* helper : {"segment_span", "segment_hit", "segment_frailty", "segment_condition_count", "condition_count_band"})
    JOINEDUP_CHECK(connection.run("DROP TABLE temp.main." + std::string(helper)));
  return {};
}

}  // namespace joinedup::caseload
