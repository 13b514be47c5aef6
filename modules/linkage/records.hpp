// records: the rows to link, one dictionary a column. Code 0 is NULL; equal text has one code across all inputs.
// Rows are kept in the order of (input, id), so that "the smaller id first" is "the smaller row first".
//
//   auto records = read_records({"a.csv", "b.parquet"}, wanted, threads);
//   records->find("surname")->values[records->find("surname")->codes[row]]
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "linkage/sql_value.hpp"

namespace joinedup::linkage {

class Texts {  // many short texts, end to end; a view stays good for the life of the object
 public:
  std::string_view keep(std::string_view text);

 private:
  static constexpr std::size_t block = 1 << 20;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = block;
};

class Dictionary {  // text → code, from 1 up
 public:
  Dictionary();
  std::uint32_t add(std::string_view text);
  // Many at once, with the memory they need asked for ahead; a view without data is NULL, code 0.
  void add_all(std::span<const std::string_view> texts, std::uint32_t* codes);
  std::uint32_t find(std::string_view text) const;  // 0 where absent
  const std::vector<std::string_view>& values() const { return values_; }
  std::vector<std::string_view>& values() { return values_; }
  struct Slot {
    std::uint32_t hash = 0, code = 0;
  };
  const std::vector<Slot>& slots() const { return slots_; }  // open addressing by the low bits of hash64

 private:
  std::uint32_t add(std::string_view text, std::uint32_t hash);
  void grow();
  Texts texts_;
  std::vector<std::string_view> values_;
  std::vector<Slot> slots_;
};

struct DataColumn {
  std::string name;  // lower case
  ColumnKind kind = ColumnKind::text;
  std::vector<std::uint32_t> codes;  // by row
  Dictionary dictionary;
  const std::vector<std::string_view>& values() const { return dictionary.values(); }
};

struct Records {
  std::size_t size() const { return ids.size(); }
  const DataColumn* find(std::string_view name) const;
  std::vector<std::unique_ptr<DataColumn>> columns;
  std::vector<std::string_view> ids;
  std::vector<std::uint16_t> source;   // by row: which input, or which value of the source column
  std::vector<std::uint64_t> input_row;  // by row: 1 = its input's first
  std::vector<std::size_t> source_size;
  std::vector<std::uint8_t> id_in_both;  // by row, 1: another input holds the same id; empty with one input
  std::vector<std::string> source_names;  // of one input with a source column: its values, by number
  ColumnKind id_kind = ColumnKind::text;
  std::string shown_id(std::size_t row) const;  // with "A:" or "B:" (or the source's name) in front where two hold the same id
  std::vector<std::unique_ptr<Texts>> texts;
};

enum class EmptyText { missing, value };  // of a Parquet file; in CSV an empty field is missing always
enum class IdOrder { as_text, as_typed };  // as_typed: an integer column's ids are numbers, 9 before 10
constexpr bool ids_as_numbers(IdOrder order, ColumnKind kind) { return order == IdOrder::as_typed && (kind == ColumnKind::exact || kind == ColumnKind::number); }
std::uint64_t number_bits(std::string_view text);  // in the order of the numbers, as far as 64 bits tell them apart

struct Wanted {
  std::string id_column;
  IdOrder id_order = IdOrder::as_text;
  EmptyText empty_text = EmptyText::missing;
  std::string source_column;            // used where the single input has it and `by_source` asks; may be empty
  bool by_source = false;
  std::vector<std::string> columns;     // needed: an absent one is an error
  std::vector<std::string> optional_columns;
};

// Rows that are in memory already become what a file of them would have given.
//
//   RecordsBuilder builder({"given_name", "birth_date"});
//   builder.add("7", std::array<std::string_view, 2>{"Ann", "1990-01-01"});   // an empty value is NULL
//   auto records = builder.finish();
class RecordsBuilder {
 public:
  explicit RecordsBuilder(const std::vector<std::string>& columns);
  // Copies what it is given. Ids are unique within a source; values are one a column, in the columns' order.
  void add(std::string_view id, std::span<const std::string_view> values, std::uint16_t source = 0);
  // In order; records->input_row[row] is the place among the calls of add, from 1. The builder is empty afterwards.
  Result<Records> finish(unsigned threads = 1, IdOrder id_order = IdOrder::as_text, ColumnKind id_kind = ColumnKind::text);

 private:
  Records records_;
};

// Rows into the order of (source, id); refuses an id that occurs twice. `inputs` name the sources in that refusal.
Result<void> put_in_order(Records& records, std::span<const std::string> inputs, IdOrder id_order, unsigned threads);
Result<Records> read_records(std::span<const std::string> paths, const Wanted& wanted, unsigned threads);

}  // namespace joinedup::linkage
