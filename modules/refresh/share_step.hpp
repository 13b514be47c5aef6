// The loop's last step: what this place knows of people goes to the shared record. Private to this room.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "care_door/care_door.hpp"
#include "caseload/caseload.hpp"

namespace joinedup::refresh {

// After the vault's decisions stand. `found`: whom this refresh found; nothing: whom the published record finds.
Result<care_door::Shared> share_for_care(const place::Place& place, const std::vector<place::FeedSpec>& feeds, const std::optional<caseload::Found>& found,
                                         const std::string& print, unsigned threads);

// After a row was taken off its person, or given back: the shared record follows at once. As JSON, for whoever did it; where the
// shared record cannot be written now, it says so, and the next refresh does it. Empty: this place has no shared record yet.
std::string share_decision(const place::Place& place, const std::vector<place::FeedSpec>& feeds);

}  // namespace joinedup::refresh
