// A case from found to finished: EpisodeOfCare, one step at a time. Every step says who, when and why, in statusHistory and in a Provenance.
#include <algorithm>

#include "base/text.hpp"
#include "casework/changes.hpp"
#include "casework/closing.hpp"
#include "casework/handlers.hpp"

namespace joinedup::casework {

namespace {

// A state in the words of whoever reads the sentence.
std::string words_of(const std::string& status) {
  if (status == "planned") return "found and not decided yet";
  if (status == "waitlist") return "accepted and waiting to start";
  if (status == "active") return "active";
  if (status == "onhold") return "on hold";
  if (status == "finished") return "finished";
  if (status == "cancelled") return "declined";
  return "in the state " + status;
}

// "It is active since 2026-11-22." with nobody's name: who did it is in the history.
std::string standing(const Json& episode) {
  const auto* history = node_at(episode, "statusHistory");
  std::string since;
  if (history != nullptr && history->is_array() && !history->empty()) since = text_at(history->back(), "period/start").substr(0, 10);
  return "It is " + words_of(text_at(episode, "status")) + (since.empty() ? "." : " since " + since + ".");
}

Result<Found> case_in(Ask& ask, std::initializer_list<const char*> any_of, const std::string& cannot) {
  JOINEDUP_TRY(auto episode, ask.target());
  const auto status = text_at(episode.json, "status");
  if (std::find(any_of.begin(), any_of.end(), status) != any_of.end()) return episode;
  return fail(ErrorCode::conflict, cannot + " " + standing(episode.json));
}

// The next state: the one before ends where this begins, so that there is no gap.
Json moved(const Ask& ask, const Json& episode, const std::string& to, const std::string& reason) {
  Json then = episode;
  then["status"] = to;
  const bool over = to == "finished" || to == "cancelled";
  if (over) then["period"]["end"] = ask.now;
  auto& history = then["statusHistory"];  // nothing is added to `then` from here on: that would move it
  if (!history.is_array()) history = Json::array();
  // An episode that was made elsewhere may have no history: what it was until now is its first state.
  if (history.empty()) {
    Json first{{"status", text_at(episode, "status")}};
    first["period"]["start"] = text_at(episode, "period/start").empty() ? ask.now : text_at(episode, "period/start");
    history.push_back(std::move(first));
  }
  history.back()["period"]["end"] = ask.now;
  Json step;
  step["extension"] = Json::array();
  if (!reason.empty()) step["extension"].push_back(extension_of("urn:joinedup:reason", "valueString", reason));
  step["extension"].push_back(extension_of("urn:joinedup:by", "valueReference", ask.by()));
  step["status"] = to;
  step["period"]["start"] = ask.now;
  if (over) step["period"]["end"] = ask.now;
  history.push_back(std::move(step));
  return then;
}

Result<rest::Response> keep(Ask& ask, const Found& now, const Json& then, const std::string& activity, const std::string& words, const std::string& reason) {
  Changes changes(ask);
  changes.update(now, then);
  changes.sign(activity, words, reason, {now.reference()}, reference_at(now.json, "patient"));
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, written.at(0));
}

// A case that ends: its open tasks with it, as the asker says. The person's record closes to the team: counts of what happened meanwhile stay.
Result<rest::Response> close(Ask& ask, const Found& now, Json then, const std::string& activity, const std::string& words, const std::string& reason) {
  JOINEDUP_CHECK(keep_counts(ask, then));
  Changes changes(ask);
  changes.update(now, then);
  std::vector<std::string> targets{now.reference()};
  JOINEDUP_CHECK(close_tasks(ask, changes, targets, now, "Case " + std::string(activity == "finish" ? "finished" : "declined")));
  changes.sign(activity, words, reason, targets, reference_at(now.json, "patient"));
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, written.at(0));
}

struct Asked {
  std::string outcome, note;
};
// The last answer of the person, or the last that was decided for them.
Asked last_asked(const Json& episode) {
  Asked out;
  if (const auto* asked = extension(episode, "urn:joinedup:asked"))
    for (const auto& part : (*asked)["extension"]) {
      if (text_at(part, "url") == "outcome") out.outcome = text_at(part, "valueCode");
      if (text_at(part, "url") == "note") out.note = text_at(part, "valueString");
    }
  return out;
}

const std::vector<std::string> roles{"PractitionerRole"};

}  // namespace

Result<rest::Response> accept_case(Ask& ask) {
  JOINEDUP_TRY(const auto comment, ask.text_or_none("comment"));
  JOINEDUP_TRY(const auto coordinator, ask.reference_or_none("coordinator", roles));
  JOINEDUP_TRY(const auto accountable, ask.reference_or_none("accountable", roles));
  JOINEDUP_TRY(const auto episode, case_in(ask, {"planned"}, "Only a case that is not decided yet can be accepted."));
  if (const auto* type = node_at(episode.json, "type"); type != nullptr && has_code(*type, "urn:joinedup:case-finding", "draft"))
    return fail(ErrorCode::conflict, "This case is a draft of case finding: a clinician releases the list first.");
  auto then = moved(ask, episode.json, "waitlist", comment);
  if (coordinator) then["careManager"] = reference_to(coordinator->reference());
  if (accountable) set_extension(then, extension_of("urn:joinedup:accountable", "valueReference", reference_to(accountable->reference())));
  return keep(ask, episode, then, "accept", "Accepted", comment);
}

Result<rest::Response> decline_case(Ask& ask) {
  JOINEDUP_TRY(const auto reason, ask.text("reason", "Say why the case is declined."));
  JOINEDUP_TRY(const auto episode, case_in(ask, {"planned", "waitlist"}, "Only a case that has not started can be declined."));
  return close(ask, episode, moved(ask, episode.json, "cancelled", reason), "decline", "Declined", reason);
}

Result<rest::Response> defer_case(Ask& ask) {
  JOINEDUP_TRY(const auto until, ask.date("until", "Say until when the decision is deferred."));
  JOINEDUP_TRY(const auto reason, ask.text("reason", "Say why the decision is deferred."));
  if (until <= ask.today) return fail(ErrorCode::invalid_input, "The date must be in the future.", "until");
  if (until > ask.today.add_months(12)) return fail(ErrorCode::invalid_input, "The date must be within a year.", "until");
  JOINEDUP_TRY(const auto episode, case_in(ask, {"planned"}, "Only a case that is not decided yet can be deferred."));
  auto then = moved(ask, episode.json, "planned", "Deferred until " + until.to_iso() + ": " + reason);
  set_extension(then, extension_of("urn:joinedup:deferred-until", "valueDate", until.to_iso()));
  return keep(ask, episode, then, "defer", "Deferred until " + until.to_iso(), reason);
}

Result<rest::Response> ask_person(Ask& ask) {
  JOINEDUP_TRY(const auto outcome, ask.code("outcome", "Say what came of asking the person.", {"offered", "agreed", "declined", "lacks-capacity"}));
  JOINEDUP_TRY(const auto note, ask.text_or_none("note"));
  if (outcome == "lacks-capacity" && note.empty())
    return fail(ErrorCode::invalid_input, "The person lacks capacity for this decision: write the best-interests decision, who was consulted and why it is in their interests.", "note");
  Date on = ask.today;
  if (ask.parameter("on") != nullptr) {
    JOINEDUP_TRY(on, ask.date("on", "Say when the person was asked."));
  }
  if (on > ask.today) return fail(ErrorCode::invalid_input, "The date is in the future.", "on");
  JOINEDUP_TRY(const auto episode, case_in(ask, {"waitlist", "active", "onhold"}, "The person is asked once the case is accepted."));
  auto then = episode.json;
  std::vector<Json> parts{extension_of("outcome", "valueCode", outcome), extension_of("on", "valueDateTime", on == ask.today ? ask.now : on.to_iso()),
                          extension_of("by", "valueReference", ask.by())};
  if (!note.empty()) parts.push_back(extension_of("note", "valueString", note));
  add_extension(then, nested_extension("urn:joinedup:asked", std::move(parts)));
  return keep(ask, episode, then, "ask", "Asked the person: " + outcome, note);
}

Result<rest::Response> start_case(Ask& ask) {
  JOINEDUP_TRY(const auto comment, ask.text_or_none("comment"));
  JOINEDUP_TRY(const auto episode, case_in(ask, {"waitlist"}, "Only a case that waits can start."));
  const auto asked = last_asked(episode.json);
  if (asked.outcome.empty() || asked.outcome == "offered") return fail(ErrorCode::conflict, "The person has not agreed yet: record what they said first.");
  if (asked.outcome == "declined") return fail(ErrorCode::conflict, "The person declined. Decline the case, or record that they changed their mind.");
  if (asked.outcome == "lacks-capacity" && asked.note.empty()) return fail(ErrorCode::conflict, "The best-interests decision is missing: record it first.");
  if (reference_at(episode.json, "careManager").empty()) return fail(ErrorCode::conflict, "Nobody co-ordinates this case yet: name a co-ordinator first, by handing it over to them.");
  return keep(ask, episode, moved(ask, episode.json, "active", comment), "start", "Started", comment);
}

Result<rest::Response> hold_case(Ask& ask) {
  JOINEDUP_TRY(const auto reason, ask.text("reason", "Say why the case is put on hold."));
  JOINEDUP_TRY(const auto episode, case_in(ask, {"active"}, "Only an active case can be put on hold."));
  return keep(ask, episode, moved(ask, episode.json, "onhold", reason), "hold", "Put on hold", reason);
}

Result<rest::Response> resume_case(Ask& ask) {
  JOINEDUP_TRY(const auto comment, ask.text_or_none("comment"));
  JOINEDUP_TRY(const auto episode, case_in(ask, {"onhold"}, "Only a case on hold can be resumed."));
  return keep(ask, episode, moved(ask, episode.json, "active", comment), "resume", "Resumed", comment);
}

Result<rest::Response> finish_case(Ask& ask) {
  JOINEDUP_TRY(const auto reason, ask.text("reason", "Say why the case is finished."));
  JOINEDUP_TRY(const auto outcome, ask.text_or_none("outcome"));
  JOINEDUP_TRY(const auto episode, case_in(ask, {"active", "onhold"}, "Only a case that was started can be finished."));
  auto then = moved(ask, episode.json, "finished", reason);
  if (!outcome.empty()) set_extension(then, extension_of("urn:joinedup:outcome", "valueString", outcome));
  return close(ask, episode, std::move(then), "finish", "Finished", reason);
}

Result<rest::Response> hand_over_case(Ask& ask) {
  JOINEDUP_TRY(const auto to, ask.reference("to", "Say who takes the case over.", roles));
  JOINEDUP_TRY(const auto note, ask.text("note", "Write what whoever takes over must know."));
  JOINEDUP_TRY(const auto episode, case_in(ask, {"planned", "waitlist", "active", "onhold"}, "Only an open case can be handed over."));
  if (const auto* active = node_at(to.json, "active"); active != nullptr && *active == false) return fail(ErrorCode::invalid_input, "They no longer work in this role.", "to");
  const auto from = reference_at(episode.json, "careManager"), patient = reference_at(episode.json, "patient");
  if (from == to.reference()) return fail(ErrorCode::conflict, "They co-ordinate this case already.");
  Changes changes(ask);
  auto then = episode.json;
  then["careManager"] = reference_to(to.reference());
  std::vector<Json> parts{extension_of("to", "valueReference", reference_to(to.reference())), extension_of("on", "valueDateTime", ask.now), extension_of("by", "valueReference", ask.by()),
                          extension_of("note", "valueString", note)};
  if (!from.empty()) parts.insert(parts.begin(), extension_of("from", "valueReference", reference_to(from)));
  add_extension(then, nested_extension("urn:joinedup:handed-over", std::move(parts)));
  changes.update(episode, then);
  std::vector<std::string> targets{episode.reference()};
  // What they own of this person, by the role or in person. Who is not there any more cannot be read, and owned by the role.
  if (!from.empty()) {
    std::vector<std::string> owners{from};
    if (const auto before = ask.read(from)) {
      if (const auto person = reference_at(before->json, "practitioner"); !person.empty()) owners.push_back(person);
    } else if (before.error().code != ErrorCode::not_found) return tl::unexpected(before.error());
    JOINEDUP_TRY(const auto tasks, ask.search("Task?patient=" + percent_encoded(patient) + "&status=" + std::string(open_task_statuses)));
    for (const auto& task : tasks) {
      if (std::find(owners.begin(), owners.end(), reference_at(task.json, "owner")) == owners.end()) continue;
      auto moved_task = task.json;
      moved_task["owner"] = reference_to(to.reference());
      changes.update(task, moved_task);
      targets.push_back(task.reference());
    }
  }
  changes.sign("hand-over", "Handed over", note, targets, patient);
  JOINEDUP_TRY(const auto written, changes.commit());
  Json out{{"resourceType", "Parameters"}};
  out["parameter"] = Json::array({Json{{"name", "return"}, {"resource", written.at(0)}}, Json{{"name", "tasks"}, {"valueInteger", targets.size() - 1}}});
  return answer_json(200, out);
}

}  // namespace joinedup::casework
