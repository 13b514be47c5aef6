// One staged table while it is written: its rows in order, its identities, references and row ids.
#pragma once
#include <functional>
#include <map>

#include "ingest/convert.hpp"
#include "ingest/files.hpp"
#include "ingest/pipeline.hpp"

namespace joinedup::ingest {

inline constexpr int ordinal_shift = 36;  // source_row = file ordinal × 2^36 + record number

// person_ref → who it means: the last row that said so.
struct ReferenceMap {
  HashIndex index;
  struct Entry {
    std::int64_t person_ref, identity_key, source_row;
  };
  std::vector<Entry> entries;
  void add(std::int64_t person_ref, std::int64_t identity_key, std::int64_t source_row);
};
using ReferenceScopes = std::map<std::string, ReferenceMap>;

// What the quality report needs of a file beside its rows.
struct FileQuality {
  std::vector<FieldCounts> fields;
  PeriodCounts period;
};

class TableWriter {
 public:
  TableWriter(engine::Connection& connection, const place::TableSpec& table, engine::Appender appender)
      : connection_(connection), table_(table), appender_(std::move(appender)), pool_(appender_) {}
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;

  Result<void> read_text(FeedFile& file, ByteSource& source, const IngestOptions& options, Findings& findings, const Advance& advance);
  Result<void> read_parquet(FeedFile& file, const IngestOptions& options, Findings& findings);
  // Closes the table, drops rows that a later row of the same id replaced, and writes the identities.
  Result<void> finish(const std::string& feed, std::vector<FeedFile>& files, ReferenceScopes& scopes, Findings& findings, std::uint64_t& identities);
  // Stages a range's rows: source_row follows from the file's ordinal and the records before. Counts rows of the file unless it
  // is a view's, where one resource may give several rows.
  Result<void> commit(FeedFile& file, RangeResult& result, std::uint64_t records_before, Findings& findings);
  BatchPool& pool() { return pool_; }
  const std::map<std::uint64_t, FileQuality>& quality() const { return quality_; }  // by file ordinal

 private:
  void note_header(const FeedFile& file, const FileHeader& header, Findings& findings) const;
  void note_period(const FeedFile& file, const FileContext& context, Findings& findings) const;
  Result<void> drop_replaced(std::vector<FeedFile>& files, Findings& findings);

  engine::Connection& connection_;
  const place::TableSpec& table_;
  engine::Appender appender_;
  BatchPool pool_;
  IdentityTable identities_;
  ReferenceMap references_;
  HashIndex row_ids_;
  std::vector<std::int64_t> replaced_;
  std::map<std::uint64_t, FileQuality> quality_;
};

std::string field_label(const place::TableSpec& table, int field);

}  // namespace joinedup::ingest
