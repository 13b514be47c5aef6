// What the program looks after by itself, as itself: alerts that nobody opens, and reviews that are due. Inside this room only.
#pragma once
#include "casework/ask.hpp"
#include "casework/casework.hpp"

namespace joinedup::casework {

// Cases that were closed otherwise than by an operation keep their counts too; of those changed since (all where it is empty). How many did not have them.
Result<std::uint64_t> keep_counts_of_closed(const Room& room, const rest::Api& api, const std::string& since);
Result<Watched> watch_record(const Room& room, const rest::Api& api, int escalate_minutes);

}  // namespace joinedup::casework
