#include "record/record.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>

#include "base/text.hpp"
#include "engine/dialect.hpp"
#include "place/shipped.hpp"
#include "record/door.hpp"
#include "record_embedded.hpp"

namespace joinedup::record {
namespace {

// Codes of conditions as temporary tables.
Result<void> load_codes(engine::Connection& connection) {
  const auto load = [&](std::string_view file, const std::string& create, bool numeric) -> Result<void> {
    const auto text = place::shipped_file(file);
    JOINEDUP_INVARIANT(text, "the code lists are compiled in");
    auto records = parse_csv_records(text->substr(text->find('\n') + 1));
    std::string sql = "CREATE OR REPLACE TEMPORARY TABLE " + create + "; INSERT INTO " + create.substr(0, create.find('(')) + " VALUES ";
    const auto columns = 1 + static_cast<std::size_t>(std::count(create.begin(), create.end(), ','));
    for (std::size_t i = 1; i < records.size(); ++i) {
      sql += i > 1 ? ", (" : "(";
      for (std::size_t c = 0; c < columns; ++c)
        sql += (c ? ", " : "") + (numeric && c == 0 ? records[i][c] : engine::sql_text(records[i][c]));
      sql += ")";
    }
    return connection.run(sql);
  };
  JOINEDUP_CHECK(load("codes/condition_snomed.csv", "code_condition_snomed(snomed_concept BIGINT, condition VARCHAR)", true));
  JOINEDUP_CHECK(load("codes/care_finding_snomed.csv", "code_care_finding(snomed_concept BIGINT, finding VARCHAR)", true));
  JOINEDUP_CHECK(load("codes/icd10_condition.csv", "code_icd10_condition(icd10 VARCHAR, condition VARCHAR)", false));
  JOINEDUP_CHECK(load("codes/mhsds_reason_condition.csv", "code_mhsds_reason(reason VARCHAR, condition VARCHAR)", false));
  JOINEDUP_CHECK(load("codes/fhir_encounter_class.csv", "code_fhir_encounter(class VARCHAR, type_code VARCHAR, goes_to VARCHAR)", false));
  return {};
}

Result<void> make_calendar(engine::Connection& connection) {
  JOINEDUP_TRY(const auto period, connection.query("SELECT data_from, data_to FROM door.place_period"));
  const auto from = period.rows.empty() ? std::nullopt : parse_iso_date(period.rows[0][0]);
  const auto to = period.rows.empty() ? std::nullopt : parse_iso_date(period.rows[0][1]);
  if (!from || !to || *to < *from)
    return fail(ErrorCode::invalid_input, "The place's period is missing or ends before it begins; set data_from and data_to in place.toml.", "door.place_period");
  std::string sql = "CREATE OR REPLACE TEMPORARY TABLE calendar_month(month DATE, month_end DATE); INSERT INTO calendar_month VALUES ";
  bool first = true;
  for (Date month = from->first_of_month(); month <= *to; month = month.add_months(1), first = false)
    sql += std::string(first ? "" : ", ") + "(DATE '" + month.to_iso() + "', DATE '" + (month.add_months(1) - 1).to_iso() + "')";
  return connection.run(sql);
}

Result<void> drop_helpers(engine::Connection& connection) {
  JOINEDUP_TRY(const auto helpers, connection.query("SELECT table_name FROM duckdb_tables() WHERE temporary ORDER BY table_name"));
  for (const auto& row : helpers.rows) JOINEDUP_CHECK(connection.run("DROP TABLE IF EXISTS temp." + engine::sql_name(row[0])));
  return {};
}

}  // namespace

std::vector<RecordTable> record_tables() {
  std::vector<RecordTable> tables;
  tables.push_back({"price_list", "one row per price list used", {"list"}});
  for (const auto& file : embedded_record()) {
    RecordTable table{header_value(file.text, "table"), header_value(file.text, "grain"), {}};
    if (table.name.empty()) continue;
    const std::string key = header_value(file.text, "key");
    for (const auto column : split(key, ',')) table.key.emplace_back(trim(column));
    tables.push_back(std::move(table));
  }
  return tables;
}

Result<RecordSummary> build_record(engine::Connection& connection, const RecordOptions& options) {
  using Clock = std::chrono::steady_clock;
  RecordSummary summary;
  if (options.threads) JOINEDUP_CHECK(connection.run("SET threads = " + std::to_string(options.threads)));
  JOINEDUP_TRY(const auto lists, read_price_lists(options.price_folder));
  JOINEDUP_CHECK(load_price_lists(connection, lists));
  JOINEDUP_CHECK(load_codes(connection));
  JOINEDUP_CHECK(complete_door(connection));
  JOINEDUP_CHECK(make_calendar(connection));
  for (const auto& file : embedded_record()) {
    const auto start = Clock::now();
    const std::clock_t processor = std::clock();
    auto done = connection.run(engine::render_sql(file.text, engine::Dialect::duckdb));
    if (!done) return fail(done.error().code, done.error().sentence, "record/" + std::string(file.name));
    summary.steps.push_back({std::string(file.name), std::chrono::duration<double>(Clock::now() - start).count(),
                             static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC});
  }
  JOINEDUP_CHECK(drop_helpers(connection));
  for (const auto& table : record_tables()) {
    JOINEDUP_TRY(const auto rows, connection.count("SELECT count(*) FROM " + engine::sql_name(table.name)));
    summary.tables.push_back({table.name, rows});
  }
  return summary;
}

}  // namespace joinedup::record
