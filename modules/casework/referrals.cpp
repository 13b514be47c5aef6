// From one partner to another and back: a ServiceRequest says what is asked, a Task carries who answers and what came of it.
#include <algorithm>

#include "casework/changes.hpp"
#include "casework/closing.hpp"
#include "casework/handlers.hpp"

namespace joinedup::casework {

namespace {

constexpr int recent_days = 90;

// By when a service answers, in days: our own choice (README); what passes it surfaces as stuck.
int days_to_answer(const std::string& urgency) { return urgency == "stat" ? 1 : urgency == "asap" ? 2 : urgency == "urgent" ? 3 : 14; }

std::string standing_of(const Json& request) {
  const auto status = text_at(request, "status");
  if (status == "active" || status == "on-hold" || status == "draft") return "still open";
  return status == "completed" ? "completed" : "over";
}

// One like it that is open, or was made within 90 days; nothing is said of what the asker may not see.
Result<std::optional<Json>> like_it(const Ask& ask, const std::string& patient, const std::string& service, const std::string& pathway, const std::string& kind) {
  JOINEDUP_TRY(const auto found, ask.search("ServiceRequest?patient=" + percent_encoded(patient)));
  const auto since = (ask.today - recent_days).to_iso();
  for (const auto& one : found) {
    const auto status = text_at(one.json, "status");
    if (status == "revoked" || status == "entered-in-error") continue;
    const bool advice = [&] {
      const auto* category = node_at(one.json, "category");
      return category != nullptr && has_code(*category, "urn:joinedup:request", "advice");
    }();
    if (advice != (kind == "advice")) continue;
    const bool open = standing_of(one.json) == "still open", recent = text_at(one.json, "authoredOn").substr(0, 10) >= since;
    if (!open && !recent) continue;
    bool same = false;
    if (const auto* performers = node_at(one.json, "performer"))
      same = std::any_of(performers->begin(), performers->end(), [&](const Json& who) { return local(text_at(who, "reference")) == service; });
    if (const auto* canonicals = node_at(one.json, "instantiatesCanonical"); canonicals != nullptr && !pathway.empty())
      same = same || std::find(canonicals->begin(), canonicals->end(), pathway) != canonicals->end();
    if (same) return std::optional(one.json);
  }
  return std::optional<Json>();
}

struct Transition {
  const char* answer;
  std::vector<std::string> from;
};

bool is_a(const Json& task, std::string_view code) {
  const auto* of = node_at(task, "code");
  return of != nullptr && has_code(*of, "urn:joinedup:task", code);
}

std::string task_words(const std::string& status) {
  if (status == "requested" || status == "received") return "waiting for an answer";
  if (status == "in-progress") return "in progress";
  return status;
}

void add_outcome(Json& task, const std::string& outcome) {
  if (outcome.empty()) return;
  Json one;
  one["type"]["text"] = "Outcome";
  one["valueString"] = outcome;
  if (!task.contains("output")) task["output"] = Json::array();
  task["output"].push_back(std::move(one));
}

}  // namespace

Result<rest::Response> refer(Ask& ask) {
  JOINEDUP_TRY(const auto patient, ask.reference("patient", "Say whom the referral is about.", {"Patient"}));
  JOINEDUP_TRY(const auto service, ask.reference("service", "Choose the service that is asked.", {"HealthcareService", "Organization", "PractitionerRole"}));
  JOINEDUP_TRY(const auto reason, ask.text("reason", "Write what is asked for and why."));
  JOINEDUP_TRY(const auto urgency, ask.code("urgency", "Say how urgent it is.", {"routine", "urgent", "asap", "stat"}));
  JOINEDUP_TRY(const auto pathway, ask.text_or_none("pathway"));
  std::string kind = "referral";
  if (ask.parameter("kind") != nullptr) {
    JOINEDUP_TRY(kind, ask.code("kind", "Say what is asked.", {"referral", "advice"}));
  }
  if (const auto* active = node_at(service.json, "active"); active != nullptr && *active == false) return fail(ErrorCode::invalid_input, "This service takes nobody on any more.", "service");
  if (!ask.says_yes("confirm")) {
    JOINEDUP_TRY(const auto before, like_it(ask, patient.reference(), service.reference(), pathway, kind));
    if (before) {
      const auto why = text_at(*before, "reasonCode/0/text");
      return ask.pass(refusal(409, "duplicate", "There is a referral like this of " + text_at(*before, "authoredOn").substr(0, 10) + ", " + standing_of(*before) +
                                                    (why.empty() ? "" : ": \"" + why.substr(0, 200) + "\"") + ". Send this one as well?", "confirm"));
    }
  }
  Json request{{"resourceType", "ServiceRequest"}, {"status", "active"}, {"intent", "order"}, {"priority", urgency}};
  request["category"] = Json::array({coded("urn:joinedup:request", kind, kind == "advice" ? "Advice" : "Referral")});
  if (!pathway.empty()) request["instantiatesCanonical"] = Json::array({pathway});
  request["subject"] = reference_to(patient.reference());
  request["authoredOn"] = ask.now;
  if (ask.signs()) request["requester"] = ask.by();
  request["performer"] = Json::array({reference_to(service.reference())});
  Json why;
  why["text"] = reason;
  request["reasonCode"] = Json::array({std::move(why)});
  Changes changes(ask);
  const auto request_urn = changes.create(request);
  Json task{{"resourceType", "Task"}, {"status", "requested"}, {"intent", "order"}, {"priority", urgency}};
  task["code"] = coded("urn:joinedup:task", "referral", kind == "advice" ? "Advice" : "Referral");
  task["description"] = reason.substr(0, 1000);
  task["focus"] = reference_to(request_urn);
  task["for"] = reference_to(patient.reference());
  task["authoredOn"] = ask.now;
  task["lastModified"] = ask.now;
  if (ask.signs()) task["requester"] = ask.by();
  task["owner"] = reference_to(service.reference());
  task["restriction"]["period"]["end"] = (ask.today + days_to_answer(urgency)).to_iso();
  const auto task_urn = changes.create(task);
  changes.sign("refer", kind == "advice" ? "Asked for advice" : "Referred", {}, {request_urn, task_urn}, patient.reference());
  JOINEDUP_TRY(const auto written, changes.commit());
  Json out{{"resourceType", "Bundle"}, {"type", "collection"}};
  out["entry"] = Json::array({Json{{"resource", written.at(0)}}, Json{{"resource", written.at(1)}}});
  return answer_json(200, out);
}

Result<rest::Response> answer_referral(Ask& ask) {
  JOINEDUP_TRY(const auto answer, ask.code("answer", "Say what you answer.", {"accepted", "rejected", "in-progress", "completed"}));
  JOINEDUP_TRY(const auto reason, ask.text_or_none("reason"));
  JOINEDUP_TRY(const auto outcome, ask.text_or_none("outcome"));
  if (answer == "rejected" && reason.empty()) return fail(ErrorCode::invalid_input, "Say why it is rejected: whoever referred must know what to do instead.", "reason");
  if (answer == "completed" && outcome.empty()) return fail(ErrorCode::invalid_input, "Say what came of it: whoever referred waits for it.", "outcome");
  JOINEDUP_TRY(const auto task, ask.target());
  if (!is_a(task.json, "referral")) return fail(ErrorCode::conflict, "This is no referral.");
  static const std::vector<Transition> transitions = {
      {"accepted", {"requested", "received"}}, {"rejected", {"requested", "received"}}, {"in-progress", {"accepted"}}, {"completed", {"accepted", "in-progress"}}};
  const auto status = text_at(task.json, "status");
  for (const auto& one : transitions)
    if (one.answer == answer && std::find(one.from.begin(), one.from.end(), status) == one.from.end())
      return fail(ErrorCode::conflict, "The referral is " + task_words(status) + ": it cannot become " + task_words(answer) + ".");
  auto then = task.json;
  then["status"] = answer;
  then["lastModified"] = ask.now;
  if (!reason.empty()) then["statusReason"]["text"] = reason;
  if (answer == "in-progress") then["executionPeriod"]["start"] = ask.now;
  if (answer == "completed") {
    then["executionPeriod"]["end"] = ask.now;
    add_outcome(then, outcome);
  }
  set_extension(then, extension_of("urn:joinedup:by", "valueReference", ask.by()));
  Changes changes(ask);
  changes.update(task, then);
  std::vector<std::string> targets{task.reference()};
  // What was asked for is over with it. A referral that is rejected was never begun: its request stays for whoever asked to change.
  const auto focus = reference_at(task.json, "focus");
  if (answer == "completed" && focus.starts_with("ServiceRequest/")) {
    if (const auto request = ask.read(focus)) {
      auto over = request->json;
      over["status"] = "completed";
      changes.update(*request, over);
      targets.push_back(focus);
    } else if (request.error().code != ErrorCode::not_found) return tl::unexpected(request.error());
  }
  changes.sign("answer", "Referral " + answer, answer == "completed" ? outcome : reason, targets, reference_at(task.json, "for"));
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, written.at(0));
}

Result<rest::Response> finish_task(Ask& ask) {
  JOINEDUP_TRY(const auto outcome, ask.text_or_none("outcome"));
  JOINEDUP_TRY(const auto reason, ask.text_or_none("reason"));  // why a step of a pathway was done otherwise, or late
  JOINEDUP_TRY(const auto task, ask.target());
  if (is_a(task.json, "referral")) return fail(ErrorCode::conflict, "A referral is completed by answering it, with its outcome.");
  if (is_a(task.json, "agenda-item")) return fail(ErrorCode::conflict, "An item of an agenda is completed by a decision.");
  if (!is_open_task(task.json)) return fail(ErrorCode::conflict, "This task is " + text_at(task.json, "status") + " already.");
  auto then = task.json;
  if (ask.parameter("confidence") != nullptr) {
    JOINEDUP_TRY(const auto confidence, ask.integer("confidence", "Say how confident the person is.", 1, 10));
    set_extension(then, extension_of("urn:joinedup:confidence", "valueInteger", confidence));
  }
  then["status"] = "completed";
  then["lastModified"] = ask.now;
  then["executionPeriod"]["end"] = ask.now;
  if (!reason.empty()) then["statusReason"]["text"] = reason;
  add_outcome(then, outcome);
  set_extension(then, extension_of("urn:joinedup:by", "valueReference", ask.by()));
  Changes changes(ask);
  changes.update(task, then);
  std::vector<std::string> targets{task.reference()};
  JOINEDUP_CHECK(end_pathways(ask, changes, targets, {task}));
  changes.sign("done", "Done", outcome.empty() ? reason : outcome, targets, reference_at(task.json, "for"));
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, written.at(0));
}

Result<rest::Response> leave_out_step(Ask& ask) {
  JOINEDUP_TRY(const auto reason, ask.text("reason", "Say why the step is left out."));
  JOINEDUP_TRY(const auto task, ask.target());
  if (!is_a(task.json, "pathway-step")) return fail(ErrorCode::conflict, "This is no step of a pathway.");
  if (!is_open_task(task.json)) return fail(ErrorCode::conflict, "This step is " + text_at(task.json, "status") + " already.");
  auto then = task.json;
  then["status"] = "cancelled";
  then["lastModified"] = ask.now;
  then["statusReason"]["text"] = reason;
  set_extension(then, extension_of("urn:joinedup:by", "valueReference", ask.by()));
  Changes changes(ask);
  changes.update(task, then);
  std::vector<std::string> targets{task.reference()};
  JOINEDUP_CHECK(end_pathways(ask, changes, targets, {task}));
  changes.sign("leave-out", "Left out", reason, targets, reference_at(task.json, "for"));
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, written.at(0));
}

}  // namespace joinedup::casework
