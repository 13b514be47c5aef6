// What people do about links, between refreshes: review pairs, take a wrong row off a person, look at the history of keys,
// measure quality. Each holds the place's lock while it works, and gives one JSON document.
//
//   JOINEDUP_TRY(const auto count, export_review(place, "pairs.csv", "A. Clerk"));   // identifiable, 0600, logged
//   JOINEDUP_TRY(const auto outcome, import_review(place, "pairs.csv"));             // holds from the next refresh on
//   JOINEDUP_TRY(const auto json, unlink_row(place, {"housing", "H1"}, "A. Clerk", "another Ann Lee"));
#pragma once
#include <string>

#include "place/place.hpp"
#include "vault/vault.hpp"

namespace joinedup::refresh {

// The review queue as CSV: both sides as they were received, and three empty columns, decision, who, when. Gives the pairs written.
Result<std::uint64_t> export_review(const place::Place& place, const std::string& file, const std::string& who);
// Reads that CSV back; rows without a decision are passed over. All decisions are recorded, or none.
Result<vault::DecisionOutcome> import_review(const place::Place& place, const std::string& file);
std::string outcome_json(const vault::DecisionOutcome& outcome);

// Takes the row off its person in the vault and in the shared record, at once; the published record follows at the next refresh. The JSON lists what
// had stood on the wrong person, the published tables that hold the row now, and who had looked.
Result<std::string> unlink_row(const place::Place& place, const vault::RowName& row, const std::string& who, const std::string& reason);
Result<std::string> relink_row(const place::Place& place, const vault::RowName& row, const std::string& who, const std::string& reason);

// [{generation, of, kind, from_key, to_key}]: every merge and split of person keys and of care keys.
Result<std::string> key_history_json(const place::Place& place);

// How well rows were linked, as ONS reports it. With a truth file (feed,row_id,true_person_id; synthetic places only):
// precision and recall with Wilson intervals by step, feed, age, sex, deprivation fifth and ethnicity. Without: match rates.
Result<std::string> link_quality_json(const place::Place& place, const std::string& truth_file, unsigned threads);

}  // namespace joinedup::refresh
