// care_door: staged, linked rows go to the shared record, for the direct care of the people they are about. A Patient for
// everybody on a practice's list; the rest only for those found, on a caseload, or opened by somebody who cares for them.
//
//   JOINEDUP_TRY(const auto feeds, place::shipped_feeds());
//   JOINEDUP_TRY(const auto shared, share(place, feeds, {.print = inputs, .threads = 2}));   // after the vault has committed
//   shared.created;  shared.feeds[0].not_shared;                   // rows in = shared + not shared, each with its reason
//   JOINEDUP_TRY(const auto opened, open_person(place, feeds, {.patient = id, .who = "Practitioner/1", .why = "accepted referral"}));
//
// Idempotent by (feed, source key): the same rows write nothing; a changed row makes one version. Only rows of the same care
// key as the registration are a person's here: what was joined by probability never is. A feed whose partner has no agreement
// for direct care in force shares nothing.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caseload/caseload.hpp"
#include "place/feed_spec.hpp"
#include "place/place.hpp"

namespace joinedup::care_door {

// Whom the last run found, as drafts that nobody has released yet, and what they rest on.
struct Drafts {
  std::vector<caseload::Case> found;       // with their reasons
  std::vector<caseload::Case> palliative;  // on a practice's end-of-life register: listed, no risk decides that
  std::string index_date, risk_model;
};

struct ShareOptions {
  std::string print;  // names what is shared: where it and the caseload's decisions are as they were, nothing is done
  unsigned threads = 2;
  std::function<Result<Drafts>()> drafts = {};  // asked only where something is to be done; nothing: no drafts
};

struct FeedShare {
  std::string feed;
  std::uint64_t rows_in = 0, shared = 0;
  std::map<std::string, std::uint64_t> not_shared;  // reason to rows; rows_in = shared + these
};

struct Shared {
  bool was_current = false;        // the print was the last one's
  std::uint64_t patients = 0;      // that stand
  std::uint64_t people_open = 0;   // whose facts are shared: found, on a caseload, or opened
  std::uint64_t left_to_teams = 0; // episodes that a team changed in the record itself: not touched
  std::uint64_t created = 0, changed = 0, unchanged = 0, removed = 0, marked_wrong = 0;
  std::map<std::string, std::uint64_t> standing;  // by type
  std::vector<FeedShare> feeds;
  std::string way;                 // how the shared record was reached
  std::vector<std::string> notes;  // sentences for an administrator
};

// After vault.commit(), with nobody else refreshing. A run that is killed is simply run again.
Result<Shared> share(const place::Place& place, const std::vector<place::FeedSpec>& feeds, const ShareOptions& options);

// What the last complete sharing shared, as JSON: {"at", "people", "people_open", "by_type": {…}, "feeds": […], "notes": […]}. Empty: none yet.
Result<std::string> last_shared_json(const place::Place& place);

// Before a refresh reads the extracts: plans, tasks and contacts that teams wrote in the shared record (not what a refresh wrote there)
// become the files of the feed shared_record, which link like any other. Gives how many; files that would be the same are left.
Result<std::uint64_t> export_team_written(const place::Place& place);

// Opens the care record of one person for somebody who cares for them: what the feeds staged is in the shared record on return, and
// stays current from then on. Logged in the vault before anything is read. not_found where no Patient has this id; conflict while a
// refresh runs, after some seconds of waiting.
struct OpenRequest {
  std::string patient;  // the Patient's id
  std::string who, why;
};
struct OpenedRecord {
  std::string patient;  // the one that stands, where the one asked for was replaced
  std::uint64_t resources = 0, written = 0;
  std::string way;
};
Result<OpenedRecord> open_person(const place::Place& place, const std::vector<place::FeedSpec>& feeds, const OpenRequest& request);

// In the process that serves the shared record: answers refreshes over PLACE/shared-record.sock (0600, this account only).
//   auto backend = Backend::listen(folder, [&](method, path, body) { … api.handle … return std::pair(status, body); });
class Backend {
 public:
  using Handler = std::function<std::pair<int, std::string>(const std::string& method, const std::string& path, std::string body)>;
  static Result<std::unique_ptr<Backend>> listen(const std::string& place_folder, Handler handler);
  virtual ~Backend() = default;  // ends the conversations
};

}  // namespace joinedup::care_door
