// Emergencies that nobody reviewed in time.
#include <nlohmann/json.hpp>

#include "access/access.hpp"
#include "fhir/values.hpp"

namespace joinedup::access {

std::vector<Notice> notices_of(const std::vector<Emergency>& emergencies, std::int64_t now) {
  std::vector<Notice> out;
  for (const Emergency& e : emergencies) {
    const bool was_late = e.reviewed == 0 ? e.overdue(now) : e.reviewed > e.review_due;
    if (!was_late) continue;
    Notice notice{.id = "emergency-" + std::to_string(e.id) + "-not-reviewed", .body = {}, .is_done = e.reviewed != 0};
    const auto number = std::to_string(e.id);
    const auto text = "Emergency access number " + number + " of " + fhir::instant_text(e.from).substr(0, 10) + " was to be reviewed by " + fhir::instant_text(e.review_due).substr(0, 10) +
                      (notice.is_done ? "; it has been reviewed since." : " and has not been. Review it on the guardian's page.");
    notice.body = nlohmann::ordered_json{{"resourceType", "Communication"},
                                         {"id", notice.id},
                                         {"identifier", {{{"system", "urn:joinedup:emergency"}, {"value", number}}}},
                                         {"status", notice.is_done ? "completed" : "in-progress"},
                                         {"category", {{{"coding", {{{"system", "urn:joinedup:message"}, {"code", "escalation"}}}}}}},
                                         {"priority", "urgent"},
                                         {"sent", fhir::instant_text(e.review_due)},
                                         {"payload", {{{"contentString", text}}}}}
                      .dump();
    out.push_back(std::move(notice));
  }
  return out;
}

}  // namespace joinedup::access
