// ingest: extracts as received become the staged tables of docs/tables.md, with a finding for everything that was wrong.
//
//   Findings findings;
//   JOINEDUP_TRY(auto feeds, place::shipped_feeds());
//   ingest::IngestOptions options{.feeds_folder = "place/feeds", .staging_path = "place/vault/staging/staging.duckdb", .feeds = feeds};
//   JOINEDUP_TRY(const auto summary, ingest::ingest_feeds(options, findings));
//   summary.rows_in == summary.rows_kept + summary.rows_rejected;       // always, by file and by feed too
//
// The staging file is written beside and renamed: after an error (a full disk, a file that cannot be read) the old one stands
// and nothing else is left. A file that is no table, is cut short or lacks a required column is refused whole: its state is
// "refused", a finding (row 0) says why, the other files go on; `refused` lists them so that a refresh can stop there.
// The same files give the same rows, in the same order, on any number of threads.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/finding.hpp"
#include "base/result.hpp"
#include "place/feed_spec.hpp"

namespace joinedup::ingest {

struct IngestOptions {
  std::string feeds_folder;      // holds <feed>/<files>
  std::string staging_path;      // vault/staging/staging.duckdb
  std::string temporary_folder;  // where the engine may spill; empty: beside the staging file
  unsigned threads = 2;
  std::uint64_t memory_limit_mib = 0;
  std::vector<place::FeedSpec> feeds;
  Date data_from{INT32_MIN}, data_to{INT32_MAX};  // the place's period
  std::size_t range_bytes = 8 << 20;              // how much one thread reads at a time
};

enum class FileState { live, superseded, duplicate, refused };
const char* file_state_name(FileState state);

struct FileSummary {
  std::string feed, table, file;  // file: as "deaths/deaths_2024.csv"
  std::string sha256, period, why_refused;
  std::uint64_t bytes = 0, ordinal = 0, submission = 0;
  FileState state = FileState::live;
  std::uint64_t rows_in = 0, rows_kept = 0, rows_rejected = 0;
};

struct FeedSummary {
  std::string feed;
  std::uint64_t rows_in = 0, rows_kept = 0, rows_rejected = 0;
};

struct IngestSummary {
  std::vector<FileSummary> files;  // by ordinal
  std::vector<FeedSummary> feeds;
  std::vector<std::string> refused;  // one sentence a file
  std::uint64_t rows_in = 0, rows_kept = 0, rows_rejected = 0, identities = 0, bytes = 0;
};

Result<IngestSummary> ingest_feeds(const IngestOptions& options, Findings& findings);

// Changes when a file of a declared feed, or a declaration, changes: from names, sizes, times and inodes; reads no contents.
Result<std::string> inputs_fingerprint(const std::string& feeds_folder, const std::vector<place::FeedSpec>& feeds);

}  // namespace joinedup::ingest
