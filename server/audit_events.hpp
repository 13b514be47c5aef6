// AuditEvent over FHIR, made from the log: for the person whose record it is (their own accesses), and for the guardian (all).
//
//   rest::Response out = audit_events(subject, request, *reader, hides);   // GET /AuditEvent?patient=…&date=ge2026-01-01&_count=50
//
// Everybody else, a proxy too, finds nothing: the list of who looked is the person's alone. What is withheld from a person leaves
// no gap: no totals, and ids that say nothing of what stands between.
#pragma once
#include <functional>
#include <string_view>

#include "access/subject.hpp"
#include "audit/audit.hpp"
#include "rest/rest.hpp"

namespace joinedup::server {

using HidesFromPerson = std::function<bool(const audit::Event&, std::string_view patient)>;
// Whether an entry ("Observation", "7") is kept from the person: then no event tells of it, and one that tells of nothing else is not shown.
using HidesEntry = std::function<bool(std::string_view type, std::string_view id)>;

rest::Response audit_events(const access::Subject& subject, const rest::Request& request, audit::Reader& log, const HidesFromPerson& hides, const HidesEntry& hides_entry, std::string_view base_url);

}  // namespace joinedup::server
