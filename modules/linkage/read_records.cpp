// Records from files: CSV row by row, Parquet a column at a time.
#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "base/parallel.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"
#include "linkage/csv_reader.hpp"
#include "linkage/records.hpp"

namespace joinedup::linkage {
namespace {

struct Layout {  // where each wanted column is in one input; npos where the input lacks it
  std::size_t id = std::string::npos;
  std::vector<std::size_t> columns;
};

Result<Layout> lay_out(const std::vector<std::string>& header, const Wanted& wanted, const Records& records, const std::string& path) {
  std::vector<std::string> names;
  for (const auto& name : header) names.push_back(lower_ascii(trim(name)));
  const auto where = [&](const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), lower_ascii(name));
    return found == names.end() ? std::string::npos : static_cast<std::size_t>(found - names.begin());
  };
  Layout layout;
  layout.id = where(wanted.id_column);
  if (layout.id == std::string::npos) {
    std::string why = "There is no column '" + wanted.id_column + "', which should hold each record's id.";
    if (names.size() == 1 && names[0].find_first_of(";\t|") != std::string::npos) why += " The header is one field: is the file separated by something else than commas?";
    return fail(ErrorCode::invalid_input, why, path);
  }
  const auto twice = [&](const std::string& name) { return std::count(names.begin(), names.end(), lower_ascii(name)) > 1; };
  for (const auto& column : records.columns)
    if (twice(column->name)) return fail(ErrorCode::invalid_input, "The file has two columns '" + column->name + "'. Rename one.", path);
  if (twice(wanted.id_column)) return fail(ErrorCode::invalid_input, "The file has two columns '" + wanted.id_column + "'. Rename one.", path);
  std::string missing;
  for (const auto& column : records.columns) {
    layout.columns.push_back(where(column->name));
    if (layout.columns.back() != std::string::npos) continue;
    if (std::find(wanted.columns.begin(), wanted.columns.end(), column->name) != wanted.columns.end())
      missing += (missing.empty() ? "'" : ", '") + column->name + "'";
  }
  if (!missing.empty()) return fail(ErrorCode::invalid_input, "The specification uses columns that the file lacks: " + missing + ".", path);
  return layout;
}

Result<void> read_one_csv(const std::string& path, const Wanted& wanted, Records& records) {
  Layout layout;
  auto& texts = *records.texts[0];
  std::uint64_t row_number = 0;
  return read_csv(
      path,
      [&](const CsvRow& header) -> Result<void> {
        JOINEDUP_TRY(layout, lay_out({header.begin(), header.end()}, wanted, records, path));
        for (auto& column : records.columns) column->kind = records.ids.empty() || column->kind == ColumnKind::untyped ? ColumnKind::untyped : ColumnKind::text;
        records.id_kind = ColumnKind::text;
        return {};
      },
      [&](const CsvRow& row) -> Result<void> {
        ++row_number;
        if (row[layout.id].empty()) return fail(ErrorCode::invalid_input, "Record " + std::to_string(row_number) + " has no id in column '" + wanted.id_column + "'.", path);
        records.ids.push_back(texts.keep(row[layout.id]));
        for (std::size_t i = 0; i < records.columns.size(); ++i) {
          const auto at = layout.columns[i];
          const auto value = at == std::string::npos ? std::string_view() : row[at];
          records.columns[i]->codes.push_back(value.empty() ? 0 : records.columns[i]->dictionary.add(value));
        }
        return {};
      });
}

ColumnKind kind_of(const std::string& type) {
  if (const auto bracket = type.find('['); bracket != std::string::npos) {
    switch (kind_of(type.substr(0, bracket))) {
      case ColumnKind::exact: return ColumnKind::exact_list;
      case ColumnKind::number:
      case ColumnKind::single: return ColumnKind::number_list;
      case ColumnKind::date: return ColumnKind::date_list;
      default: return ColumnKind::text_list;
    }
  }
  if (type == "BOOLEAN") return ColumnKind::boolean;
  if (type == "DATE") return ColumnKind::date;
  if (type.starts_with("TIMESTAMP")) return ColumnKind::instant;
  if (type == "FLOAT") return ColumnKind::single;
  if (type == "DOUBLE") return ColumnKind::number;
  for (const char* number : {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "DECIMAL"})
    if (type.starts_with(number)) return ColumnKind::exact;
  return ColumnKind::text;
}

constexpr std::size_t few_rows = 50000;

Result<void> read_one_parquet(const std::string& path, const Wanted& wanted, Records& records, unsigned threads) {
  JOINEDUP_TRY(auto database, engine::Database::open("", {.threads = 1}));
  const std::string from = " FROM read_parquet(" + engine::sql_text(path) + ")";
  std::vector<std::string> header, types;
  {
    JOINEDUP_TRY(auto connection, database.connect());
    auto described = connection.query("SELECT column_name, column_type FROM (DESCRIBE SELECT *" + from + ")");
    if (!described) return fail(ErrorCode::invalid_input, "The file cannot be read as Parquet.", path);
    for (const auto& row : described->rows) header.push_back(row[0]), types.push_back(row[1]);
  }
  std::size_t rows_here = 0;
  {
    JOINEDUP_TRY(auto connection, database.connect());
    JOINEDUP_TRY(const auto counted, connection.count("SELECT count(*)" + from));
    rows_here = static_cast<std::size_t>(counted);
  }
  JOINEDUP_TRY(const Layout layout, lay_out(header, wanted, records, path));
  const auto id_kind = kind_of(types[layout.id]);
  records.id_kind = records.ids.empty() || records.id_kind == id_kind ? id_kind : ColumnKind::text;
  const auto as_text = [&](std::size_t at) -> std::string {
    const auto name = engine::sql_name(header[at]);
    if (types[at] == "VARCHAR") return name;
    if (is_list(kind_of(types[at])))  // see list_separator and null_item
      return "array_to_string(list_transform(" + name + ", lambda item: chr(31) || coalesce(CAST(item AS VARCHAR), chr(30))), '')";
    return "CAST(" + name + " AS VARCHAR)";
  };
  const std::size_t jobs = records.columns.size() + 1;  // the first job takes the ids
  const std::size_t rows_before = records.ids.size();
  const auto source_of = [&](std::size_t job) { return job == 0 ? layout.id : layout.columns[job - 1]; };
  for (std::size_t i = 0; i < records.columns.size(); ++i) {
    DataColumn& column = *records.columns[i];
    if (layout.columns[i] == std::string::npos) continue;
    const auto kind = kind_of(types[layout.columns[i]]);
    column.kind = rows_before == 0 || column.kind == kind ? kind : ColumnKind::text;
    column.codes.reserve(rows_before + rows_here);
  }
  records.ids.reserve(rows_before + rows_here);
  const auto take_ids = [&](const engine::Batch& batch, std::size_t at) -> Result<void> {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      if (batch.is_null(at, row)) return fail(ErrorCode::invalid_input, "Record " + std::to_string(records.ids.size() - rows_before + 1) + " has no id in column '" + wanted.id_column + "'.", path);
      records.ids.push_back(records.texts[0]->keep(batch.text(at, row)));
    }
    return {};
  };
  const auto take_column = [&](const engine::Batch& batch, std::size_t at, DataColumn& column, std::vector<std::string_view>& values) -> Result<void> {
    values.resize(batch.rows());
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      values[row] = batch.is_null(at, row) ? std::string_view() : batch.text(at, row);
      if (values[row].empty() && !batch.is_null(at, row)) values[row] = {"", 0};
      if (values[row].size() > longest_value) return fail(ErrorCode::too_large, "A value of column '" + column.name + "' holds more than a mebibyte.", path);
      if (values[row].empty() && !is_list(column.kind) && wanted.empty_text == EmptyText::missing) values[row] = {};
    }
    const std::size_t filled = column.codes.size();
    column.codes.resize(filled + values.size());
    column.dictionary.add_all(values, column.codes.data() + filled);
    return {};
  };
  if (rows_here <= few_rows) {  // one scan of everything: starting a scan costs more than it reads
    std::string wish;
    std::vector<std::size_t> asked;
    for (std::size_t job = 0; job < jobs; ++job) {
      if (source_of(job) == std::string::npos) continue;
      asked.push_back(job);
      wish += (wish.empty() ? "" : ", ") + as_text(source_of(job)) + " AS c" + std::to_string(job);
    }
    std::vector<std::string_view> values;
    JOINEDUP_TRY(auto connection, database.connect());
    JOINEDUP_CHECK(connection.scan("SELECT " + wish + from, [&](const engine::Batch& batch) -> Result<void> {
      for (std::size_t at = 0; at < asked.size(); ++at) {
        JOINEDUP_CHECK(asked[at] == 0 ? take_ids(batch, at) : take_column(batch, at, *records.columns[asked[at] - 1], values));
      }
      return {};
    }));
  } else {
    std::mutex mutex;
    JOINEDUP_CHECK(parallel_for(jobs, threads, [&](std::size_t job) -> Result<void> {
      const std::size_t at = source_of(job);
      if (at == std::string::npos) return {};
      auto connection = [&] {
        const std::lock_guard lock(mutex);
        return database.connect();
      }();
      if (!connection) return tl::unexpected(connection.error());
      std::vector<std::string_view> values;
      return connection->scan("SELECT " + as_text(at) + from, [&](const engine::Batch& batch) { return job == 0 ? take_ids(batch, 0) : take_column(batch, 0, *records.columns[job - 1], values); });
    }));
  }
  for (auto& column : records.columns) column->codes.resize(records.ids.size(), 0);
  return {};
}

}  // namespace

Result<Records> read_records(std::span<const std::string> paths, const Wanted& wanted, unsigned threads) {
  Records records;
  records.texts.push_back(std::make_unique<Texts>());
  std::vector<std::string> names;
  for (const auto* list : {&wanted.columns, &wanted.optional_columns})
    for (const auto& name : *list)
      if (const auto lowered = lower_ascii(name); std::find(names.begin(), names.end(), lowered) == names.end()) names.push_back(lowered);
  if (wanted.by_source && std::find(names.begin(), names.end(), lower_ascii(wanted.source_column)) == names.end()) names.push_back(lower_ascii(wanted.source_column));
  for (const auto& name : names) {
    records.columns.push_back(std::make_unique<DataColumn>());
    records.columns.back()->name = name;
  }
  for (std::size_t input = 0; input < paths.size(); ++input) {
    const std::size_t before = records.size();
    const bool parquet = lower_ascii(paths[input]).ends_with(".parquet");
    JOINEDUP_CHECK(parquet ? read_one_parquet(paths[input], wanted, records, threads) : read_one_csv(paths[input], wanted, records));
    records.source_size.push_back(records.size() - before);
    records.source.resize(records.size(), static_cast<std::uint16_t>(input));
    for (std::size_t row = before; row < records.size(); ++row) records.input_row.push_back(row - before + 1);
    if (records.size() == before) return fail(ErrorCode::invalid_input, "The file has a header but no records.", paths[input]);
  }
  if (wanted.by_source) {
    const auto* column = records.find(lower_ascii(wanted.source_column));
    std::vector<std::uint32_t> by_name;
    for (std::uint32_t code = 0; code < column->values().size(); ++code) by_name.push_back(code);
    // As the text name-__-id sorts, in which Splink compares ids of several sources.
    const auto name = [&](std::uint32_t code) { return std::string(column->values()[code]) + "-__-"; };
    std::sort(by_name.begin(), by_name.end(), [&](auto a, auto b) { return name(a) < name(b); });
    for (const auto code : by_name) records.source_names.emplace_back(column->values()[code]);
    std::vector<std::uint16_t> rank(by_name.size());
    for (std::size_t i = 0; i < by_name.size(); ++i) rank[by_name[i]] = static_cast<std::uint16_t>(i);
    for (std::size_t row = 0; row < records.size(); ++row) records.source[row] = rank[column->codes[row]];
  }
  JOINEDUP_CHECK(put_in_order(records, paths, wanted.id_order, threads));
  if (wanted.by_source) {
    std::unordered_map<std::string_view, std::uint32_t> first;
    records.id_in_both.assign(records.size(), 0);
    for (std::uint32_t row = 0; row < records.size(); ++row)
      if (const auto [at, fresh] = first.try_emplace(records.ids[row], row); !fresh) records.id_in_both[at->second] = records.id_in_both[row] = 1;
  }
  return records;
}

}  // namespace joinedup::linkage
