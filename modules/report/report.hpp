// report: the place's report, for a board and for the public. One self-contained HTML page (no script, nothing fetched) and
// a CSV behind every picture. It reads the warehouse and counts given by the caller: never staging, never the vault.
//
//   ReportInputs inputs;                                     // what the warehouse does not hold: counts of rows, of links
//   inputs.feeds.push_back({"deaths", "Deaths", 612, 610, 2, 0});
//   auto done = write_report(connection, inputs,
//                            {.place_name = "Northmere", .synthetic = Synthetic::yes, .data_from = from, .data_to = to, .run = run},
//                            folder);                        // writes folder/index.html and folder/*.csv
//
// Every count of people, events or rows passes the small-number rule (the room disclosure); amounts of money are shown only
// where ten people or more are behind them. The same warehouse and inputs give the same bytes.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/finding.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"

namespace joinedup::report {

enum class Synthetic { no, yes };

struct ReportOptions {
  std::string place_name;
  Synthetic synthetic = Synthetic::no;
  Date data_from, data_to;  // both inclusive; the report's year is the last twelve months of it
  std::string run;          // the warehouse run that the figures come from
};

// Rows of one feed: rows_in = rows_kept + rows_rejected + rows_withheld.
struct FeedRows {
  std::string feed, title;
  std::int64_t rows_in = 0, rows_kept = 0, rows_rejected = 0, rows_withheld = 0;
};

// What a check of one field of one file found: `failed` of `rows` values. `period` is the submission's, as "2024" or "2024-07".
struct QualityCheck {
  std::string feed, period, field;
  QualityCategory category = QualityCategory::conformance;
  std::string check;
  std::int64_t rows = 0, failed = 0;
};

struct FindingRow {
  std::string feed, field, rule;
  QualityCategory category = QualityCategory::conformance;
  Severity severity = Severity::note;
  std::int64_t count = 0;
};

// Rows received with one submission of a feed, for the trend between submissions.
struct SubmissionRows {
  std::string feed, period;
  std::int64_t rows_in = 0, rows_rejected = 0;
};

// Rows of a feed that name a person, by the linkage step that decided who it is. Shown by size.
struct LinkageCount {
  std::string feed, step, step_title;
  std::int64_t records = 0;
};

// A price list in use. `note` is empty for a published list; for an illustrative one it says so and what replaces it.
struct PriceNote {
  std::string list, note;
};

// Another page in the same folder, linked from the first.
struct PageLink {
  std::string file, title;
};

struct ReportInputs {
  std::vector<FeedRows> feeds;
  std::vector<QualityCheck> quality;
  std::vector<FindingRow> findings;
  std::vector<SubmissionRows> submissions;
  std::vector<LinkageCount> linkage;
  std::string linkage_note;  // a sentence or two on the probabilistic step: its threshold, what it made, what waits for review
  std::vector<PriceNote> prices;
  std::vector<PageLink> pages;
};

// The connection's default database is the warehouse; it may be read-only. Temporary tables report_* are made in it.
Result<void> write_report(engine::Connection& connection, const ReportInputs& inputs, const ReportOptions& options,
                          const std::string& folder);

}  // namespace joinedup::report
