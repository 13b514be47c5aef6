// Which people become one: pairs scored by probability, and what clerks decided. Joins are made from the surest down; one
// that breaks a rule is refused and offered for review, so that no chain of likely links ties two sure people together.
//
//   separate_decided(records, linked, decisions);                       // "different" takes exact links apart
//   Joined joined = join_people(records, linked, scored.pairs, decisions, settings);
//   joined.linked            // as of link_deterministic, with the steps probabilistic and clerical
//   joined.threshold         // the least weight at which a link was made
//   joined.review            // for a clerk, the most useful first
#pragma once
#include <optional>

#include "vault/probabilistic.hpp"

namespace joinedup::vault {

enum class Verdict : std::uint8_t { same, different, unsure };

struct RecordDecision {
  std::uint32_t a = 0, b = 0;  // records; where "different" finds the two in one person, a is the one that leaves
  Verdict verdict = Verdict::unsure;
  std::int64_t decision_id = 0;
};

enum class ReviewReason : std::uint8_t { near_threshold, two_nhs_numbers, two_registrations, given_names_differ, birth_dates_differ, other_candidate };
const char* review_reason_name(ReviewReason reason);

struct ReviewPair {
  std::uint32_t record_a = 0, record_b = 0;
  double weight = 0, probability = 0;
  std::uint64_t reach = 0;  // rows that would change person
  ReviewReason reason = ReviewReason::near_threshold;
};

struct JoinSettings {
  double least_precision = 0.9995;      // of the links this step makes, as its own probabilities have it
  double least_weight = 7;              // never below this, however sure the rest are
  std::optional<double> fixed_weight;   // the place's own threshold, in place of both
  double review_weight = -1;            // pairs down to here are offered for review
  std::size_t review_capacity = 200;
};

struct Joined {
  LinkedIdentities linked;
  std::vector<ReviewPair> review;
  double threshold = 0, expected_precision = 1;
  std::uint64_t probabilistic_joins = 0, clerical_joins = 0, refused_joins = 0;
  std::vector<std::int64_t> conflicts;  // decisions "same" that others contradict: not followed
};

// Takes apart, in `linked`, what exact steps joined and a clerk called different; gives how many records left.
std::size_t separate_decided(std::span<const IdentityRecord> records, LinkedIdentities& linked, std::span<const RecordDecision> decisions);
Joined join_people(std::span<const IdentityRecord> records, const LinkedIdentities& exact, std::span<const PersonPair> pairs,
                   std::span<const RecordDecision> decisions, const JoinSettings& settings);

}  // namespace joinedup::vault
