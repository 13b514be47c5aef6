// Conversion: slices of a file's columns become typed column batches, a range at a time, on any thread. Nothing here knows
// where in the file the range lies: rows are numbered from the range's start and moved when the range is committed.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/finding.hpp"
#include "engine/engine.hpp"
#include "ingest/header.hpp"
#include "ingest/identity.hpp"
#include "ingest/scan.hpp"
#include "place/feed_spec.hpp"

namespace joinedup::ingest {

// What was wrong in a range, counted by (field, rule): few kinds, so a short list.
class RangeFindings {
 public:
  static constexpr int record = -1, row_id = -2, reference = -3, identity = -4;  // in place of a declared column
  void add(int field, Severity severity, QualityCategory category, const char* rule, std::uint64_t row, std::string_view value);
  struct Sample {
    std::uint64_t row;
    std::string value;
  };
  struct Entry {
    int field;
    Severity severity;
    QualityCategory category;
    const char* rule;
    std::uint64_t count = 0;
    std::vector<Sample> samples;
  };
  std::vector<Entry> entries;
};

// What the quality report counts of one declared column.
struct FieldCounts {
  std::uint64_t rows = 0, missing = 0, unreadable = 0, unknown_code = 0, out_of_range = 0;
  void add(const FieldCounts& other) {
    rows += other.rows;
    missing += other.missing;
    unreadable += other.unreadable;
    unknown_code += other.unknown_code;
    out_of_range += other.out_of_range;
  }
};

// When the kept rows happened, and whether that can be.
struct PeriodCounts {
  static constexpr int first_year = 1970, years = 130;
  std::uint64_t dates = 0, in_period = 0, after_period = 0, with_birth_date = 0, before_birth = 0, implausible_age = 0;
  std::vector<std::uint32_t> months;  // rows in each month from first_year; empty: none
  void add(const PeriodCounts& other);
};

struct TableLayout {  // which staged column is where
  int row_id = -1, identity_key = -1, person_ref = -1, first_column = 1, columns = 1;
};
TableLayout table_layout(const place::TableSpec& table);
std::string create_table_sql(const place::TableSpec& table);

// What all ranges of one file share.
struct FileContext {
  const place::TableSpec* table = nullptr;
  ColumnMap map;
  TableLayout layout;
  std::uint64_t identity_seed = 0;
  std::int32_t period_from = INT32_MIN, period_to = INT32_MAX;
  int main_date = -1;  // the declared column that says when a row happened; -1: none
  bool track_row_ids = false;
};
int main_date_column(const place::TableSpec& table);  // the column that says when a row happened; -1: none
FileContext make_context(const place::TableSpec& table, ColumnMap map);

struct FilledBatch {
  engine::RowBatch rows;
  std::size_t count = 0;
};

struct RangeResult {
  std::vector<FilledBatch> batches;
  RangeFindings findings;
  std::vector<FieldCounts> fields;
  IdentityTable identities;
  struct Reference {
    std::int64_t person_ref, identity_key, row;
  };
  std::vector<Reference> references;
  struct RowId {
    std::uint64_t hash;
    std::int64_t row;
  };
  std::vector<RowId> row_ids;
  std::uint64_t records = 0, kept = 0, rejected = 0;
  PeriodCounts period;
};

class BatchPool {  // batches that wait to be filled again
 public:
  explicit BatchPool(const engine::Appender& appender) : appender_(&appender) {}
  engine::RowBatch take();
  void give(engine::RowBatch batch);

 private:
  std::mutex mutex_;
  std::vector<engine::RowBatch> free_;
  const engine::Appender* appender_;
};

class Converter {
 public:
  Converter(const FileContext& file, BatchPool& pool);
  void convert(const char* data, const SlicedRows& rows, RangeResult& result);
  void reject_records(const std::vector<FaultyRecord>& faults, RangeResult& result);

 private:
  struct Block;
  void convert_column(std::size_t column, Block& block);
  template <class Read>
  void typed_column(std::size_t column, Block& block, Read read);
  void text_column(std::size_t column, Block& block);
  void keys(Block& block);
  void count_period(Block& block);
  void check_birth(Block& block, std::size_t row, const Identity& identity);
  void refuse(std::size_t column, Block& block, std::size_t row, const char* rule, QualityCategory category, std::string_view value,
              bool must_reject);
  std::string_view decoded(std::string_view value, int field, Block& block, std::size_t row);
  std::string_view name_text(int slot, Block& block, std::size_t row, std::string& into);
  Identity read_identity(Block& block, std::size_t row);

  const FileContext& file_;
  BatchPool& pool_;
  std::vector<std::uint8_t> rejected_;
  std::string scratch_, decoded_;
  std::array<std::string, identity_text_count> identity_text_;
};

}  // namespace joinedup::ingest
