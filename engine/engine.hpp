// engine: DuckDB behind four small classes. Only this room includes duckdb.h.
//
//   auto db = Database::open("warehouse.duckdb", {.threads = 2});
//   auto connection = db->connect();
//   connection->run("CREATE TABLE t(a BIGINT, b VARCHAR)");
//   Appender rows = *connection->append_to("t");             // column batches in
//   connection->scan("SELECT a, b FROM t ORDER BY a", [&](const Batch& batch) -> Result<void> { … });   // column batches out
//
// A Database may be shared by threads; a Connection belongs to one thread at a time. Engine errors come back as
// sentences with the statement's first line as context. Extensions are never installed or loaded from outside.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"

namespace joinedup::engine {

enum class ColumnType { boolean, int8, int16, int32, int64, float64, text, date, timestamp, hugeint, other };
const char* sql_type(ColumnType type);  // BOOLEAN, SMALLINT, …, VARCHAR, DATE

struct Column {
  std::string name;
  ColumnType type = ColumnType::text;
};

struct DatabaseOptions {
  unsigned threads = 2;
  std::uint64_t memory_limit_mib = 0;  // 0: the engine's own default
  std::string temporary_folder;        // where it may spill; empty: beside the file
  bool read_only = false;
};

// A batch of rows as columns, read from a query. Views are valid until the callback returns.
class Batch {
 public:
  std::size_t rows() const { return rows_; }
  const std::vector<Column>& columns() const { return *columns_; }
  bool is_null(std::size_t column, std::size_t row) const;
  std::int64_t integer(std::size_t column, std::size_t row) const;  // boolean, int*, date (days), timestamp (µs), hugeint that fits
  double number(std::size_t column, std::size_t row) const;         // any numeric
  std::string_view text(std::size_t column, std::size_t row) const;  // VARCHAR only
  void append_csv(std::size_t column, std::size_t row, std::string& out) const;  // NULL is the empty field
  const void* data(std::size_t column) const { return data_[column]; }            // raw values, for inner loops

 private:
  friend class Connection;
  std::size_t rows_ = 0;
  const std::vector<Column>* columns_ = nullptr;
  std::vector<const void*> data_;
  std::vector<const std::uint64_t*> validity_;
};

// Rows on their way into a table, as columns. Each thread fills its own; an Appender takes them in the order they shall lie.
class RowBatch {
 public:
  static constexpr std::size_t capacity = 2048;
  RowBatch(RowBatch&&) noexcept;
  RowBatch& operator=(RowBatch&&) noexcept;
  ~RowBatch();
  void set_null(std::size_t column, std::size_t row);
  void set_integer(std::size_t column, std::size_t row, std::int64_t value);  // as the column's own width; dates in days
  void set_number(std::size_t column, std::size_t row, double value);
  void set_text(std::size_t column, std::size_t row, std::string_view value);  // must be valid UTF-8
  void* data(std::size_t column);  // raw values in the column's own width, for inner loops
  void keep(const std::uint16_t* rows, std::size_t count);  // moves these rows (ascending) to the front, in place
  void clear();

 private:
  friend class Appender;
  friend class Connection;
  struct State;
  explicit RowBatch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Writes rows as column batches. Fill slots [0, capacity) of each column, then `flush(rows)`. Rows keep their order.
class Appender {
 public:
  static constexpr std::size_t capacity = RowBatch::capacity;
  Appender(Appender&&) noexcept;
  Appender& operator=(Appender&&) noexcept;
  ~Appender();
  void set_null(std::size_t column, std::size_t row) { own_.set_null(column, row); }
  void set_integer(std::size_t column, std::size_t row, std::int64_t value) { own_.set_integer(column, row, value); }
  void set_number(std::size_t column, std::size_t row, double value) { own_.set_number(column, row, value); }
  void set_text(std::size_t column, std::size_t row, std::string_view value) { own_.set_text(column, row, value); }
  Result<void> flush(std::size_t rows) { return append(own_, rows); }
  RowBatch make_batch() const;  // empty, of this table's columns; safe from several threads
  Result<void> append(RowBatch& batch, std::size_t rows);  // takes the first rows, then clears the batch
  Result<void> close();  // must be called; the destructor drops what was not flushed

 private:
  friend class Connection;
  struct State;
  Appender(std::unique_ptr<State> state, RowBatch own);
  std::unique_ptr<State> state_;
  RowBatch own_;
};

// A whole small result, for settings, counts and reports. Large results are read with scan.
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;   // as CSV fields; NULL is empty
  std::vector<std::vector<bool>> nulls;
  std::int64_t integer(std::size_t row, std::size_t column) const;  // 0 where NULL
  double number(std::size_t row, std::size_t column) const;
};

class Connection {
 public:
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();
  Result<void> run(std::string_view sql);  // one or several statements
  Result<Table> query(std::string_view sql);
  Result<std::int64_t> count(std::string_view sql);  // the single integer that the query gives
  using Reader = std::function<Result<void>(const Batch&)>;
  Result<void> scan(std::string_view sql, const Reader& reader);  // streamed, in result order
  // `schema` may name a catalog too: "temp.main" for a temporary table.
  Result<Appender> append_to(const std::string& table, const std::string& schema = "main");
  void interrupt();  // from another thread

 private:
  friend class Database;
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Database {
 public:
  static Result<Database> open(const std::string& path, const DatabaseOptions& options = {});  // "" = in memory
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();
  Result<Connection> connect();
  static std::string version();  // of the library, as "v1.5.6"

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

std::string sql_text(std::string_view text);  // 'it''s'
std::string sql_name(std::string_view name);  // "name", quoted

// The rows of a query as CSV (no header), in the query's order; gives rows and the SHA-256 of exactly those bytes.
struct CsvSum {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::string sha256;
};
Result<CsvSum> csv_sum(Connection& connection, std::string_view sql);

// The rows of a stored table in the order of its key (NULLs first), as csv_sum and write_csv give them. A table that lies in
// key order already is streamed as it lies, each row checked against the one before; only another is sorted.
struct KeyedTable {
  std::string name;               // quoted as needed by the caller's SQL names
  std::vector<std::string> key;   // columns, most significant first
};
Result<CsvSum> csv_sum_in_key_order(Connection& connection, const KeyedTable& table);
Result<std::uint64_t> write_csv(Connection& connection, std::string_view sql, const std::function<Result<void>(std::string_view)>& sink);

}  // namespace joinedup::engine
