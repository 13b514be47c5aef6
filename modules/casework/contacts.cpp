// A contact of the team with a person: who, when, how, how long and about what. An Encounter of the case, which counts among the team's contacts
// and comes back to the warehouse with its cost.
#include <algorithm>

#include "casework/changes.hpp"
#include "casework/handlers.hpp"

namespace joinedup::casework {

namespace {

struct How {
  const char* code;
  const char* words;
  const char* place;  // class of v3 ActCode
  const char* snomed; // a type that the record's codes know; empty: none
};
constexpr How hows[] = {{"visit", "Home visit", "HH", "439708006"}, {"clinic", "Seen in a clinic or office", "AMB", ""}, {"telephone", "Telephone call", "VR", ""}, {"video", "Video call", "VR", ""}, {"letter", "Letter or email", "VR", ""}};

// The asker's own role, where nobody else is named. Of several the first by its id: most have one.
Result<std::optional<Found>> own_role(const Ask& ask) {
  const auto& author = ask.call.request.author;
  if (!author.starts_with("Practitioner/")) return std::optional<Found>();
  JOINEDUP_TRY(auto roles, ask.search("PractitionerRole?practitioner=" + percent_encoded(author)));
  std::erase_if(roles, [](const Found& one) {
    const auto* active = node_at(one.json, "active");
    return active != nullptr && *active == false;
  });
  std::sort(roles.begin(), roles.end(), [](const Found& a, const Found& b) { return a.reference() < b.reference(); });
  if (roles.empty()) return std::optional<Found>();
  return std::optional(std::move(roles.front()));
}

}  // namespace

Result<rest::Response> record_contact(Ask& ask) {
  JOINEDUP_TRY(const auto on, ask.date("on", "Say when the contact was."));
  JOINEDUP_TRY(const auto code, ask.code("how", "Say how the contact was made.", {"visit", "clinic", "telephone", "video", "letter"}));
  JOINEDUP_TRY(const auto minutes, ask.integer("minutes", "Say how many minutes it took.", 1, 600));
  JOINEDUP_TRY(const auto about, ask.text("about", "Write what the contact was about."));
  if (on > ask.today) return fail(ErrorCode::invalid_input, "The date must be today or in the past.", "on");
  if (on < ask.today.add_months(-12)) return fail(ErrorCode::invalid_input, "The date must be within the last 12 months.", "on");
  JOINEDUP_TRY(const auto episode, ask.target());
  JOINEDUP_TRY(auto who, ask.reference_or_none("who", {"PractitionerRole"}));
  const auto status = text_at(episode.json, "status");
  if (status != "planned" && status != "waitlist" && status != "active" && status != "onhold") return fail(ErrorCode::conflict, "The case is closed: contacts are recorded on an open case.");
  if (!who) {
    JOINEDUP_TRY(who, own_role(ask));
    if (!who) return fail(ErrorCode::invalid_input, "Say who made the contact.", "who");
  }
  const auto& how = *std::find_if(std::begin(hows), std::end(hows), [&](const How& one) { return code == one.code; });
  const auto patient = reference_at(episode.json, "patient");
  Json made{{"resourceType", "Encounter"}};
  made["status"] = "finished";
  made["class"] = {{"system", "http://terminology.hl7.org/CodeSystem/v3-ActCode"}, {"code", how.place}};
  Json type = coded("urn:joinedup:contact", how.code, how.words);
  if (*how.snomed != '\0') type["coding"].push_back({{"system", "http://snomed.info/sct"}, {"code", how.snomed}});
  made["type"] = Json::array({std::move(type)});
  made["subject"] = reference_to(patient);
  made["episodeOfCare"] = Json::array({reference_to(episode.reference())});
  Json participant;
  if (const auto* roles = node_at(who->json, "code"); roles != nullptr && roles->is_array() && !roles->empty()) participant["type"] = *roles;
  participant["individual"] = reference_to(who->reference());
  made["participant"] = Json::array({std::move(participant)});
  made["period"] = {{"start", on.to_iso()}, {"end", on.to_iso()}};
  made["length"] = {{"value", minutes}, {"unit", "min"}, {"system", "http://unitsofmeasure.org"}, {"code", "min"}};
  Json reason;
  reason["text"] = about;
  made["reasonCode"] = Json::array({std::move(reason)});
  if (const auto organisation = reference_at(who->json, "organization"); !organisation.empty()) made["serviceProvider"] = reference_to(organisation);
  Changes changes(ask);
  const auto urn = changes.create(std::move(made));
  changes.sign("record-contact", "Contact recorded", {}, {urn}, patient);
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, written.at(0));
}

}  // namespace joinedup::casework
