#include "engine/engine.hpp"

#include <duckdb.h>

#include <cstdlib>
#include <cstring>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace joinedup::engine {
namespace {

ColumnType from_engine(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return ColumnType::boolean;
    case DUCKDB_TYPE_TINYINT: return ColumnType::int8;
    case DUCKDB_TYPE_SMALLINT: return ColumnType::int16;
    case DUCKDB_TYPE_INTEGER: return ColumnType::int32;
    case DUCKDB_TYPE_BIGINT: return ColumnType::int64;
    case DUCKDB_TYPE_DOUBLE: return ColumnType::float64;
    case DUCKDB_TYPE_VARCHAR: return ColumnType::text;
    case DUCKDB_TYPE_DATE: return ColumnType::date;
    case DUCKDB_TYPE_TIMESTAMP: return ColumnType::timestamp;
    case DUCKDB_TYPE_HUGEINT: return ColumnType::hugeint;
    default: return ColumnType::other;
  }
}

std::string first_line(std::string_view sql) {
  sql = trim(sql);
  return std::string(sql.substr(0, std::min<std::size_t>(sql.find('\n'), 100)));
}

Error engine_error(const char* message, std::string_view sql) {
  std::string sentence = message ? message : "The database engine gave no reason.";
  ErrorCode code = ErrorCode::internal;
  if (sentence.find("No space left") != std::string::npos || sentence.find("Out of Memory") != std::string::npos)
    code = ErrorCode::storage_full;
  else if (sentence.starts_with("IO Error") && sentence.find("lock") != std::string::npos)
    code = ErrorCode::conflict;
  else if (sentence.starts_with("Conversion Error") || sentence.starts_with("Invalid Input") || sentence.starts_with("IO Error"))
    code = ErrorCode::invalid_input;
  else if (sentence.starts_with("INTERRUPT"))
    code = ErrorCode::unavailable;
  return {code, sentence, first_line(sql)};
}

std::string_view view_of(const duckdb_string_t& string) {
  const auto length = string.value.inlined.length;
  return length <= 12 ? std::string_view(string.value.inlined.inlined, length)
                      : std::string_view(string.value.pointer.ptr, length);
}

}  // namespace

const char* sql_type(ColumnType type) {
  switch (type) {
    case ColumnType::boolean: return "BOOLEAN";
    case ColumnType::int8: return "TINYINT";
    case ColumnType::int16: return "SMALLINT";
    case ColumnType::int32: return "INTEGER";
    case ColumnType::int64: return "BIGINT";
    case ColumnType::float64: return "DOUBLE";
    case ColumnType::text: return "VARCHAR";
    case ColumnType::date: return "DATE";
    case ColumnType::timestamp: return "TIMESTAMP";
    case ColumnType::hugeint: return "HUGEINT";
    case ColumnType::other: break;
  }
  return "VARCHAR";
}

bool Batch::is_null(std::size_t column, std::size_t row) const {
  const auto* bits = validity_[column];
  return bits && !((bits[row >> 6] >> (row & 63)) & 1);
}

std::int64_t Batch::integer(std::size_t column, std::size_t row) const {
  const void* data = data_[column];
  switch ((*columns_)[column].type) {
    case ColumnType::boolean: return static_cast<const bool*>(data)[row];
    case ColumnType::int8: return static_cast<const std::int8_t*>(data)[row];
    case ColumnType::int16: return static_cast<const std::int16_t*>(data)[row];
    case ColumnType::int32:
    case ColumnType::date: return static_cast<const std::int32_t*>(data)[row];
    case ColumnType::int64:
    case ColumnType::timestamp: return static_cast<const std::int64_t*>(data)[row];
    case ColumnType::hugeint: return static_cast<std::int64_t>(static_cast<const duckdb_hugeint*>(data)[row].lower);
    case ColumnType::float64: return static_cast<std::int64_t>(static_cast<const double*>(data)[row]);
    default: return 0;
  }
}

double Batch::number(std::size_t column, std::size_t row) const {
  const auto type = (*columns_)[column].type;
  if (type == ColumnType::float64) return static_cast<const double*>(data_[column])[row];
  if (type == ColumnType::hugeint) return duckdb_hugeint_to_double(static_cast<const duckdb_hugeint*>(data_[column])[row]);
  return static_cast<double>(integer(column, row));
}

std::string_view Batch::text(std::size_t column, std::size_t row) const {
  return view_of(static_cast<const duckdb_string_t*>(data_[column])[row]);
}

void Batch::append_csv(std::size_t column, std::size_t row, std::string& out) const {
  if (is_null(column, row)) return;
  char buffer[24];
  switch ((*columns_)[column].type) {
    case ColumnType::text: {
      const auto value = text(column, row);
      if (value.find_first_of(",\"\r\n") == std::string_view::npos) out.append(value);
      else out += csv_field(value);
      return;
    }
    case ColumnType::boolean: out += integer(column, row) ? "true" : "false"; return;
    case ColumnType::date: out += Date{static_cast<std::int32_t>(integer(column, row))}.to_iso(); return;
    case ColumnType::timestamp: {
      const auto micros = integer(column, row);
      const auto day = micros >= 0 ? micros / 86400000000 : (micros - 86399999999) / 86400000000;
      const auto seconds = (micros - day * 86400000000) / 1000000;
      out += Date{static_cast<std::int32_t>(day)}.to_iso();
      std::snprintf(buffer, sizeof buffer, "T%02d:%02d:%02dZ", static_cast<int>(seconds / 3600),
                    static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
      out += buffer;
      return;
    }
    case ColumnType::float64: out += format_number(number(column, row)); return;
    default: {
      auto value = integer(column, row);
      const bool negative = value < 0;
      auto magnitude = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
      char* at = buffer + sizeof buffer;
      do *--at = static_cast<char>('0' + magnitude % 10);
      while (magnitude /= 10);
      if (negative) *--at = '-';
      out.append(at, static_cast<std::size_t>(buffer + sizeof buffer - at));
    }
  }
}

struct Database::State {
  duckdb_database handle = nullptr;
  ~State() {
    if (handle) duckdb_close(&handle);
  }
};

struct Connection::State {
  duckdb_connection handle = nullptr;
  ~State() {
    if (handle) duckdb_disconnect(&handle);
  }
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;
Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

std::string Database::version() { return duckdb_library_version(); }

Result<Database> Database::open(const std::string& path, const DatabaseOptions& options) {
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  const auto set = [&](const char* name, const std::string& value) { duckdb_set_config(config, name, value.c_str()); };
  set("threads", std::to_string(options.threads ? options.threads : 1));
  set("autoinstall_known_extensions", "false");
  set("autoload_known_extensions", "false");
  set("allow_community_extensions", "false");
  if (options.read_only) set("access_mode", "READ_ONLY");
  if (options.memory_limit_mib) set("memory_limit", std::to_string(options.memory_limit_mib) + "MiB");
  if (!options.temporary_folder.empty()) set("temp_directory", options.temporary_folder);
  auto state = std::make_unique<State>();
  char* why = nullptr;
  const auto opened = duckdb_open_ext(path.empty() ? nullptr : path.c_str(), &state->handle, config, &why);
  duckdb_destroy_config(&config);
  if (opened == DuckDBError) {
    auto error = engine_error(why, path);
    duckdb_free(why);
    return tl::unexpected(error);
  }
  return Database(std::move(state));
}

Result<Connection> Database::connect() {
  auto state = std::make_unique<Connection::State>();
  if (duckdb_connect(state_->handle, &state->handle) == DuckDBError)
    return fail(ErrorCode::internal, "The database engine refused a connection.");
  return Connection(std::move(state));
}

void Connection::interrupt() { duckdb_interrupt(state_->handle); }

Result<void> Connection::run(std::string_view sql) {
  duckdb_result result;
  const auto state = duckdb_query(state_->handle, std::string(sql).c_str(), &result);
  Result<void> outcome;
  if (state == DuckDBError) outcome = tl::unexpected(engine_error(duckdb_result_error(&result), sql));
  duckdb_destroy_result(&result);
  return outcome;
}

Result<void> Connection::scan(std::string_view sql, const Reader& reader) {
  duckdb_prepared_statement prepared = nullptr;
  if (duckdb_prepare(state_->handle, std::string(sql).c_str(), &prepared) == DuckDBError) {
    auto error = engine_error(duckdb_prepare_error(prepared), sql);
    duckdb_destroy_prepare(&prepared);
    return tl::unexpected(error);
  }
  duckdb_result result;
  Result<void> outcome;
  if (duckdb_execute_prepared_streaming(prepared, &result) == DuckDBError) {
    outcome = tl::unexpected(engine_error(duckdb_result_error(&result), sql));
  } else {
    std::vector<Column> columns;
    for (idx_t i = 0; i < duckdb_column_count(&result); ++i)
      columns.push_back({duckdb_column_name(&result, i), from_engine(duckdb_column_type(&result, i))});
    for (const auto& column : columns)
      if (column.type == ColumnType::other)
        outcome = fail(ErrorCode::internal, "Column " + column.name + " has a type that cannot be read; cast it in the query.", first_line(sql));
    while (outcome) {
      duckdb_data_chunk chunk = duckdb_stream_fetch_chunk(result);
      if (!chunk) break;
      Batch batch;
      batch.rows_ = duckdb_data_chunk_get_size(chunk);
      batch.columns_ = &columns;
      for (idx_t i = 0; i < columns.size(); ++i) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
        batch.data_.push_back(duckdb_vector_get_data(vector));
        batch.validity_.push_back(duckdb_vector_get_validity(vector));
      }
      if (batch.rows_ > 0) outcome = reader(batch);
      duckdb_destroy_data_chunk(&chunk);
    }
    if (outcome)
      if (const char* why = duckdb_result_error(&result); why && *why) outcome = tl::unexpected(engine_error(why, sql));
  }
  duckdb_destroy_result(&result);
  duckdb_destroy_prepare(&prepared);
  return outcome;
}

Result<Table> Connection::query(std::string_view sql) {
  Table table;
  JOINEDUP_CHECK(scan(sql, [&](const Batch& batch) -> Result<void> {
    if (table.columns.empty()) table.columns = batch.columns();
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      std::vector<std::string> fields(batch.columns().size());
      std::vector<bool> nulls(batch.columns().size());
      for (std::size_t column = 0; column < fields.size(); ++column) {
        nulls[column] = batch.is_null(column, row);
        if (nulls[column]) continue;
        if (batch.columns()[column].type == ColumnType::text) fields[column] = batch.text(column, row);
        else batch.append_csv(column, row, fields[column]);
      }
      table.rows.push_back(std::move(fields));
      table.nulls.push_back(std::move(nulls));
    }
    return {};
  }));
  return table;
}

std::int64_t Table::integer(std::size_t row, std::size_t column) const { return std::strtoll(rows[row][column].c_str(), nullptr, 10); }
double Table::number(std::size_t row, std::size_t column) const { return std::strtod(rows[row][column].c_str(), nullptr); }

Result<std::int64_t> Connection::count(std::string_view sql) {
  JOINEDUP_TRY(const auto table, query(sql));
  if (table.rows.size() != 1) return fail(ErrorCode::internal, "The query should give one number.", first_line(sql));
  return table.integer(0, 0);
}

struct RowBatch::State {
  duckdb_data_chunk chunk = nullptr;
  std::vector<duckdb_type> kinds;
  std::vector<duckdb_vector> vectors;
  std::vector<void*> data;
  std::vector<std::uint64_t*> validity;

  State(const std::vector<duckdb_logical_type>& types, std::vector<duckdb_type> column_kinds)
      : kinds(std::move(column_kinds)), vectors(types.size()), data(types.size()), validity(types.size()) {
    chunk = duckdb_create_data_chunk(const_cast<duckdb_logical_type*>(types.data()), types.size());
    refresh();
  }
  void refresh() {
    for (idx_t i = 0; i < kinds.size(); ++i) {
      vectors[i] = duckdb_data_chunk_get_vector(chunk, i);
      data[i] = duckdb_vector_get_data(vectors[i]);
      validity[i] = nullptr;
    }
  }
  ~State() {
    if (chunk) duckdb_destroy_data_chunk(&chunk);
  }
};

RowBatch::RowBatch(std::unique_ptr<State> state) : state_(std::move(state)) {}
RowBatch::RowBatch(RowBatch&&) noexcept = default;
RowBatch& RowBatch::operator=(RowBatch&&) noexcept = default;
RowBatch::~RowBatch() = default;

void RowBatch::set_null(std::size_t column, std::size_t row) {
  auto*& bits = state_->validity[column];
  if (!bits) {
    duckdb_vector_ensure_validity_writable(state_->vectors[column]);
    bits = duckdb_vector_get_validity(state_->vectors[column]);
  }
  bits[row >> 6] &= ~(std::uint64_t{1} << (row & 63));
}

void RowBatch::set_integer(std::size_t column, std::size_t row, std::int64_t value) {
  void* data = state_->data[column];
  switch (state_->kinds[column]) {
    case DUCKDB_TYPE_BOOLEAN: static_cast<bool*>(data)[row] = value != 0; break;
    case DUCKDB_TYPE_TINYINT: static_cast<std::int8_t*>(data)[row] = static_cast<std::int8_t>(value); break;
    case DUCKDB_TYPE_SMALLINT: static_cast<std::int16_t*>(data)[row] = static_cast<std::int16_t>(value); break;
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE: static_cast<std::int32_t*>(data)[row] = static_cast<std::int32_t>(value); break;
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_TIMESTAMP: static_cast<std::int64_t*>(data)[row] = value; break;
    case DUCKDB_TYPE_DOUBLE: static_cast<double*>(data)[row] = static_cast<double>(value); break;
    default: JOINEDUP_INVARIANT(false, "an integer was written to a column of another kind");
  }
}

void RowBatch::set_number(std::size_t column, std::size_t row, double value) {
  JOINEDUP_INVARIANT(state_->kinds[column] == DUCKDB_TYPE_DOUBLE, "a number was written to a column of another kind");
  static_cast<double*>(state_->data[column])[row] = value;
}

void RowBatch::set_text(std::size_t column, std::size_t row, std::string_view value) {
  if (value.size() <= 12 && state_->kinds[column] == DUCKDB_TYPE_VARCHAR) {
    auto& slot = static_cast<duckdb_string_t*>(state_->data[column])[row];
    std::memset(&slot, 0, sizeof slot);
    slot.value.inlined.length = static_cast<std::uint32_t>(value.size());
    std::memcpy(slot.value.inlined.inlined, value.data(), value.size());
    return;
  }
  duckdb_vector_assign_string_element_len(state_->vectors[column], row, value.data(), value.size());
}

void* RowBatch::data(std::size_t column) { return state_->data[column]; }

namespace {
template <class Value>
void gather(void* data, const std::uint16_t* rows, std::size_t count) {
  auto* values = static_cast<Value*>(data);
  for (std::size_t i = 0; i < count; ++i) values[i] = values[rows[i]];
}
}  // namespace

void RowBatch::keep(const std::uint16_t* rows, std::size_t count) {
  for (std::size_t column = 0; column < state_->kinds.size(); ++column) {
    switch (state_->kinds[column]) {
      case DUCKDB_TYPE_BOOLEAN:
      case DUCKDB_TYPE_TINYINT: gather<std::int8_t>(state_->data[column], rows, count); break;
      case DUCKDB_TYPE_SMALLINT: gather<std::int16_t>(state_->data[column], rows, count); break;
      case DUCKDB_TYPE_INTEGER:
      case DUCKDB_TYPE_DATE: gather<std::int32_t>(state_->data[column], rows, count); break;
      case DUCKDB_TYPE_VARCHAR: gather<duckdb_string_t>(state_->data[column], rows, count); break;
      default: gather<std::int64_t>(state_->data[column], rows, count);
    }
    auto* bits = state_->validity[column];
    if (!bits) continue;
    for (std::size_t i = 0; i < count; ++i) {
      const auto valid = (bits[rows[i] >> 6] >> (rows[i] & 63)) & 1;
      bits[i >> 6] = (bits[i >> 6] & ~(std::uint64_t{1} << (i & 63))) | valid << (i & 63);
    }
  }
}

void RowBatch::clear() {
  duckdb_data_chunk_reset(state_->chunk);
  state_->refresh();
}

struct Appender::State {
  duckdb_appender handle = nullptr;
  std::vector<duckdb_logical_type> types;
  std::vector<duckdb_type> kinds;
  std::string table;
  ~State() {
    for (auto& type : types) duckdb_destroy_logical_type(&type);
    if (handle) duckdb_appender_destroy(&handle);
  }
};

Appender::Appender(std::unique_ptr<State> state, RowBatch own) : state_(std::move(state)), own_(std::move(own)) {}
Appender::Appender(Appender&&) noexcept = default;
Appender& Appender::operator=(Appender&&) noexcept = default;
Appender::~Appender() = default;

RowBatch Appender::make_batch() const { return RowBatch(std::make_unique<RowBatch::State>(state_->types, state_->kinds)); }

Result<Appender> Connection::append_to(const std::string& table, const std::string& schema) {
  auto state = std::make_unique<Appender::State>();
  state->table = table;
  const auto dot = schema.find('.');
  const std::string catalog = dot == std::string::npos ? "" : schema.substr(0, dot);
  const std::string inside = dot == std::string::npos ? schema : schema.substr(dot + 1);
  if (duckdb_appender_create_ext(state_->handle, catalog.empty() ? nullptr : catalog.c_str(), inside.c_str(), table.c_str(), &state->handle) == DuckDBError)
    return tl::unexpected(engine_error(duckdb_appender_error(state->handle), "append to " + table));
  const auto columns = duckdb_appender_column_count(state->handle);
  for (idx_t i = 0; i < columns; ++i) {
    state->types.push_back(duckdb_appender_column_type(state->handle, i));
    state->kinds.push_back(duckdb_get_type_id(state->types.back()));
  }
  RowBatch own(std::make_unique<RowBatch::State>(state->types, state->kinds));
  return Appender(std::move(state), std::move(own));
}

Result<void> Appender::append(RowBatch& batch, std::size_t rows) {
  duckdb_data_chunk_set_size(batch.state_->chunk, rows);
  if (duckdb_append_data_chunk(state_->handle, batch.state_->chunk) == DuckDBError)
    return tl::unexpected(engine_error(duckdb_appender_error(state_->handle), "append to " + state_->table));
  batch.clear();
  return {};
}

Result<void> Appender::close() {
  if (duckdb_appender_close(state_->handle) == DuckDBError)
    return tl::unexpected(engine_error(duckdb_appender_error(state_->handle), "append to " + state_->table));
  return {};
}

std::string sql_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + '\'';
}

std::string sql_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace joinedup::engine
