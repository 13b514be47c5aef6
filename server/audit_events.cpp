#include "server/audit_events.hpp"

#include <algorithm>

#include "server/wire.hpp"

namespace joinedup::server {

namespace {

bool has_role(const access::Subject& subject, std::string_view role) {
  return std::find(subject.roles.begin(), subject.roles.end(), role) != subject.roles.end();
}

rest::Response json(std::string body) {
  rest::Response out;
  out.headers.push_back({"Content-Type", "application/fhir+json"});
  out.body = std::move(body);
  return out;
}

rest::Response absent() { return fault(404, "not-found", "There is no such resource."); }

}  // namespace

rest::Response audit_events(const access::Subject& subject, const rest::Request& request, audit::Reader& log, const HidesFromPerson& hides, std::string_view base_url) {
  const bool is_person = subject.kind == access::Subject::Kind::person && !subject.patient.empty();
  const bool is_guardian = subject.kind == access::Subject::Kind::worker && has_role(subject, "guardian");
  const auto path = std::string_view(request.path).substr(std::string_view("/AuditEvent").size());
  if (!is_person && !is_guardian) return path.size() > 1 ? absent() : json(R"({"resourceType":"Bundle","type":"searchset"})");
  audit::Viewer viewer{.base_url = std::string(base_url)};
  if (is_person) {
    viewer.patient = subject.patient.substr(subject.patient.rfind('/') + 1);
    viewer.shows = [&](const audit::Kept& kept) { return kept.event.outcome == "allowed" && !hides(kept.event, viewer.patient); };
  }
  auto found = path.size() > 1 ? audit::read_audit_event(log, path.substr(1), viewer) : audit::search_audit_events(log, request.query, viewer);
  if (found) return json(std::move(*found));
  if (found.error().code == ErrorCode::not_found) return absent();
  if (found.error().code == ErrorCode::wrong_usage || found.error().code == ErrorCode::invalid_input) return fault(400, "invalid", found.error().sentence);
  return fault(503, "transient", "The log cannot be read at present. Try again in a moment.");
}

}  // namespace joinedup::server
