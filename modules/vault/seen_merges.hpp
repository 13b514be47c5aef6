// Merges that hospitals made by messages (A40), as decisions that somebody here has to see: who saw which, in the vault's own log.
//
//   JOINEDUP_TRY(const auto seen, seen_merges(place));                      // seen.at(17) == "A. Clerk"
//   JOINEDUP_CHECK(note_merge_seen(place, 17, "A. Clerk"));
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "base/result.hpp"
#include "place/place.hpp"

namespace joinedup::vault {

Result<std::map<std::int64_t, std::string>> seen_merges(const place::Place& place);  // by number, who saw it first; empty where there is no vault
Result<void> note_merge_seen(const place::Place& place, std::int64_t merge, const std::string& who);

}  // namespace joinedup::vault
