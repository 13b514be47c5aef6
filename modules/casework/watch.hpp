// What the program looks after by itself, as itself: alerts that nobody opens, and reviews that are due. Inside this room only.
#pragma once
#include "casework/ask.hpp"
#include "casework/casework.hpp"

namespace joinedup::casework {

Result<Watched> watch_record(const Room& room, const rest::Api& api, int escalate_minutes);

}  // namespace joinedup::casework
