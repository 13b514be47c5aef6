// Referrals between partners at every stage, those that got stuck among them; and slots that are free.
#include <algorithm>

#include "living/room.hpp"

namespace joinedup::living {
namespace {

struct Kind {
  const char* kind;    // of the partner that is asked
  const char* what;
  const char* reason;
  const char* outcome;
};
constexpr Kind kinds[] = {
    {"community", "Falls and balance class", "Two falls since the spring, afraid to go out; walks with a frame.", "Eight classes attended; walks to the shop again."},
    {"mental_health", "Assessment of memory", "Family worried for a year; missed medicines. Screening blood tests are normal.", "Seen at home; diagnosis shared with the person and family, plan sent."},
    {"social_care", "Assessment for support at home", "Cannot wash or make a hot meal alone; daughter does both and is worn out.", "Reablement for six weeks, then a visit each morning."},
    {"housing", "Damp and cold home", "Mould in the bedroom; chest infections every winter.", "Inspected; repair done, heater lent meanwhile."},
    {"voluntary", "Befriending", "Alone since bereavement; would like to talk about gardens.", "A volunteer visits on Tuesdays."},
    {"hospital", "Advice on heart failure medicines", "Swollen and breathless in spite of treatment; kidney tests attached.", "Advice given: change of tablets, tests in two weeks."},
};
constexpr const char* rejections[] = {"Not registered in the area that we serve: ask the neighbouring service.", "Already on our list from another request; one is enough.", "Needs a home assessment first; please send it with the request."};

enum class Fate : std::uint8_t { fresh, stuck, accepted, rejected, in_progress, slow, completed };

void refer(Book& book, const Case& one, const Kind& kind, const Service& to, Fate fate, std::size_t nth) {
  const auto key = "referral|" + one.patient + std::to_string(nth);
  auto draw = book.draw(key);
  const auto* from = nth % 2 == 0 || one.doctor == nullptr ? one.coordinator : one.doctor;
  const int sent = fate == Fate::fresh ? draw.between(0, 3) : fate == Fate::stuck ? draw.between(22, 40) : fate == Fate::slow ? draw.between(60, 90) : draw.between(12, 50);
  const bool is_urgent = draw.chance(0.3), is_advice = std::string_view(kind.what).starts_with("Advice");
  const auto request = book.add({{"resourceType", "ServiceRequest"}, {"status", fate == Fate::completed ? "completed" : fate == Fate::rejected ? "revoked" : "active"}, {"intent", "order"},
                                 {"category", json::array({concept_of("urn:joinedup:request", is_advice ? "advice" : "referral", is_advice ? "Advice" : "Referral")})}, {"priority", is_urgent ? "urgent" : "routine"}, {"code", {{"text", kind.what}}}, {"subject", reference(one.patient)}, {"authoredOn", book.at(sent, 11, 5)},
                                 {"requester", reference(from->role)}, {"performer", json::array({reference(to.reference)})}, {"reasonCode", json::array({{{"text", kind.reason}}})}}, key);
  TaskFacts facts{.code = "referral", .status = "requested", .patient = one.patient, .owner = to.reference, .requester = from->role, .description = kind.what, .due = {}, .authored = {}};
  facts.authored = book.at(sent, 11, 5), facts.focus = request, facts.priority = is_urgent ? "urgent" : "routine";
  facts.due = (book.day() - sent + (is_urgent ? 7 : 14)).to_iso();
  const auto last = book.at(std::max(0, sent - draw.between(2, 9)), 16, 40);
  switch (fate) {
    case Fate::fresh: case Fate::stuck: break;
    case Fate::accepted: facts.status = "accepted"; break;
    case Fate::rejected: facts.status = "rejected", facts.reason = one_of(rejections, draw); break;
    case Fate::in_progress: case Fate::slow: facts.status = "in-progress"; break;
    case Fate::completed: facts.status = "completed"; break;
  }
  auto task = task_of(facts);
  task["code"]["coding"][0]["display"] = is_advice ? "Advice" : "Referral";
  task["lastModified"] = fate == Fate::fresh || fate == Fate::stuck ? facts.authored : last;
  // Some of what came of it was seen by whoever asked.
  if (fate == Fate::completed && one.number % 2 == 0)
    task["extension"] = json::array({{{"url", "urn:joinedup:seen"}, {"extension", json::array({value("by", "valueReference", reference(from->practitioner)), value("on", "valueDateTime", last)})}}});
  if (fate == Fate::completed) task["executionPeriod"]["end"] = last, task["output"] = json::array({{{"type", {{"text", "outcome"}}}, {"valueString", kind.outcome}}});
  book.add(std::move(task), key);
}

}  // namespace

void write_referrals(Book& book, const Case& one, const Directory& directory) {
  const std::size_t how_many = one.is_the_demonstrations ? 5 : one.is_shown_in_full ? 2 : one.number % 2 == 0 ? 1 : 0;
  for (std::size_t i = 0; i < how_many; ++i) {
    const auto& kind = kinds[(one.number + i) % std::size(kinds)];
    const auto* to = directory.service_of(kind.kind, one.number);
    if (to == nullptr) continue;
    constexpr Fate of_one[] = {Fate::in_progress, Fate::completed, Fate::fresh, Fate::accepted, Fate::rejected};
    constexpr Fate of_many[] = {Fate::stuck, Fate::accepted, Fate::completed, Fate::fresh, Fate::in_progress, Fate::rejected, Fate::slow, Fate::completed};
    refer(book, one, kind, *to, one.is_the_demonstrations ? of_one[i] : of_many[(one.number * 3 + i) % std::size(of_many)], i);
  }
  // What the team itself is asked for: by the hospital, before somebody goes home.
  if (one.stage == Stage::undecided && !one.team->service.empty()) {
    const auto* doctor = directory.anywhere("hospital_doctor");
    const auto key = "incoming|" + one.patient;
    const int sent = static_cast<int>(one.number % 6);
    const auto request = book.add({{"resourceType", "ServiceRequest"}, {"status", "active"}, {"intent", "order"}, {"category", json::array({concept_of("urn:joinedup:request", "referral", "Referral")})}, {"priority", sent % 2 == 0 ? "urgent" : "routine"}, {"code", {{"text", "Team support after discharge"}}}, {"subject", reference(one.patient)},
                                   {"authoredOn", book.at(sent, 8, 50)}, {"requester", reference(doctor != nullptr ? doctor->role : one.coordinator->role)}, {"performer", json::array({reference(one.team->service)})},
                                   {"reasonCode", json::array({{{"text", "Third admission in a year; lives alone. Please see before or soon after going home."}}})}}, key);
    book.add(task_of({.code = "referral", .status = "requested", .patient = one.patient, .owner = one.team->service, .requester = doctor != nullptr ? doctor->role : one.coordinator->role, .description = "Team support after discharge",
                      .due = (book.day() - sent + 3).to_iso(), .authored = book.at(sent, 8, 50), .priority = sent % 2 == 0 ? "urgent" : "routine", .focus = request}), key);
  }
}

void write_slots(Book& book, const Directory& directory) {
  constexpr const char* offered[][2] = {{"community", "Falls assessment"}, {"mental_health", "Memory assessment"}, {"social_care", "Assessment at home"}, {"voluntary", "Welcome visit"}, {"housing", "Home inspection"}, {"hospital", "Orthopaedic triage clinic"}};
  for (const auto& [kind, what] : offered) {
    const auto* service = directory.service_of(kind);
    if (service == nullptr) continue;
    const std::string key = std::string("schedule|") + kind;
    const auto schedule = book.add({{"resourceType", "Schedule"}, {"active", true}, {"serviceType", json::array({{{"text", what}}})}, {"actor", json::array({reference(service->reference)})},
                                    {"planningHorizon", {{"start", book.ago(0)}, {"end", (book.day() + 28).to_iso()}}}, {"comment", what}}, key);
    for (int ahead = 1; ahead <= 15; ahead += 2)
      for (const int hour : {9, 11, 14}) {
        const auto day = book.workday(-ahead).to_iso();
        const auto time = [&](int h) { return day + "T" + (h < 10 ? "0" : "") + std::to_string(h) + ":00:00Z"; };
        auto draw = book.draw(key + day + std::to_string(hour));
        book.add({{"resourceType", "Slot"}, {"serviceType", json::array({{{"text", what}}})}, {"schedule", reference(schedule)}, {"status", draw.chance(0.4) ? "busy" : "free"}, {"start", time(hour)}, {"end", time(hour + 1)}}, key + std::to_string(ahead) + "|" + std::to_string(hour));
      }
  }
}

}  // namespace joinedup::living
