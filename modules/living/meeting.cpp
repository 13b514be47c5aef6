// A team's meetings: past ones with who came and what was decided, the next with its agenda. None of them names a person but item by item.
#include <algorithm>

#include "living/room.hpp"

namespace joinedup::living {
namespace {

struct Decision {
  const char* role;
  const char* text;
};
constexpr Decision decisions[] = {
    {"general_practitioner", "Review medicines and stop what is not needed; tell the pharmacy."},
    {"community_nurse", "Visit twice weekly until the wound is closed; photograph each time."},
    {"social_worker", "Carer's assessment, and a sitter until then."},
    {"care_coordinator", "Talk the plan through with the person and the daughter."},
    {"mental_health_nurse", "See at home; safety plan reviewed with the person."},
    {"housing_officer", "Date for the damp repair, in writing."},
    {"link_worker", "Introduce to the lunch club, first time together."},
};

bool is_core(const std::string& code) { return code == "care_coordinator" || code == "team_lead" || code == "community_nurse" || code == "social_worker"; }

json meeting_of(const Book& book, const Team& team, Date day, bool is_past, std::size_t nth) {
  json out = {{"resourceType", "Appointment"}, {"extension", json::array({value("urn:joinedup:team", "valueReference", reference(team.care_team))})}, {"status", is_past ? "fulfilled" : "booked"},
              {"serviceType", json::array({concept_of("urn:joinedup:appointment", "team-meeting", "Team meeting")})}, {"description", "Meeting of " + team.name},
              {"start", day.to_iso() + "T13:00:00Z"}, {"end", day.to_iso() + "T14:00:00Z"}, {"minutesDuration", 60}, {"participant", json::array()}};
  std::size_t number = 0;
  for (const auto* worker : team.workers) {
    auto draw = book.draw("attendance|" + worker->role + std::to_string(nth));
    if (!is_core(worker->code) && worker->code == "general_practitioner" && number++ % 3 != nth % 3) continue;  // practices take turns
    json one = {{"actor", reference(worker->role)}, {"required", is_core(worker->code) ? "required" : "optional"}, {"status", "accepted"}};
    if (is_past) one["extension"] = json::array({value("urn:joinedup:attended", "valueBoolean", draw.chance(is_core(worker->code) ? 0.92 : 0.7))});
    out["participant"].push_back(std::move(one));
  }
  return out;
}

json item_of(const Book& book, const Case& one, const std::string& meeting, const char* status, const char* why, int minutes, int days_ago) {
  TaskFacts facts{.code = "agenda-item", .status = status, .patient = one.patient, .owner = {}, .requester = one.coordinator->role, .description = {}, .due = {}, .authored = book.at(days_ago, 9)};
  const std::string_view reason = why;
  facts.description = reason == "new" ? "New on the list: decide whether the team can help" : reason == "due" ? "Review is due" : reason == "escalated" ? "Escalated: admitted, or something overdue" : "Carried over from the last meeting";
  if (one.episode.contains("id")) facts.focus = "EpisodeOfCare/" + one.episode["id"].get<std::string>();
  auto out = task_of(facts);
  out["intent"] = "plan";
  out["groupIdentifier"] = {{"system", meeting_system}, {"value", meeting}};
  out["extension"] = json::array({value("urn:joinedup:minutes", "valueInteger", minutes), value("urn:joinedup:why", "valueCode", why)});
  return out;
}

const char* why_of(const Case& one, bool was_carried_over) {
  if (was_carried_over) return "carried-over";
  if (one.stage == Stage::undecided || one.stage == Stage::deferred) return "new";
  return one.number % 3 == 0 ? "escalated" : "due";
}

}  // namespace

void write_meetings(Book& book, const Team& team, const std::vector<const Case*>& cases) {
  std::vector<const Case*> looked_after, undecided;
  for (const auto* one : cases) {
    if (one->has_plan() && one->stage != Stage::finished) looked_after.push_back(one);
    if (one->stage == Stage::undecided || one->stage == Stage::deferred) undecided.push_back(one);
  }
  if (looked_after.empty()) return;
  const Case* carried_over = nullptr;
  for (std::size_t nth = 0; nth < 5; ++nth) {  // four past, a fortnight apart, and the next
    const bool is_past = nth < 4;
    const int days_ago = is_past ? static_cast<int>(54 - 14 * nth) : -2;
    const auto day = book.workday(days_ago);
    const auto key = "meeting|" + team.care_team + std::to_string(nth);
    const auto id = book.id("Appointment", key);
    book.add_as(meeting_of(book, team, day, is_past, nth), id);
    json list = {{"resourceType", "List"}, {"status", is_past ? "retired" : "current"}, {"mode", "working"}, {"code", concept_of("urn:joinedup:list", "agenda")}, {"title", "Agenda of " + team.name},
                 {"identifier", json::array({{{"system", meeting_system}, {"value", id}}})}, {"date", book.at(std::max(days_ago, 0), 9)}};
    std::vector<std::pair<const Case*, bool>> items;
    if (carried_over != nullptr) items.emplace_back(carried_over, true);
    for (std::size_t i = 0; i < undecided.size() && i < 3; ++i)
      if (!is_past) items.emplace_back(undecided[i], false);
    for (std::size_t i = 0; i < 4 && i < looked_after.size(); ++i)
      if (const auto* one = looked_after[(nth * 3 + i) % looked_after.size()]; one != carried_over) items.emplace_back(one, false);
    carried_over = nullptr;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto& [one, was_carried_over] = items[i];
      const bool is_left = is_past && i + 1 == items.size() && items.size() > 2;  // time ran out
      const auto authored = std::max(days_ago, 0) + 1;
      auto item = item_of(book, *one, id, !is_past ? "requested" : is_left ? "on-hold" : "completed", why_of(*one, was_carried_over), i == 0 ? 10 : 5, authored);
      if (is_left) item["businessStatus"] = {{"text", "carried over"}}, carried_over = one;
      const auto listed = book.add(std::move(item), key + one->patient);
      list["entry"].push_back({{"item", reference(listed)}});
      if (!is_past || is_left) continue;
      const auto& decision = decisions[(nth * 2 + i) % std::size(decisions)];
      const auto* owner = team.of(decision.role, one->number);
      TaskFacts facts{.code = "decision", .status = "requested", .patient = one->patient, .owner = owner->role, .requester = one->coordinator->role, .description = decision.text, .due = {}, .authored = book.at(days_ago, 13, 20)};
      facts.due = (book.day() - days_ago + 14).to_iso();
      facts.focus = listed;
      // Most of the older ones are carried out, some late; some of the newer are overdue.
      auto draw = book.draw(key + one->patient);
      const bool is_done = nth < 2 ? (i + nth) % 4 != 3 : nth == 2 ? i % 2 == 1 : i % 3 == 2;
      if (is_done) facts.status = "completed", facts.done = book.at(std::max(0, days_ago - draw.between(3, 18)), 16);
      auto task = task_of(facts);
      task["groupIdentifier"] = {{"system", meeting_system}, {"value", id}};
      book.add(std::move(task), key + one->patient + "decision");
    }
    book.add(std::move(list), key);
  }
}

}  // namespace joinedup::living
