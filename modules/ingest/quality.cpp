#include "ingest/quality.hpp"

#include <algorithm>

namespace joinedup::ingest {
namespace {

using place::FieldType;

bool can_be_unreadable(const FieldType type) { return type != FieldType::text && type != FieldType::code && type != FieldType::reference; }

// Rows a month and file. A month inside the table's own span with under half or over twice the median month is flagged:
// a practice that stopped sending, a file sent twice under two names.
Result<void> write_months(engine::Connection& connection, const place::TableSpec& table, const std::vector<FeedFile>& files,
                          const std::map<std::uint64_t, FileQuality>& quality, Findings& findings) {
  std::map<std::size_t, std::uint64_t> total;
  for (const auto& [ordinal, one] : quality)
    for (std::size_t month = 0; month < one.period.months.size(); ++month)
      if (one.period.months[month] > 0) total[month] += one.period.months[month];
  if (total.empty()) return {};
  std::vector<std::uint64_t> sizes;
  for (const auto& [month, rows] : total) sizes.push_back(rows);
  std::nth_element(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2), sizes.end());
  const auto typical = sizes[sizes.size() / 2];
  const auto first = total.begin()->first, last = total.rbegin()->first;
  const auto sudden = [&](const std::size_t month) {  // the first and the last month may be parts
    const auto rows = total.contains(month) ? total[month] : 0;
    return sizes.size() >= 6 && typical >= 30 && month != first && month != last && (rows * 2 < typical || rows > typical * 2);
  };
  std::string sql;
  for (const auto& file : files) {
    const auto found = quality.find(file.summary.ordinal);
    if (found == quality.end()) continue;
    const auto& months = found->second.period.months;
    for (std::size_t month = 0; month < months.size(); ++month) {
      if (months[month] == 0) continue;
      const auto day = Date::from_civil(PeriodCounts::first_year + static_cast<int>(month / 12), static_cast<int>(month % 12) + 1, 1).to_iso();
      sql += (sql.empty() ? "INSERT INTO quality_month VALUES (" : ",(") + engine::sql_text(file.summary.feed) + "," + engine::sql_text(table.name) +
             "," + engine::sql_text(file.summary.file) + ",DATE '" + day + "'," + std::to_string(months[month]) + "," + std::to_string(typical) +
             "," + (sudden(month) ? "true" : "false") + ")";
      if (sudden(month))
        findings.add({.severity = Severity::note, .category = QualityCategory::plausibility, .feed = file.summary.feed, .file = file.summary.file,
                      .field = table.columns[static_cast<std::size_t>(main_date_column(table))].name, .value = day.substr(0, 7), .rule = "trend.sudden_change"});
    }
  }
  return sql.empty() ? Result<void>() : connection.run(sql);
}

}  // namespace

Result<void> write_quality(engine::Connection& connection, const place::TableSpec& table, const std::vector<FeedFile>& files,
                           const std::map<std::uint64_t, FileQuality>& quality, Findings& findings) {
  std::string sql;
  const auto row = [&](const FeedFile& file, const std::string& field, const QualityCategory category, const char* check,
                       const std::uint64_t rows, const std::uint64_t failed) {
    sql += (sql.empty() ? "INSERT INTO quality VALUES (" : ",(") + engine::sql_text(file.summary.feed) + "," +
           engine::sql_text(file.summary.file) + "," + engine::sql_text(field) + "," + engine::sql_text(quality_category_name(category)) +
           "," + engine::sql_text(check) + "," + std::to_string(rows) + "," + std::to_string(failed) + ")";
  };
  for (const auto& file : files) {
    const auto found = quality.find(file.summary.ordinal);
    if (file.summary.state != FileState::live || found == quality.end()) continue;
    if (file.table == &table) row(file, "", QualityCategory::conformance, "rows_kept", file.summary.rows_in, file.summary.rows_rejected);
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const auto& column = table.columns[i];
      const auto field = table.view.empty() ? column.name : table.name + "." + column.name;
      const auto& counts = found->second.fields[i];
      const auto present = counts.rows - counts.missing;
      if (counts.rows == 0) continue;
      row(file, field, QualityCategory::completeness, "present", counts.rows, counts.missing);
      if (can_be_unreadable(column.type)) row(file, field, QualityCategory::conformance, "readable", present, counts.unreadable);
      if (!column.codes.empty()) row(file, field, QualityCategory::conformance, "known_code", present, counts.unknown_code);
      if (column.minimum || column.maximum)
        row(file, field, QualityCategory::plausibility, "in_range", present - counts.unreadable, counts.out_of_range);
    }
    const auto& period = found->second.period;
    const auto prefix = table.view.empty() ? std::string() : table.name;
    if (period.dates > 0) {
      row(file, prefix, QualityCategory::plausibility, "in_period", period.dates, period.dates - period.in_period);
      row(file, prefix, QualityCategory::plausibility, "not_after_period", period.dates, period.after_period);
    }
    if (period.with_birth_date > 0) {
      row(file, prefix, QualityCategory::plausibility, "age_possible", period.with_birth_date, period.implausible_age);
      if (period.dates > 0) row(file, prefix, QualityCategory::plausibility, "not_before_birth", period.with_birth_date, period.before_birth);
    }
  }
  if (!sql.empty()) JOINEDUP_CHECK(connection.run(sql));
  return write_months(connection, table, files, quality, findings);
}

// A table that holds a date of death for identified people, joined by valid NHS number to everything else that is dated.
Result<void> write_after_death(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds) {
  std::string deaths;
  for (const auto& feed : feeds)
    for (const auto& table : feed.tables)
      for (const auto& column : table.columns)
        if (table.person == place::PersonSource::identity && column.type == FieldType::date && column.name == "date_of_death")
          deaths += (deaths.empty() ? "" : " UNION ALL ") + ("SELECT i.nhs_number, d.date_of_death FROM " + engine::sql_name(table.name) +
                    " d JOIN identity_record i USING (identity_key) WHERE i.nhs_status = 'valid' AND d.date_of_death IS NOT NULL");
  if (deaths.empty()) return {};
  JOINEDUP_CHECK(connection.run("CREATE TEMP TABLE death_day AS SELECT i.identity_key, min(x.date_of_death) AS day FROM (" + deaths +
                                ") x JOIN identity_record i ON i.nhs_number = x.nhs_number AND i.nhs_status = 'valid' GROUP BY i.identity_key"));
  for (const auto& feed : feeds)
    for (const auto& table : feed.tables) {
      const int main = main_date_column(table);
      if (main < 0 || table.person != place::PersonSource::identity || !table.view.empty()) continue;
      const auto day = engine::sql_name(table.columns[static_cast<std::size_t>(main)].name);
      JOINEDUP_CHECK(connection.run(
          "CREATE TEMP TABLE after_death AS SELECT t.source_row >> 36 AS ordinal, count(*) AS rows, "
          "count(*) FILTER (WHERE t." + day + " > d.day) AS failed FROM " + engine::sql_name(table.name) +
          " t JOIN death_day d USING (identity_key) GROUP BY 1"));
      JOINEDUP_CHECK(connection.run("INSERT INTO quality SELECT " + engine::sql_text(feed.feed) + ", f.file, '', 'plausibility', 'not_after_death', a.rows, a.failed "
                                    "FROM after_death a JOIN feed_file f ON f.file_ordinal = a.ordinal ORDER BY a.ordinal; DROP TABLE after_death"));
    }
  return connection.run("DROP TABLE death_day");
}

}  // namespace joinedup::ingest
