// caseload: whom a team should offer care next, and why; and which segment of the population everybody is in each month.
// Risk, impactability and care gaps are three numbers that are never made into one, each with reasons a clinician can check.
//
//   JOINEDUP_CHECK(caseload::write_segments(connection, place));            // connection: a warehouse, the record built
//   JOINEDUP_TRY(const auto basis, caseload::write_candidates(connection, place, place.data_to));
//   JOINEDUP_TRY(auto store, caseload::Store::open(place));                  // caseload.sqlite: what was released, what became of it
//   JOINEDUP_TRY(const auto found, caseload::make_lists(connection, place, basis, store.current(), {}));
//   found.cases[0].reasons[0].text     // "3 emergency admissions since 2025-06-02"
//
// Nothing here is a model of death or of care-home entry, and none of it is for eligibility, resuscitation or rationing.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "caseload/store.hpp"
#include "engine/engine.hpp"
#include "place/place.hpp"
#include "record/record.hpp"

namespace joinedup::caseload {

// The tables that this room writes, with grain and key; as record::record_tables().
std::vector<record::RecordTable> caseload_tables();

// segment_interval, segment_month, segment_movement and the view person_segment.
Result<void> write_segments(engine::Connection& connection, const place::Place& place);

// What a list rests on, said wherever it is shown.
struct Basis {
  Date index_date;
  std::string risk_model;           // "emergency_admission_12_months by …", or how the rate was worked out here
  std::int64_t people = 0;          // on a practice's list on the index date
  std::vector<std::string> notes;   // sentences: what was missing
};
// case_candidate and case_exclusion (and temporary tables beside them). Uses risk_prediction and case_objection where they exist.
Result<Basis> write_candidates(engine::Connection& connection, const place::Place& place, Date index_date);
Result<void> write_no_candidates(engine::Connection& connection);  // the same tables, empty: a place without teams

// Where more people need a place than there are, who is offered one: the order of the list, or chance within strata.
struct RandomAllocation {
  std::uint64_t seed = 0;
  std::string approved_by;
};
enum class Explained { everybody_listed, offered, nobody };  // reasons are costly where a hundred thousand wait; pages need none
struct ListOptions {
  std::optional<RandomAllocation> random;
  Explained explained = Explained::everybody_listed;
};

struct ListedTeam {
  std::string team;
  std::int64_t capacity = 0, held = 0;  // held: released to the team, and neither declined nor ended
  std::int64_t found = 0, waiting = 0, palliative = 0;
  std::string list;                     // names exactly this list; what a release refers to
};
struct Exclusion {
  std::string team, because;
  std::int64_t people = 0;
};
// One group of people beside the place: who needs, who is listed. Small numbers are kept back (disclosure/disclosure.hpp).
struct FairnessRow {
  std::string dimension, group;
  std::string people, in_need, listed;      // as published
  std::optional<double> listed_per_100_in_need, relative;  // beside everybody in need
};

struct Found {
  Basis basis;
  std::vector<ListedTeam> teams;
  std::vector<Case> cases;                  // by team, then rank; then waiting, palliative, excluded
  std::vector<Exclusion> exclusions;
  std::vector<FairnessRow> fairness;
  std::vector<Allocation> allocation;
};
Result<Found> make_lists(engine::Connection& connection, const place::Place& place, const Basis& basis, const Current& current,
                         const ListOptions& options);

// Why a person is, or is not, on a list: sentences, with every rule that held.
struct Why {
  std::string answer;
  std::optional<Case> found;
  std::vector<Reason> reasons;
};
Result<Why> explain(engine::Connection& connection, const Found& found, std::int64_t person_key);

// An in-memory database over what is published: views of the warehouse's tables, for `joinedup cases`.
struct Opened {
  engine::Database database;
  engine::Connection connection;
  std::string run;
};
Result<Opened> open_published(const place::Place& place, unsigned threads);

// reports/…/cases.html and its CSVs: segments, lists, exclusions, fairness; small numbers kept back.
Result<void> write_case_page(engine::Connection& connection, const place::Place& place, const Found& found, const std::string& run,
                             const std::string& folder);

extern const char* const not_for;                    // "Never for eligibility, resuscitation or rationing decisions."

// joinedup cases find|release|waiting|outcome|history|fairness|allocation --place DIR …
int cases_command(std::span<const std::string> arguments);

}  // namespace joinedup::caseload
