// Segments: the search index of a contiguous range of rows. One in memory that grows, and files that never change.
// Inside this room only.
//
//   Postings found = segment.tokens(key);            // rows that hold this hash, ascending
//   PostingsCursor cursor(found);
//   for (Row row = cursor.seek(0); row != no_row; row = cursor.seek(row + 1)) use(row);
//   ColumnView dates = segment.column(key);          // (row, low, high), by row; and in the order of low
//
// A row is a version of a resource: rows are numbered as they are committed, so a newer segment holds greater rows.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/flat_map.hpp"
#include "base/result.hpp"

namespace joinedup::fhir {

using Row = std::uint32_t;
inline constexpr Row no_row = 0xFFFFFFFFU;

// One key's rows in one segment.
struct Postings {
  enum class Kind : std::uint8_t { none, one, list, bits } kind = Kind::none;
  Row base = 0;                         // one: the row; bits: the row of bit 0
  std::uint32_t count = 0;
  std::uint32_t span = 0;               // bits: how many there are
  const std::uint32_t* data = nullptr;  // list: rows; bits: words
  bool contains(Row row) const;
};

class PostingsCursor {
 public:
  explicit PostingsCursor(const Postings& postings) : postings_(postings) {}
  Row seek(Row from);  // the first row at or after `from`; `from` must not decrease

 private:
  Postings postings_;
  std::uint32_t at_ = 0;
};

// Values of one ordered parameter: `rows` ascends (a row may repeat); `order` sorts the first `ordered` entries by low, what
// follows is unsorted; `wide` lists the entries whose high is further than column_reach from low.
struct ColumnView {
  const Row* rows = nullptr;
  const std::int64_t* low = nullptr;
  const std::int64_t* high = nullptr;
  const std::uint32_t* order = nullptr;
  const std::uint32_t* wide = nullptr;
  std::uint32_t count = 0, ordered = 0, wide_count = 0;
};
inline constexpr std::int64_t column_reach = std::int64_t{366} * 86'400'000'000;  // a year of microseconds

struct ColumnValue {
  std::uint64_t column = 0;
  std::int64_t low = 0, high = 0;
};

// Whom a row is about, by the Patient compartment: one person's hash, or one of these.
inline constexpr std::uint64_t nobody = 0, several_people = 1;

// What one row adds to the index.
struct IndexedRow {
  std::uint64_t self = 0;      // hash of "Type/id"
  std::int64_t instant = 0;
  std::uint64_t person = nobody;  // whom it is about: hash of "Patient/id"
  std::uint16_t type = 0;
  std::vector<std::uint64_t> tokens;
  std::vector<ColumnValue> columns;
};

class Segment {
 public:
  virtual ~Segment() = default;
  virtual Postings versions(std::uint64_t self) const = 0;  // all rows of one resource, dead ones too
  virtual Postings tokens(std::uint64_t key) const = 0;
  virtual ColumnView column(std::uint64_t key) const = 0;
  Row first() const { return first_; }
  Row end() const { return first_ + size_; }  // one past the last
  Row size() const { return size_; }
  std::uint64_t self(Row row) const { return self_[row - first_]; }
  std::int64_t instant(Row row) const { return instant_[row - first_]; }
  std::uint16_t type(Row row) const { return type_[row - first_]; }
  std::uint64_t person(Row row) const { return person_[row - first_]; }

  // For merges: keys ascending, and what they hold.
  enum class Table : std::uint8_t { versions, tokens };
  virtual std::span<const std::uint64_t> keys(Table table) const = 0;
  virtual Postings posting_at(Table table, std::size_t i) const = 0;
  virtual std::uint64_t posting_count(Table table) const = 0;
  virtual std::vector<std::uint64_t> column_keys() const = 0;

 protected:
  Row first_ = 0, size_ = 0;
  const std::uint64_t* self_ = nullptr;
  const std::uint64_t* person_ = nullptr;
  const std::int64_t* instant_ = nullptr;
  const std::uint16_t* type_ = nullptr;
};

// Rows that are no longer current: superseded or deleted. Read without a lock, written by one thread.
class DeadRows {
 public:
  DeadRows() : chunks_(65536) {}
  ~DeadRows();
  bool has(Row row) const {
    const auto* chunk = chunks_[row >> 16].load(std::memory_order_acquire);
    return chunk != nullptr && ((chunk[(row & 0xFFFF) >> 6].load(std::memory_order_relaxed) >> (row & 63)) & 1) != 0;
  }
  void set(Row row);
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  std::vector<std::uint64_t> words(Row end) const;  // for writing down
  void load(std::span<const std::uint64_t> words);
  void clear();  // before anybody reads

 private:
  std::vector<std::atomic<std::atomic<std::uint64_t>*>> chunks_;
  std::atomic<std::uint64_t> count_{0};
};

// Grows by one writer; the caller keeps readers out meanwhile. Its keys are in order once it is sealed, which readers do not
// notice. `like`: a segment before it, whose sizes it makes room for, so that no reader waits while a table grows.
class MemorySegment final : public Segment {
 public:
  explicit MemorySegment(Row first, const MemorySegment* like = nullptr);
  void add(const IndexedRow& row);
  void seal();
  std::size_t memory() const;

  Postings versions(std::uint64_t self) const override { return find(versions_, self); }
  Postings tokens(std::uint64_t key) const override { return find(tokens_, key); }
  ColumnView column(std::uint64_t key) const override;
  std::span<const std::uint64_t> keys(Table table) const override;
  Postings posting_at(Table table, std::size_t i) const override;
  std::uint64_t posting_count(Table table) const override;
  std::vector<std::uint64_t> column_keys() const override;

 private:
  struct List {
    std::uint32_t count = 0, capacity = 0, at = 0;  // a single row is kept in `at`, more in pool_ from `at`
  };
  struct Lists {
    FlatMap places;                   // key → index
    std::vector<std::uint64_t> keys;  // as they came; sorted by seal()
    std::vector<List> lists;
    std::vector<std::uint32_t> pool;
    std::uint64_t postings = 0;
  };
  struct Column {
    std::vector<Row> rows;
    std::vector<std::int64_t> low, high;
    std::vector<std::uint32_t> order, wide;
    void sort();
  };
  static Postings view(const Lists& table, const List& list);
  static Postings find(const Lists& table, std::uint64_t key);
  static void put(Lists& table, std::uint64_t key, Row row);

  Lists versions_, tokens_;
  FlatMap column_places_;
  std::vector<std::uint64_t> column_keys_;
  std::vector<Column> columns_;
  std::vector<std::uint64_t> selves_, persons_;
  std::vector<std::int64_t> instants_;
  std::vector<std::uint16_t> types_;
};

// A file, mapped. Its checksum is over header and directory, so that a cut or foreign file is told from a sound one.
class FileSegment final : public Segment {
 public:
  static Result<std::shared_ptr<const FileSegment>> open(const std::string& path);
  ~FileSegment() override;
  const std::string& path() const { return path_; }
  std::uint64_t bytes() const { return length_; }

  Postings versions(std::uint64_t self) const override;
  Postings tokens(std::uint64_t key) const override;
  ColumnView column(std::uint64_t key) const override;
  std::span<const std::uint64_t> keys(Table table) const override;
  Postings posting_at(Table table, std::size_t i) const override;
  std::uint64_t posting_count(Table table) const override;
  std::vector<std::uint64_t> column_keys() const override;

 private:
  FileSegment() = default;
  struct Keys;
  Postings find(Table table, std::uint64_t key) const;
  std::string path_;
  const char* map_ = nullptr;
  std::uint64_t length_ = 0;
};

// Writes the segments (neighbours, oldest first) as one file; rows in `dead` are left out, except from versions().
// `breathe` is called every few thousand postings, so that a long merge can stand back. The file is durable on return.
Result<void> write_segment(const std::string& path, const std::vector<const Segment*>& sources, const DeadRows& dead,
                           const std::function<bool()>& breathe);  // false: give up

}  // namespace joinedup::fhir
