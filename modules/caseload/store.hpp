// store: caseload.sqlite, what a place decided about its lists. Releases, allocations, outcomes and every re-identification
// are written once and never changed (the database refuses). One writer; format 1.
//
//   JOINEDUP_TRY(auto store, Store::open(place));
//   JOINEDUP_TRY(const auto release, store.release({.team = "North", .by = "Dr A. Example, GP lead", …}, cases, {}));
//   JOINEDUP_CHECK(store.record_outcome({.person_key = 1, .team = "North", .what = "declined", .reason = "…", .by = "…"}));
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "place/place.hpp"

namespace joinedup::caseload {

struct Reason {
  std::string dimension;  // risk, impactability, care_gaps
  std::string rule, text, source, date;  // date: of the fact, ISO; empty where it has none
  std::string label;      // normal, or the sensitivity: mental_health, substance_use, social_care, housing
};

// A person on, beside or off a list. States: found, waiting, palliative_coordination, on_caseload, excluded.
struct Case {
  std::int64_t person_key = 0;  // the pseudonym
  std::string team, practice, state;
  std::optional<std::int64_t> rank;
  std::optional<double> risk;
  std::optional<std::int64_t> impactability, care_gaps;
  std::vector<Reason> reasons;
  std::string excluded_because;
};

struct Allocation {
  std::int64_t person_key = 0;
  std::string team, stratum, arm;  // arm: offered, waiting
  double probability = 0;          // of being offered, within the stratum
};

// Where each person stands now, from releases and outcomes.
struct Standing {
  std::string team, state;  // offered, accepted, active, on_hold, declined, finished, moved_away, died
  std::string since, list, reason;
};
using Current = std::map<std::int64_t, Standing>;
bool holds_place(const Standing& standing);  // offered, accepted, active or on hold: counts against the capacity

struct Release {
  std::string list, team, run, index_date, by, role, account, at, risk_model;
  bool list_was_named = false;  // the releaser named the list they had seen
  std::optional<std::uint64_t> seed;
  std::string approved_by, fairness;  // fairness: what was shown, as JSON
  std::int64_t found = 0, waiting = 0;
};

struct Outcome {
  std::int64_t person_key = 0;
  std::string team, what, reason, by, on;  // on: ISO date
};
// What may become of an offer: accepted, declined, active, on_hold, finished, moved_away, died.
const std::vector<std::string>& outcomes();

struct ListMember {
  std::int64_t person_key = 0;
  std::string state, arm;
  std::optional<double> risk;
};

// Somebody found, as released: with the reasons shown then and what became of the offer. For the shared record.
struct ReleasedCase {
  Case found;
  std::string list, index_date, risk_model, released_by, released_at;
  std::vector<Outcome> outcomes;  // in the order recorded
};

struct Reidentified {
  std::int64_t person_key = 0;
  std::string team, role, by, reason;
};

class Store {
 public:
  static Result<Store> open(const place::Place& place);           // makes it where there is none
  static Result<Current> current_of(const place::Place& place);   // empty where there is none; makes nothing
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  Result<Current> current() const;
  Result<Release> release(Release release, const std::vector<Case>& cases, const std::vector<Allocation>& allocation);
  Result<void> record_outcome(const Outcome& outcome);
  Result<std::vector<Release>> releases(const std::string& team) const;  // empty team: all
  Result<std::vector<ListMember>> members(const std::string& list) const;
  Result<std::vector<std::pair<Outcome, std::string>>> outcomes_of(const std::string& list) const;  // with the time recorded
  Result<std::vector<ReleasedCase>> released_cases() const;  // state found; in the order of releases
  static Result<std::vector<ReleasedCase>> released_cases_of(const place::Place& place);  // empty where there is no store; makes nothing
  Result<std::string> allocation_csv() const;
  Result<bool> was_released_to(std::int64_t person_key, const std::string& team) const;
  Result<bool> was_released_at(std::int64_t person_key, const std::string& practice) const;
  Result<void> record_reidentification(const Reidentified& reidentified);
  Result<bool> reidentifications_hold() const;  // the chain of hashes is whole

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace joinedup::caseload
