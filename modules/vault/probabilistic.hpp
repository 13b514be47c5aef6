// The second stage of linkage inside a place: whoever the exact steps left without an NHS number or off the register is
// compared with everybody by the Fellegi–Sunter engine (room linkage). Here pairs are scored; join.hpp decides.
//
//   const Scored scored = *score_left_over({records, texts, exact}, settings);
//   scored.pairs[0].a, .b      // two people of `exact`, the smaller first
//   scored.pairs[0].weight     // log2 odds that they are one
//
// Whom each record describes is completed from the person's own records (a hospital row without a name is compared by the
// name on the register), so that one twin's row is never matched to the other's by what it leaves out.
// Method, worked example and measured quality: docs/methods/linkage-place.md.
#pragma once
#include <string>
#include <vector>

#include "base/flat_map.hpp"
#include "base/result.hpp"
#include "vault/deterministic.hpp"

namespace joinedup::vault {

// The text behind the hashes of IdentityRecord: names and postcodes, each kept once, in memory only.
class TextPool {
 public:
  void put(std::uint64_t key, std::string_view text) {
    if (key && index_.put_if_absent(key, static_cast<std::uint32_t>(texts_.size())).second) texts_.emplace_back(text);
  }
  std::string_view text(std::uint64_t key) const {
    const auto* found = key ? index_.find(key) : nullptr;
    return found ? std::string_view(texts_[*found]) : std::string_view{};
  }

 private:
  FlatMap index_;
  std::vector<std::string> texts_;
};

struct ExactlyLinked {
  std::span<const IdentityRecord> records;
  const TextPool& texts;
  const LinkedIdentities& exact;
};

// What a person of the exact steps is known by; who may be joined with whom follows from it.
struct PersonStanding {
  std::uint64_t nhs_number = 0;  // believed: records were linked by it
  bool registered = false;       // has a record of the register of GP patients
  bool settled() const { return nhs_number && registered; }  // nothing is left over
};
std::vector<PersonStanding> standings(std::span<const IdentityRecord> records, const LinkedIdentities& exact);
// Two believed NHS numbers, or two registrations, never become one person by probability.
inline bool never_one(const PersonStanding& a, const PersonStanding& b) {
  return (a.nhs_number && b.nhs_number) || (a.registered && b.registered);
}

// What no weight outbids: twins, parents and children under one roof agree on nearly all else.
enum class Objection : std::uint8_t { none, given_names_differ, birth_dates_differ };

struct PersonPair {
  std::uint32_t a = 0, b = 0;                // people of `exact`, a < b
  std::uint32_t record_a = 0, record_b = 0;  // the records whose comparison scored best
  double weight = 0;
  Objection objection = Objection::none;     // given names count unless the NHS number is the same
};

struct Scored {
  std::vector<PersonPair> pairs;   // by (a, b)
  std::uint64_t left_over = 0;     // people looked at
  std::uint64_t pairs_compared = 0;
  std::string note;                // why nothing was scored, where so
};

struct ScoreSettings {
  unsigned threads = 2;
  double least_weight = -2;
  std::size_t most_training_records = 200000;
};
Result<Scored> score_left_over(const ExactlyLinked& people, const ScoreSettings& settings);

}  // namespace joinedup::vault
