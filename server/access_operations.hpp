// What policy itself is asked to do, over FHIR: entries withheld by a safeguarding lead, emergencies reviewed by a guardian.
//
//   POST Patient/[id]/$withhold     {resource | type, from: person-and-proxies|proxies|one-proxy, related-person, reason, review: date}
//   POST Patient/[id]/$show-again   {withheld: integer}
//   GET  Patient/[id]/$withheld     → Parameters withheld[]
//   GET  $withheld                  → Parameters withheld[]: what is still withheld, of everybody whose record the lead may see
//   GET  $emergencies               → Parameters emergency[]
//   POST $review-emergency          {emergency: integer, outcome: justified|not_justified, comment (must be given where it was not justified)}
//
// Whoever does not have the office gets nothing from here: the record answers them as it answers any address that it does not know, so
// nobody learns that there is something to withhold. No event names the person: their own list of who looked holds no trace of it, and a review's comment is for those who answer for the place.
#pragma once
#include <optional>

#include "access/access.hpp"
#include "audit/audit.hpp"
#include "rest/rest.hpp"

namespace joinedup::server {

std::optional<rest::Response> access_operations(const access::Subject& subject, const rest::Request& request, access::Access& access, audit::Event& event);

}  // namespace joinedup::server
