// What the vault holds in memory during a refresh. Private to this room.
#pragma once
#include <memory>
#include <optional>
#include <thread>

#include "base/flat_map.hpp"
#include "vault/join.hpp"
#include "vault/sqlite.hpp"
#include "vault/vault.hpp"

namespace joinedup::vault {

struct Area {
  std::string lsoa;
  int imd_decile = 0;  // 0 unknown
};

// Areas of the place's postcode file, found by postcode or by LSOA code. Entry 0 is "unknown".
class Areas {
 public:
  Areas() : areas_(1) {}
  Result<void> read(engine::Connection& connection, const std::string& file);
  std::uint32_t of_postcode(std::string_view postcode) const { return at(by_postcode_, hash64(postcode)); }
  std::uint32_t of_lsoa(std::string_view lsoa);
  const Area& area(std::uint32_t index) const { return areas_[index]; }

 private:
  static std::uint32_t at(const FlatMap& map, std::uint64_t key) {
    const auto* found = map.find(key);
    return found ? *found : 0;
  }
  std::vector<Area> areas_;
  FlatMap by_postcode_, by_lsoa_;
};

// A row that a clerk took off its person: it stands as an identity of its own, whatever tuple it shows.
struct RowFork {
  std::int64_t identity_key = 0;
  std::string staged_table, row_id;
  std::int64_t shown_identity = 0;  // the tuple that the staged row carries now; 0 where the row is no longer there
  std::int64_t person_ref = 0;      // where rows of other tables refer to this one
  std::string reference_scope;
};

struct PersonAttributes {
  char sex = 'U';
  std::int32_t birth_month = no_date;  // the first day of the month, days since 1970
  std::uint32_t area = 0;
};

// What a person may object to; the bit is the place in this list.
inline constexpr std::string_view objection_purposes[] = {"secondary_use", "national_data_opt_out", "case_finding"};

struct Vault::State {
  place::Place place;
  std::optional<SqliteDatabase> database;
  sqlite3* handle = nullptr;  // the database's
  std::string pseudonym_key;
  std::uint64_t generation = 0;
  std::int64_t next_person_key = 1;

  // Filled by link(): records in order of identity_key.
  std::vector<IdentityRecord> records;
  std::vector<std::uint16_t> record_table;   // index into `tables`
  std::vector<std::uint32_t> record_area;
  std::vector<std::string> tables;           // staged table names, as they came
  TextPool texts;
  std::vector<RowFork> forks;
  LinkedIdentities linked;
  std::vector<std::int64_t> person_key;      // by person of `linked`
  std::vector<std::int64_t> care_key;        // by record
  std::vector<std::int64_t> pseudonym;       // by person of `linked`
  std::vector<PersonAttributes> attributes;  // by person of `linked`
  std::vector<std::uint32_t> changed;        // records whose decision is new or different
  std::vector<std::int64_t> previous_person;  // by record; 0: new
  std::vector<std::pair<std::int64_t, std::int64_t>> merges, splits, care_merges, care_splits;  // from key, to key
  std::vector<ReviewPair> review;            // for a clerk
  std::vector<bool> person_withheld;
  std::vector<std::uint8_t> person_objects;  // by person of `linked`: bits of objection_purposes
  Areas areas;

  std::thread writer;     // begin_commit: owns the handle until commit joins it
  Result<void> written;
  Result<void> write_decisions();
  Result<void> write_review();

  ~State() {
    if (writer.joinable()) writer.join();
  }
  std::uint32_t record_of(std::int64_t identity_key) const;  // index, or UINT32_MAX
};

// Decisions of clerks that bear on records staged now, the latest of each pair; forks are read before records are.
Result<std::vector<RecordDecision>> decisions_on_records(const Vault::State& state);
Result<void> read_forks(Vault::State& state, engine::Connection& connection, const std::vector<place::FeedSpec>& feeds);
void add_forked_records(Vault::State& state);
std::uint64_t fingerprint_of(const IdentityRecord& record);  // outlives a change of address
std::string pair_id_of(std::int64_t identity_a, std::int64_t identity_b);
// Records that are one person for care: by verified NHS number and birth date, or because a clerk said so. Group by record.
std::vector<std::uint32_t> care_groups(std::span<const IdentityRecord> records, const LinkedIdentities& exact,
                                       std::span<const RecordDecision> decisions, std::uint32_t& groups);

// The first 63 bits of HMAC-SHA-256(place key, person key in decimal): docs/methods/pseudonym.md.
std::int64_t pseudonym_under(const HmacKey& key, std::int64_t person_key);
// Of a place whose people are real, a key that is gone over what it named is not made anew.
enum class MissingKey { is_made, is_refused };
Result<std::string> secret_key(const place::Place& place, const std::string& name, MissingKey missing);

}  // namespace joinedup::vault
