#include "linkage/records.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <mutex>
#include <numeric>
#include <unordered_map>

#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "engine/engine.hpp"
#include "linkage/csv_reader.hpp"

namespace joinedup::linkage {

std::string_view Texts::keep(std::string_view text) {
  if (text.size() > block / 4) {  // a block of its own, behind the one in use
    auto own = std::make_unique<char[]>(text.size());
    std::memcpy(own.get(), text.data(), text.size());
    const std::string_view view(own.get(), text.size());
    blocks_.insert(blocks_.begin(), std::move(own));
    return view;
  }
  if (used_ + text.size() > block) {
    blocks_.push_back(std::make_unique<char[]>(block));
    used_ = 0;
  }
  char* at = blocks_.back().get() + used_;
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  used_ += text.size();
  return {at, text.size()};
}

Dictionary::Dictionary() : values_{std::string_view()}, hashes_{0}, slots_(1024, 0) {}

std::uint32_t Dictionary::add(std::string_view text) {
  const auto hash = static_cast<std::uint32_t>(hash64(text));
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot]; slot = (slot + 1) & mask)
    if (hashes_[slots_[slot]] == hash && values_[slots_[slot]] == text) return slots_[slot];
  const auto code = static_cast<std::uint32_t>(values_.size());
  slots_[slot] = code;
  values_.push_back(texts_.keep(text));
  hashes_.push_back(hash);
  if (values_.size() * 2 > slots_.size()) grow();
  return code;
}

std::uint32_t Dictionary::find(std::string_view text) const {
  const auto hash = static_cast<std::uint32_t>(hash64(text));
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask; slots_[slot]; slot = (slot + 1) & mask)
    if (hashes_[slots_[slot]] == hash && values_[slots_[slot]] == text) return slots_[slot];
  return 0;
}

void Dictionary::grow() {
  slots_.assign(slots_.size() * 4, 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t code = 1; code < values_.size(); ++code) {
    std::size_t slot = hashes_[code] & mask;
    while (slots_[slot]) slot = (slot + 1) & mask;
    slots_[slot] = code;
  }
}

const DataColumn* Records::find(std::string_view name) const {
  for (const auto& column : columns)
    if (column->name == name) return column.get();
  return nullptr;
}

std::string Records::shown_id(std::size_t row) const {
  if (id_in_both.empty() || !id_in_both[row]) return std::string(ids[row]);
  if (!source_names.empty()) return source_names[source[row]] + ":" + std::string(ids[row]);
  return (source[row] == 0 ? "A:" : "B:") + std::string(ids[row]);
}

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
  if (layout.id == std::string::npos) return fail(ErrorCode::invalid_input, "There is no column '" + wanted.id_column + "', which should hold each record's id.", path);
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
  std::mutex mutex;
  const std::size_t jobs = records.columns.size() + 1;  // the last job reads the ids: each column is one scan of its own
  const std::size_t rows_before = records.ids.size();
  std::vector<std::size_t> order(jobs);
  std::iota(order.begin(), order.end(), 0);
  JOINEDUP_CHECK(parallel_for(jobs, threads, [&](std::size_t job) -> Result<void> {
    const bool is_id = job == 0;
    const std::size_t at = is_id ? layout.id : layout.columns[job - 1];
    DataColumn* column = is_id ? nullptr : records.columns[job - 1].get();
    if (at == std::string::npos) return {};
    auto connection = [&] {
      const std::lock_guard lock(mutex);
      return database.connect();
    }();
    if (!connection) return tl::unexpected(connection.error());
    if (column) {
      const auto kind = kind_of(types[at]);
      if (rows_before == 0 || column->kind == kind) column->kind = kind;
      else column->kind = ColumnKind::text;
    }
    return connection->scan("SELECT " + as_text(at) + from, [&](const engine::Batch& batch) -> Result<void> {
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        const bool empty = batch.is_null(0, row);
        if (is_id) {
          if (empty) return fail(ErrorCode::invalid_input, "Record " + std::to_string(records.ids.size() - rows_before + 1) + " has no id in column '" + wanted.id_column + "'.", path);
          records.ids.push_back(records.texts[0]->keep(batch.text(0, row)));
          continue;
        }
        const auto value = empty ? std::string_view() : batch.text(0, row);
        if (value.size() > longest_value) return fail(ErrorCode::too_large, "A value of column '" + column->name + "' holds more than a mebibyte.", path);
        column->codes.push_back(value.empty() && (empty || !is_list(column->kind)) ? 0 : column->dictionary.add(value));
      }
      return {};
    });
  }));
  for (auto& column : records.columns) column->codes.resize(records.ids.size(), 0);
  return {};
}

std::uint64_t first_bytes(std::string_view text) {
  unsigned char bytes[8] = {};
  std::memcpy(bytes, text.data(), std::min<std::size_t>(8, text.size()));
  std::uint64_t word = 0;
  for (const auto byte : bytes) word = word << 8 | byte;
  return word;
}

// Numbers in their order, as far as 64 bits tell them apart.
std::uint64_t number_bits(std::string_view text) {
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc{} && end == text.data() + text.size()) return static_cast<std::uint64_t>(whole) ^ std::uint64_t{1} << 63;
  const Value number = to_number(Value::of(std::string(text)));
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(std::clamp(number.number, -9e18, 9e18))) ^ std::uint64_t{1} << 63;
}

template <class T>
void permute(std::vector<T>& values, const std::vector<std::uint32_t>& order) {
  std::vector<T> moved(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) moved[i] = values[order[i]];
  values = std::move(moved);
}

Result<void> put_in_order(Records& records, std::span<const std::string> paths, IdOrder id_order, unsigned threads) {
  const bool as_numbers = id_order == IdOrder::as_typed && (records.id_kind == ColumnKind::exact || records.id_kind == ColumnKind::number);
  struct Key {
    std::uint64_t word;
    std::uint32_t row;
    std::uint16_t source;
  };
  std::vector<Key> keys(records.size());
  for (std::uint32_t row = 0; row < keys.size(); ++row) keys[row] = {as_numbers ? number_bits(records.ids[row]) : first_bytes(records.ids[row]), row, records.source[row]};
  const auto before = [&](const Key& a, const Key& b) {
    if (a.source != b.source) return a.source < b.source;
    if (a.word != b.word) return a.word < b.word;
    const int side = records.ids[a.row].compare(records.ids[b.row]);
    return side != 0 ? side < 0 : a.row < b.row;
  };
  if (!std::is_sorted(keys.begin(), keys.end(), before)) {
    const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(keys.size() / 2);
    JOINEDUP_CHECK(parallel_for(2, threads, [&](std::size_t half) -> Result<void> {
      if (half == 0) std::sort(keys.begin(), middle, before);
      else std::sort(middle, keys.end(), before);
      return {};
    }));
    std::inplace_merge(keys.begin(), middle, keys.end(), before);
  }
  for (std::size_t i = 1; i < keys.size(); ++i)
    if (keys[i].source == keys[i - 1].source && records.ids[keys[i].row] == records.ids[keys[i - 1].row])
      return fail(ErrorCode::invalid_input,
                  "Records " + std::to_string(records.input_row[keys[i - 1].row]) + " and " + std::to_string(records.input_row[keys[i].row]) +
                      " have the same id; every record needs an id of its own.",
                  paths[std::min<std::size_t>(records.source[keys[i].row], paths.size() - 1)]);
  std::vector<std::uint32_t> order(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) order[i] = keys[i].row;
  permute(records.ids, order);
  permute(records.source, order);
  permute(records.input_row, order);
  return parallel_for(records.columns.size(), threads, [&](std::size_t i) -> Result<void> {
    permute(records.columns[i]->codes, order);
    return {};
  });
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
  if (paths.size() == 2) {  // merge the two sorted id lists to find ids that both hold
    records.id_in_both.assign(records.size(), 0);
    std::size_t a = 0, b = records.source_size[0];
    while (a < records.source_size[0] && b < records.size()) {
      const int side = records.ids[a].compare(records.ids[b]);
      if (side == 0) records.id_in_both[a] = records.id_in_both[b] = 1;
      if (side <= 0) ++a;
      if (side >= 0) ++b;
    }
  }
  return records;
}

}  // namespace joinedup::linkage
