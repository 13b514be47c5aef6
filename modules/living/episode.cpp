// How a person came onto a caseload, step by step: who, when, why.
#include "living/room.hpp"

namespace joinedup::living {
namespace {

struct Step {
  const char* status;
  int days_ago;
  std::string reason, by;
};

constexpr const char* why_accepted[] = {"Several admissions that a plan may prevent.", "Lives alone and is getting worse; the practice asks for help.",
                                        "Many services, nobody in charge: needs one plan.", "The carer is worn out; both need support.", "Likely to gain from medicines review and falls work."};
constexpr const char* why_declined[] = {"Already has a plan with the community heart failure team.", "Has moved to a care home with its own team.", "Nothing here that a team adds to: the practice follows up."};
constexpr const char* why_deferred[] = {"In hospital: look again when home.", "Waiting for the memory clinic's answer.", "Away with family until next month."};
constexpr const char* why_on_hold[] = {"In hospital; the plan goes on after discharge.", "Staying with a son for some weeks.", "Asked for a pause while waiting for an operation."};
constexpr const char* why_finished[] = {"Goals reached; the practice goes on.", "Steady for three months, and knows whom to call.", "Moved out of the area; the plan was handed over."};
constexpr const char* outcome_finished[] = {"Two goals of three reached", "Fewer falls, feels safer", "Handed over with the plan"};

std::vector<Step> steps_of(const Book& book, const Case& one) {
  auto draw = book.draw("episode|" + one.patient);
  const std::string coordinator = one.coordinator->practitioner, lead = one.team->of("team_lead")->practitioner;
  const auto found = one.episode.value("/statusHistory/0/period/start"_json_pointer, std::string());
  const int released = one.stage == Stage::undecided ? draw.between(2, 12) : one.accepted + draw.between(3, 12);
  int found_days = released + 20;
  if (const auto day = parse_iso_date(found)) found_days = std::max(book.day() - *day, released + 1);
  std::vector<Step> steps{{"planned", found_days, "Found by case finding", ""}, {"planned", released, "Released to the team", lead}};
  if (one.episode.contains("/type/0/coding/0/code"_json_pointer) && one.episode["type"][0]["coding"][0]["code"] == "referred")
    steps = {{"planned", released, "Referred by the practice", one.doctor != nullptr ? one.doctor->practitioner : lead}};
  switch (one.stage) {
    case Stage::undecided: return steps;
    case Stage::deferred: steps.push_back({"planned", one.accepted, std::string("Deferred: ") + one_of(why_deferred, draw), coordinator}); return steps;
    case Stage::declined: steps.push_back({"cancelled", one.accepted, one_of(why_declined, draw), lead}); return steps;
    default: steps.push_back({"waitlist", one.accepted, one_of(why_accepted, draw), coordinator});
  }
  if (one.stage == Stage::declined_by_person) steps.push_back({"cancelled", one.asked, "The person does not wish it at present; told how to come back.", coordinator});
  if (!one.has_plan()) return steps;
  steps.push_back({"active", one.started, "First visit made and a plan begun.", coordinator});
  if (one.stage == Stage::on_hold) steps.push_back({"onhold", one.changed, one_of(why_on_hold, draw), coordinator});
  if (one.stage == Stage::finished) steps.push_back({"finished", one.ended, one_of(why_finished, draw), coordinator});
  return steps;
}

json asked_of(const Book& book, const Case& one) {
  const char* outcome = one.stage == Stage::offered ? "offered" : one.stage == Stage::declined_by_person ? "declined" : one.stage == Stage::lacks_capacity ? "lacks-capacity" : "agreed";
  json parts = json::array({value("outcome", "valueCode", outcome), value("on", "valueDateTime", book.ago(one.asked)), value("by", "valueReference", reference(one.coordinator->practitioner))});
  if (one.stage == Stage::lacks_capacity)
    parts.push_back(value("note", "valueString", "Could not weigh the choice on two visits, with hearing aids and at a good time of day. Best-interests meeting with family, practice and social worker: support at home is the least restrictive way."));
  else if (one.stage == Stage::offered) parts.push_back(value("note", "valueString", "Leaflet left; wants to talk it over with family."));
  return {{"url", "urn:joinedup:asked"}, {"extension", parts}};
}

}  // namespace

const char* words(Stage stage) {
  constexpr const char* all[] = {"found, undecided", "deferred", "declined", "waiting", "offered", "agreed", "declined by the person", "active", "active, lacks capacity", "on hold", "finished"};
  return all[static_cast<std::size_t>(stage)];
}

json episode_of(const Book& book, const Case& one) {
  json out = one.episode;
  out.erase("meta");
  out["meta"] = {{"source", "urn:joinedup:caseload"}, {"tag", json::array({coding("urn:joinedup:demonstration", "caseload")})}};
  const auto steps = steps_of(book, one);
  json history = json::array();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool is_over = i + 1 == steps.size() && (std::string_view(steps[i].status) == "cancelled" || std::string_view(steps[i].status) == "finished");
    json item = {{"extension", json::array({value("urn:joinedup:reason", "valueString", steps[i].reason)})}, {"status", steps[i].status}, {"period", {{"start", book.ago(steps[i].days_ago)}}}};
    if (!steps[i].by.empty()) item["extension"].push_back(value("urn:joinedup:by", "valueReference", reference(steps[i].by)));
    if (i + 1 < steps.size()) item["period"]["end"] = book.ago(steps[i + 1].days_ago);
    else if (is_over) item["period"]["end"] = book.ago(steps[i].days_ago), out["period"]["end"] = book.ago(steps[i].days_ago);
    history.push_back(std::move(item));
  }
  out["status"] = steps.back().status;
  out["statusHistory"] = std::move(history);
  out["period"]["start"] = book.ago(steps.front().days_ago);
  if (out["type"][0]["coding"][0]["code"] == "draft") out["type"] = json::array({concept_of("urn:joinedup:case-finding", "released", "Found by case finding")});
  json extensions = json::array();
  if (one.stage == Stage::deferred) extensions.push_back(value("urn:joinedup:deferred-until", "valueDate", (book.day() + (one.number % 2 == 0 ? 12 : -2)).to_iso()));
  if (one.stage >= Stage::offered) extensions.push_back(asked_of(book, one));
  if (one.stage >= Stage::waiting && one.doctor != nullptr) extensions.push_back(value("urn:joinedup:accountable", "valueReference", reference(one.doctor->role)));
  if (one.stage == Stage::finished) {
    auto draw = book.draw("outcome|" + one.patient);
    extensions.push_back(value("urn:joinedup:outcome", "valueString", one_of(outcome_finished, draw)));
  }
  if (!extensions.empty()) out["extension"] = std::move(extensions);
  out["careManager"] = reference(one.coordinator->role);
  return out;
}

}  // namespace joinedup::living
