#include "ingest/quality.hpp"

namespace joinedup::ingest {
namespace {

using place::FieldType;

bool can_be_unreadable(const FieldType type) { return type != FieldType::text && type != FieldType::code && type != FieldType::reference; }

}  // namespace

Result<void> write_quality(engine::Connection& connection, const place::TableSpec& table, const std::vector<FeedFile>& files,
                           const std::map<std::uint64_t, FileQuality>& quality) {
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
    if (found->second.main_dates > 0)
      row(file, "", QualityCategory::plausibility, "in_period", found->second.main_dates,
          found->second.main_dates - found->second.main_dates_in_period);
  }
  return sql.empty() ? Result<void>() : connection.run(sql);
}

}  // namespace joinedup::ingest
