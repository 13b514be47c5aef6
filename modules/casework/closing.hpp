// What ends with a case, and what outlives it. Inside this room only.
//
// Open tasks: each is handed to somebody by name or cancelled, and the asker must have been shown how many there are. Referrals are the
// service's that has them, and go on. Where another team has an open case of the person, its tasks go on too.
#pragma once
#include <string>
#include <vector>

#include "casework/changes.hpp"

namespace joinedup::casework {

// Parameters: tasks (how many open ones the asker was shown), hand (those that are handed over), to (whom). `why` stands with each that is cancelled.
Result<void> close_tasks(Ask& ask, Changes& changes, std::vector<std::string>& targets, const Found& episode, const std::string& why);

// A pathway none of whose steps is open any more is completed with the last of them.
Result<void> end_pathways(const Ask& ask, Changes& changes, std::vector<std::string>& targets, const std::vector<Found>& closed_now);

// Counts of what happened while the person was on the caseload, for a case that is closed (events.hpp): nothing, where it never began.
Result<void> keep_counts(const Ask& ask, Json& closed);
bool wants_counts(const Json& episode, Date today);  // closed, begun, and without them

}  // namespace joinedup::casework
