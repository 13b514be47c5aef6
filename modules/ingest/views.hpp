// FHIR feeds: every resource of a file goes through the views of its type; their rows take the same typed path as CSV.
// A file's rows in = its resources of declared types and its faults; types without a table are counted in a finding.
#pragma once
#include <memory>

#include "ingest/table_writer.hpp"

namespace joinedup::ingest {

// The views of one feed, in the order of its tables. Shared by threads.
class FeedViews {
 public:
  static Result<FeedViews> of(const std::vector<const place::TableSpec*>& tables);
  FeedViews(FeedViews&&) noexcept;
  ~FeedViews();

  // Takes a block of a table's rows; called in order for each table.
  using Take = std::function<Result<void>(std::size_t table, RangeResult& rows)>;
  struct Counts {
    std::uint64_t rows_in = 0, rows_kept = 0, rows_rejected = 0;
  };
  Result<Counts> read(const FeedFile& file, std::vector<std::unique_ptr<TableWriter>>& writers, const IngestOptions& options,
                      Findings& findings, const Take& take) const;

 private:
  struct Parts;
  explicit FeedViews(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace joinedup::ingest
