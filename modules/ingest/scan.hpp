// The splitter: CSV bytes in, slices of the wanted columns out. It is the hot loop of every refresh, so it looks at 64 bytes
// at a time, steps over columns nobody asked for by counting separator bits, and leaves values where they lie.
//
//   RecordScanner scanner(bytes, size, last, {.separator = ',', .columns = 499}, wanted, {});
//   for (bool more = true; more;) {
//     more = scanner.next(rows, faults);            // rows.slice(slot, row), up to 2048 rows a time
//     …
//   }
//   scanner.consumed()                              // where the first record begins that was not complete
//
// Grammar: records end at LF, CRLF or a lone CR; empty lines are no records. A field that begins with a quote ends at the first
// quote followed by a separator, a record end or the end of the file; `""` in it is one quote; other quotes are kept as they are.
// A quoted field that passes `quoted_field` bytes or meets the end of the file never closed: that record alone is lost, and
// reading goes on at the next line that looks like a record. So it does when a quoted field swallowed such a line and the
// record has stray quotes or not the right number of columns. A record of more than `record` bytes is lost up to its line's end.
// Extra columns are forgiven when all of them are empty.
// The bytes must be followed by 64 readable bytes. reference/csv_twin.hpp says the same slowly.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace joinedup::ingest {

inline constexpr std::size_t scan_padding = 64;

struct Dialect {
  char separator = ',';
  std::uint32_t columns = 1;
};

struct ScanLimits {
  std::size_t quoted_field = 64 << 10;
  std::size_t record = 16 << 20;
};

enum class RecordFault : std::uint8_t { too_few_columns, too_many_columns, unclosed_quote, too_long };
const char* record_fault_rule(RecordFault fault);

struct FaultyRecord {
  std::uint32_t record;  // 0 = the first record scanned
  RecordFault fault;
};

struct Slice {
  std::uint32_t at = 0, size = 0;  // raw bytes, with their quotes
};

struct SlicedRows {
  static constexpr std::size_t capacity = 2048;
  explicit SlicedRows(std::size_t slots) : slices(slots * capacity), record(capacity) {}
  Slice& slice(std::size_t slot, std::size_t row) { return slices[slot * capacity + row]; }
  const Slice& slice(std::size_t slot, std::size_t row) const { return slices[slot * capacity + row]; }
  std::vector<Slice> slices;          // slot by slot
  std::vector<std::uint32_t> record;  // which record each row was
  std::size_t rows = 0;
};

enum class ScanPath { fastest, portable };

class RecordScanner {
 public:
  // wanted: column numbers, ascending, without repeats. last: the file ends with these bytes.
  RecordScanner(const char* data, std::size_t size, bool last, const Dialect& dialect, std::span<const std::uint32_t> wanted,
                const ScanLimits& limits, ScanPath path = ScanPath::fastest);
  bool next(SlicedRows& rows, std::vector<FaultyRecord>& faults);  // false: these rows (maybe none) are the last
  std::size_t consumed() const { return at_; }
  std::uint32_t records() const { return records_; }

 private:
  friend struct ScanKernel;
  const char* data_;
  std::size_t size_;
  bool last_;
  Dialect dialect_;
  std::span<const std::uint32_t> wanted_;
  ScanLimits limits_;
  ScanPath path_;
  std::size_t at_ = 0;
  std::uint32_t records_ = 0;
  std::vector<Slice> fields_;  // of the record that the careful path read last
};

// One record by the careful path. `fields` receives every column's slice up to dialect.columns.
struct CarefulRecord {
  enum class State { good, fault, blank, incomplete } state = State::incomplete;
  RecordFault fault = RecordFault::too_few_columns;
  std::size_t next = 0;  // where the following record begins
};
CarefulRecord scan_carefully(const char* data, std::size_t begin, std::size_t size, bool last, const Dialect& dialect,
                             const ScanLimits& limits, std::vector<Slice>& fields);

// Is the line at `begin` a whole record of the right number of columns by itself? Nothing: it does not end within the bytes.
enum class LineLooks { proper, improper, unknown };
LineLooks line_looks(const char* data, std::size_t begin, std::size_t size, bool last, const Dialect& dialect);

}  // namespace joinedup::ingest
