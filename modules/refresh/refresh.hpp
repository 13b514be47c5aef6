// refresh: the loop, once round. Extracts are ingested, linked, built into a record, summed, reported and published, all
// beside the old version, which serves until one rename puts the new one in its place.
//
//   JOINEDUP_TRY(const auto place, place::read_place("/srv/exampleshire"));
//   JOINEDUP_TRY(const RefreshOutcome outcome, refresh_place(place, {.threads = 2}));
//   outcome.status.feeds[0].rows_kept;  outcome.report;  outcome.exit_status();
//
// A run that is killed leaves the published version as it was; running again gives the same sums. One refresh at a time
// (conflict otherwise). Unchanged inputs are recognised and nothing is done.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "care_door/care_door.hpp"
#include "place/place.hpp"

namespace joinedup::refresh {

enum class Unchanged { skip, refresh_again };
enum class TrainModels { if_missing, again };  // again: also where inputs are unchanged

struct RefreshOptions {
  unsigned threads = 2;
  Unchanged unchanged = Unchanged::skip;
  TrainModels train = TrainModels::if_missing;
};

struct FeedStatus {
  std::string feed;
  std::uint64_t rows_in = 0, rows_kept = 0, rows_rejected = 0, rows_withheld = 0;  // in = kept + rejected + withheld
};

struct TableStatus {
  std::string table;
  std::uint64_t rows = 0;
  std::string sha256;
};

struct LinkStatus {
  std::string feed, step;
  std::uint64_t identities = 0, rows = 0;
};

// The probabilistic stage of linkage, and how much waits for a clerk.
struct LinkageModel {
  double threshold_weight = 0, expected_precision = 1;  // the default threshold is chosen for precision >= 99.95%
  std::uint64_t left_over = 0, joins = 0, clerical_joins = 0, refused = 0, review_pairs = 0, contradicted_decisions = 0;
  std::string note;  // why it did not run, where so
};

struct InputFile {
  std::string file, sha256;
};

struct Status {
  std::string run;
  std::uint64_t vault_generation = 0, people = 0;
  std::vector<FeedStatus> feeds;
  std::vector<TableStatus> tables;
  std::vector<std::pair<std::string, std::int64_t>> cost_pence;  // by setting
  std::vector<LinkStatus> linkage;
  LinkageModel linkage_model;
  std::vector<InputFile> inputs;
  std::string shared_record;  // JSON: what went to the shared record, as care_door::last_shared_json says; empty: nothing yet
  bool reconciled = false;
  std::string not_reconciled_because;
};

struct RefreshOutcome {
  Status status;
  bool was_unchanged = false;
  std::string report;          // index.html
  std::string most_rejected;   // the feed over the place's limit, or empty
  care_door::Shared shared;    // what went to the shared record
};

Result<RefreshOutcome> refresh_place(const place::Place& place, const RefreshOptions& options);

// What is published now; not_found where nothing is yet.
Result<Status> published_status(const place::Place& place);
std::string status_json(const Status& status, const std::string& version);
std::string manifest_json(const Status& status);

// A published table as CSV with its header, in key order, handed to the sink in pieces.
Result<void> write_table(const place::Place& place, const std::string& table, const std::function<Result<void>(std::string_view)>& sink);

// Every staged identity's row, person and step, as CSV inside the vault (0600): for checks against a known truth.
Result<std::string> export_links(const place::Place& place, unsigned threads);

}  // namespace joinedup::refresh
