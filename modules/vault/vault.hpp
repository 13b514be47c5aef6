// The identity vault: who is who. It owns person_key, remembers every linkage decision by generation, never reuses a key,
// and keeps the place's keys (0600). Linkage reads staged identities; what leaves is only the pseudonym, through the door.
//
//   JOINEDUP_TRY(Vault vault, Vault::open(place));
//   JOINEDUP_TRY(LinkReport linked, vault.link(staging, feeds_in_order_of_trust));   // decisions of a new generation, uncommitted
//   JOINEDUP_CHECK(vault.open_door(connection));      // schema `door` on a connection that has `staging` attached
//   … build the record …
//   JOINEDUP_CHECK(vault.commit());                   // or drop the Vault: nothing was decided
//
// Errors: conflict where another refresh holds the vault; invalid_input where the file is not a vault of this format.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/engine.hpp"
#include "place/feed_spec.hpp"
#include "place/place.hpp"
#include "vault/deterministic.hpp"

namespace joinedup::vault {

struct StepCount {
  std::string feed;
  std::string step;        // link_step_name
  std::uint64_t identities = 0;
  std::uint64_t rows = 0;
};

// The probabilistic stage: its default threshold is chosen for links of precision >= 99.95%, by its own probabilities.
struct ProbabilisticReport {
  std::uint64_t left_over = 0, pairs_compared = 0, joins = 0, refused = 0, clerical_joins = 0, review_pairs = 0;
  double threshold_weight = 0, expected_precision = 1;
  std::uint64_t contradicted_decisions = 0;  // "same" that another decision forbids: not followed
  std::string note;                          // why nothing was compared, where so
};

struct LinkReport {
  std::uint64_t generation = 0;
  std::uint64_t people = 0, new_people = 0, merged = 0, split = 0;
  std::vector<StepCount> steps;  // by feed, then step
  ProbabilisticReport probabilistic;
};

// Who a record is for care: only records whose NHS number and birth date are verified, or that a clerk put together.
struct CarePerson {
  std::int64_t care_key = 0, person_key = 0;
  std::vector<std::int64_t> identity_keys;  // ascending; at least the one asked for
};

// What the care door reads of everybody at once. A forked row stands for itself, whatever its tuple says.
struct CareIdentity {
  std::int64_t identity_key = 0, care_key = 0, person_key = 0;
};
struct CareFork {
  std::string staged_table, row_id;
  std::int64_t identity_key = 0;
};

// A pair that a clerk is asked about. Its id outlives refreshes; who the two are is read from the staged identities.
struct ReviewCase {
  std::string pair_id, reason;
  std::int64_t identity_a = 0, identity_b = 0;
  double weight = 0, probability = 0;
  std::uint64_t reach = 0;  // rows that would change person
};

struct ClericalDecision {
  std::string pair_id, verdict, who, when;  // same, different, unsure; when: a date, or a UTC time as 2026-01-31T09:30:00Z
  std::uint64_t line = 0;                   // of the file it came in
};
struct DecisionOutcome {
  std::uint64_t recorded = 0, known = 0;    // known: the same decision was there already
  std::vector<std::string> notes;           // what it replaces or contradicts, a sentence each
};

// What stood beside a row on the person that was not its own.
struct LinkedTable {
  std::string feed, staged_table;
  std::uint64_t identities = 0, rows = 0;
};
struct Unlinked {
  std::int64_t old_person_key = 0, new_person_key = 0;
  std::int64_t old_care_key = 0, new_care_key = 0;
  std::string staged_table, step, since;  // how and since when it had been linked
  std::vector<std::int64_t> source_rows;  // of the staged table: the row is one of these in every published table
  std::uint64_t referring_rows = 0;       // rows of other tables that go with it
  std::vector<LinkedTable> wrong_record;  // what else was on the person it was taken off
  std::vector<std::string> seen;          // who looked at either, from the vault's log
  bool shared_for_care = false;           // it had been verified: it may have been in the shared record
};
struct RowName {
  std::string feed, row_id;
};

struct KeyEvent {
  std::uint64_t generation = 0;
  std::string of, kind;                      // person or care; merge or split
  std::int64_t from_key = 0, to_key = 0;
};

// Rows that the door keeps back, by feed; the staged rows minus these are what the record is built from.
struct Withheld {
  std::map<std::string, std::uint64_t> rows_by_feed;     // objections, opt-outs, agreements
  std::map<std::string, std::uint64_t> unknown_by_feed;  // rows that refer to a person no row describes: rejected, counted
  std::uint64_t people = 0;
  std::map<std::string, std::uint64_t> never_found;  // of them: kept out of case finding too, by the first purpose that does it
};

class Vault {
 public:
  struct State;  // private to this room: state.hpp
  static Result<Vault> open(const place::Place& place);
  Vault(Vault&&) noexcept;
  Vault& operator=(Vault&&) noexcept;
  ~Vault();

  std::uint64_t generation() const;  // the last one committed
  // Links every staged identity; `connection` has the staging file attached as `staging`. Decisions wait for commit().
  Result<LinkReport> link(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds, unsigned threads);
  // Makes the in-memory schema `door` (docs/tables.md) on the connection: pseudonyms, attributes, allow-listed columns.
  Result<Withheld> open_door(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds);
  // The other way about: only those whom an objection keeps out of the warehouse, but who may be found for their own care (a national
  // data opt-out alone, unless the place says otherwise). Gives their number; 0: no door was made. After open_door, its `door` detached.
  Result<std::uint64_t> open_case_finding_door(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds);
  // In the connection's own database: a date that is the person's birth date becomes the first of its month, in every column
  // of every table with a person_key (a contact on the day of birth would give it away). Gives how many values changed.
  Result<std::uint64_t> blur_birth_dates(engine::Connection& connection, const std::string& database);
  void begin_commit();    // starts writing the decisions, uncommitted, beside whatever else is done; after link and open_door
  Result<void> commit();  // all of them, or (where the Vault is dropped before) none

  // As committed. not_found where no record of that identity was ever linked.
  Result<CarePerson> care_person(std::int64_t identity_key) const;
  Result<std::vector<KeyEvent>> key_history() const;
  // For the care door, as committed: every identity ever linked, rows taken off their person, a key of the door's own for naming what
  // it writes, and the pseudonyms by which the warehouse knows people.
  Result<void> each_care_identity(const std::function<void(const CareIdentity&)>& on) const;
  Result<void> each_identity_about(std::int64_t care_key, const std::function<void(const CareIdentity&)>& on) const;  // of those linked to this person, however surely
  Result<std::vector<CareFork>> care_forks() const;
  Result<std::string> care_secret() const;
  std::vector<std::int64_t> pseudonyms_of(const std::vector<std::int64_t>& person_keys) const;

  // Clerical review. Exports and imports are logged by whoever calls them, with who did it.
  Result<std::vector<ReviewCase>> review_queue() const;  // of the last generation, the most useful first
  Result<DecisionOutcome> decide(const std::vector<ClericalDecision>& decisions);  // all of them, or none
  Result<void> log_access(const std::string& who, const std::string& action, const std::string& subject, std::uint64_t count);
  // Takes a row off its person at once, for good; `connection` has the staging file attached as `staging`.
  Result<Unlinked> unlink_row(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds, const RowName& row,
                              const std::string& who, const std::string& reason);
  Result<void> relink_row(const std::vector<place::FeedSpec>& feeds, const RowName& row, const std::string& who, const std::string& reason);  // withdraws it

  // One row a staged identity: feed, row id and person, for checks against a known truth. Written 0600 inside the vault.
  Result<void> export_links(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds, const std::string& file);

 private:
  explicit Vault(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Holds the place for whoever changes what it knows of people: one refresh, one opening of a record, one unlinking at a time. Waits for
// `patience` and then says so (conflict). Released when it goes.
class PlaceLock {
 public:
  static Result<PlaceLock> take(const place::Place& place, std::chrono::milliseconds patience, const std::string& busy);
  PlaceLock(PlaceLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  PlaceLock& operator=(PlaceLock&&) = delete;
  ~PlaceLock();

 private:
  explicit PlaceLock(int file) : file_(file) {}
  int file_;
};

// The objections in force today, by NHS number. A number that fails its check is an error: no objection is quietly lost.
struct ObjectionInForce {
  std::uint64_t nhs_number = 0;
  std::string purpose;  // secondary_use, national_data_opt_out, case_finding, direct_care
};
Result<std::vector<ObjectionInForce>> objections_in_force(const place::Place& place, engine::Connection& connection);

// Changes whenever a clerk's decision does: what a refresh depends on besides its files.
std::string decisions_print(const place::Place& place);

// Who a pseudonym is, for direct care. Whoever calls this has checked that it may be known, and has written it down first.
struct IdentifiedPerson {
  std::string nhs_number, family_name, given_name, birth_date, postcode;  // as the practice's register has them, else the next feed's
};
Result<IdentifiedPerson> reidentify(const place::Place& place, std::int64_t pseudonym);  // not_found where nobody has it

}  // namespace joinedup::vault
