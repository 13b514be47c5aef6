#include "casework/closing.hpp"

#include <algorithm>
#include <set>

#include "casework/deprivation.hpp"
#include "casework/events.hpp"

namespace joinedup::casework {

namespace {

bool is_a(const Json& task, const char* code) {
  const auto* concept_ = node_at(task, "code");
  return concept_ != nullptr && has_code(*concept_, "urn:joinedup:task", code);
}

Result<bool> has_another_case(const Ask& ask, const Found& episode, const std::string& patient) {
  JOINEDUP_TRY(const auto cases, ask.search("EpisodeOfCare?patient=" + percent_encoded(patient) + "&status=planned,waitlist,active,onhold", Reading::tallied));
  return std::any_of(cases.begin(), cases.end(), [&](const Found& one) { return one.reference() != episode.reference(); });
}

}  // namespace

Result<void> close_tasks(Ask& ask, Changes& changes, std::vector<std::string>& targets, const Found& episode, const std::string& why) {
  const auto patient = reference_at(episode.json, "patient");
  JOINEDUP_TRY(const auto hand, ask.references("hand"));
  JOINEDUP_TRY(const auto to, ask.reference_or_none("to", {"PractitionerRole"}));
  JOINEDUP_TRY(const bool another, has_another_case(ask, episode, patient));
  std::vector<Found> open;
  if (!another) {
    JOINEDUP_TRY(open, ask.search("Task?patient=" + percent_encoded(patient) + "&status=" + std::string(open_task_statuses)));
    std::erase_if(open, [](const Found& one) { return is_a(one.json, "referral"); });
  }
  for (const auto& one : hand)
    if (std::none_of(open.begin(), open.end(), [&](const Found& task) { return task.reference() == one; })) return fail(ErrorCode::invalid_input, "A task that you hand over is not open any more. Look at the list again.", "hand");
  if (!hand.empty() && !to) return fail(ErrorCode::invalid_input, "Say who takes these tasks over.", "to");
  if (open.empty()) return {};
  const auto said = plural(open.size(), "task of this person is", "tasks of this person are") + " still open";
  if (ask.parameter("tasks") == nullptr) return fail(ErrorCode::invalid_input, said + ". Say which are handed over, and to whom; the others are cancelled.", "tasks");
  JOINEDUP_TRY(const auto seen, ask.integer("tasks", said + ".", 0, 100'000));
  if (seen != static_cast<std::int64_t>(open.size())) return fail(ErrorCode::conflict, said + ", and you were shown " + std::to_string(seen) + ". Look at the list again.", "tasks");
  std::vector<Found> cancelled;
  for (const auto& task : open) {
    auto then = task.json;
    if (std::find(hand.begin(), hand.end(), task.reference()) != hand.end()) {
      then["owner"] = reference_to(to->reference());
    } else {
      then["status"] = "cancelled";
      then["statusReason"]["text"] = why;
      cancelled.push_back(task);
    }
    then["lastModified"] = ask.now;
    set_extension(then, extension_of("urn:joinedup:by", "valueReference", ask.by()));
    changes.update(task, then);
    targets.push_back(task.reference());
  }
  return end_pathways(ask, changes, targets, cancelled);
}

Result<void> end_pathways(const Ask& ask, Changes& changes, std::vector<std::string>& targets, const std::vector<Found>& closed_now) {
  std::set<std::string> over, plans;
  for (const auto& one : closed_now) {
    over.insert(one.reference());
    if (const auto plan = reference_at(one.json, "basedOn/0"); is_a(one.json, "pathway-step") && plan.starts_with("CarePlan/")) plans.insert(plan);
  }
  for (const auto& reference : plans) {
    const auto plan = ask.read(reference);
    if (!plan) {
      if (plan.error().code != ErrorCode::not_found) return tl::unexpected(plan.error());
      ask.passed.reset();
      continue;
    }
    if (text_at(plan->json, "status") != "active") continue;
    JOINEDUP_TRY(const auto steps, ask.search("Task?based-on=" + percent_encoded(reference), Reading::tallied));
    if (std::any_of(steps.begin(), steps.end(), [&](const Found& one) { return is_open_task(one.json) && !over.contains(one.reference()); })) continue;
    auto then = plan->json;
    then["status"] = "completed";
    then["period"]["end"] = ask.today.to_iso();
    changes.update(*plan, then);
    targets.push_back(reference);
  }
  return {};
}

Result<void> keep_counts(const Ask& ask, Json& closed) {
  const auto patient = reference_at(closed, "patient");
  const auto stays = stays_of(closed, ask.today);
  if (stays.empty() || patient.empty()) return {};
  Events events;
  JOINEDUP_TRY(const auto encounters, ask.search("Encounter?patient=" + percent_encoded(patient), Reading::tallied, 50'000));
  for (const auto& one : encounters) count_encounter(one.json, stays, Date{0}, ask.today, events);
  JOINEDUP_TRY(const auto decisions, ask.search("Task?patient=" + percent_encoded(patient) + "&code=" + percent_encoded("urn:joinedup:task|decision"), Reading::tallied));
  for (const auto& one : decisions) count_decision(one.json, ask.today, events);
  int fifth = 0;
  if (ask.room.deprivation != nullptr)
    if (const auto person = ask.search("Patient?_id=" + percent_encoded(patient.substr(patient.find('/') + 1)), Reading::tallied); person && !person->empty())
      fifth = ask.room.deprivation->fifth(text_at(person->front().json, "address/0/postalCode"));
  set_extension(closed, kept_events(events, fifth));
  return {};
}

bool wants_counts(const Json& episode, Date today) {
  const auto status = text_at(episode, "status");
  return (status == "finished" || status == "cancelled") && extension(episode, "urn:joinedup:while-on-caseload") == nullptr && !stays_of(episode, today).empty();
}

}  // namespace joinedup::casework
