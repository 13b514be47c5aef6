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
#include <cstdint>
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

struct LinkReport {
  std::uint64_t generation = 0;
  std::uint64_t people = 0, new_people = 0, merged = 0, split = 0;
  std::vector<StepCount> steps;  // by feed, then step
};

// Rows that the door keeps back, by feed; the staged rows minus these are what the record is built from.
struct Withheld {
  std::map<std::string, std::uint64_t> rows_by_feed;     // objections, opt-outs, agreements
  std::map<std::string, std::uint64_t> unknown_by_feed;  // rows that refer to a person no row describes: rejected, counted
  std::uint64_t people = 0;
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
  // In the connection's own database: a date that is the person's birth date becomes the first of its month, in every column
  // of every table with a person_key (a contact on the day of birth would give it away). Gives how many values changed.
  Result<std::uint64_t> blur_birth_dates(engine::Connection& connection, const std::string& database);
  void begin_commit();    // starts writing the decisions, uncommitted, beside whatever else is done; after link and open_door
  Result<void> commit();  // all of them, or (where the Vault is dropped before) none

  // One row a staged identity: feed, row id and person, for checks against a known truth. Written 0600 inside the vault.
  Result<void> export_links(engine::Connection& connection, const std::vector<place::FeedSpec>& feeds, const std::string& file);

 private:
  explicit Vault(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace joinedup::vault
