// One event as bytes, and back: the same event always gives the same bytes, and only those bytes give it. Inside this room only.
//
// A field is its number, its length (LEB128, the shortest) and its bytes; numbers ascend; an empty field is not written; a list's
// entries repeat its number in their order. docs/methods/audit-log.md has the table.
#pragma once
#include <string>
#include <string_view>

#include "audit/audit.hpp"

namespace joinedup::audit {

inline constexpr std::size_t most_event_bytes = 16 << 20;

// `sealed` is what stands in the place of query and reason, which are not written.
std::string event_bytes(const Event& event);
Result<Event> read_event(std::string_view bytes, std::int64_t instant);

}  // namespace joinedup::audit
