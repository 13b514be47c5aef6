// Pathways as data: a PlanDefinition becomes a plan of one person with a Task a step and its due date; a free Slot is booked for a referral.
#include <algorithm>
#include <map>

#include "casework/changes.hpp"
#include "casework/handlers.hpp"
#include "fhirpath/fhirpath.hpp"

namespace joinedup::casework {

namespace {

// Days of a timingDuration, rounded up; nothing: no limit.
std::optional<int> days_of(const Json& action) {
  const auto* duration = node_at(action, "timingDuration");
  const auto* value = duration == nullptr ? nullptr : node_at(*duration, "value");
  if (value == nullptr || !value->is_number()) return {};
  const auto code = text_at(*duration, "code");
  const double days = value->get<double>() * (code == "wk" ? 7 : code == "mo" ? 30.4375 : code == "a" ? 365.25 : code == "h" ? 1.0 / 24 : code == "min" ? 1.0 / 1440 : 1.0);
  if (!(days >= 0) || days > 36'525) return {};
  return static_cast<int>(days + 0.999);
}

enum class Applies : std::uint8_t { yes, no, unknown };

// A step's conditions over what the asker can read of the person; a condition that cannot be read leaves the step in, with its words.
Applies applies(const Json& action, const fhirpath::Document& person) {
  const auto* conditions = node_at(action, "condition");
  if (conditions == nullptr || !conditions->is_array()) return Applies::yes;
  auto out = Applies::yes;
  for (const auto& one : *conditions) {
    if (text_at(one, "kind") != "applicability") continue;
    const auto compiled = fhirpath::Expression::compile(text_at(one, "expression/expression"));
    if (text_at(one, "expression/language") != "text/fhirpath" || !compiled) {
      out = Applies::unknown;
      continue;
    }
    fhirpath::Context context;
    const auto found = compiled->evaluate(person.root_value(), context);
    if (!found || found->size() != 1) {
      out = Applies::unknown;
      continue;
    }
    if (found->front().to_text() == "false") return Applies::no;
    if (found->front().to_text() != "true") out = Applies::unknown;
  }
  return out;
}

std::string words_of_conditions(const Json& action) {
  std::string out;
  if (const auto* conditions = node_at(action, "condition"))
    for (const auto& one : *conditions) {
      auto words = text_at(one, "expression/description");
      if (words.empty()) words = text_at(one, "expression/expression");
      out += (out.empty() ? "" : "; ") + words;
    }
  return out;
}

Result<std::string> bundle_of_person(const Ask& ask, const Found& patient) {
  Json bundle{{"resourceType", "Bundle"}, {"type", "collection"}};
  bundle["entry"] = Json::array({Json{{"resource", patient.json}}});
  for (const auto* type : {"Condition", "Observation", "Encounter"}) {
    JOINEDUP_TRY(const auto found, ask.search(std::string(type) + "?patient=" + percent_encoded(patient.reference()), Reading::tallied, 50'000));
    for (const auto& one : found) bundle["entry"].push_back({{"resource", one.json}});
  }
  return bundle.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<rest::Response> apply_pathway(Ask& ask) {
  JOINEDUP_TRY(const auto patient, ask.reference("subject", "Say for whom the pathway begins.", {"Patient"}));
  JOINEDUP_TRY(const auto pathway, ask.target());
  if (text_at(pathway.json, "status") == "retired") return fail(ErrorCode::conflict, "This pathway is no longer in use.");
  auto canonical = text_at(pathway.json, "url");
  if (canonical.empty()) canonical = pathway.reference();
  JOINEDUP_TRY(const auto plans, ask.search("CarePlan?patient=" + percent_encoded(patient.reference()) + "&category=" + percent_encoded("urn:joinedup:plan|pathway") + "&status=active"));
  for (const auto& plan : plans)
    if (const auto there = text_at(plan.json, "instantiatesCanonical/0"); there.substr(0, there.find('|')) == canonical)
      return fail(ErrorCode::conflict, "The person is on this pathway already, since " + text_at(plan.json, "created").substr(0, 10) + ".");
  JOINEDUP_TRY(const auto text, bundle_of_person(ask, patient));
  fhirpath::Document person;
  JOINEDUP_CHECK(person.parse(text));
  const auto version = text_at(pathway.json, "version");
  Json plan{{"resourceType", "CarePlan"}};
  plan["instantiatesCanonical"] = Json::array({version.empty() ? canonical : canonical + "|" + version});
  plan["status"] = "active", plan["intent"] = "plan";
  plan["category"] = Json::array({coded("urn:joinedup:plan", "pathway", "Pathway")});
  plan["title"] = text_at(pathway.json, "title").empty() ? text_at(pathway.json, "name") : text_at(pathway.json, "title");
  if (plan["title"] == "") plan.erase("title");
  plan["subject"] = reference_to(patient.reference());
  plan["period"]["start"] = ask.today.to_iso();
  plan["created"] = ask.now;
  if (ask.signs()) plan["author"] = ask.by();
  Changes changes(ask);
  const auto urn = changes.create(plan);
  std::map<std::string, int> ends;  // a step's limit in days from the start, by its id
  std::vector<std::string> targets{urn};
  if (const auto* actions = node_at(pathway.json, "action"))
    for (const auto& action : *actions) {
      int from = 0;
      if (const auto* related = node_at(action, "relatedAction"))
        for (const auto& one : *related)
          if (const auto before = ends.find(text_at(one, "actionId")); before != ends.end() && text_at(one, "relationship").starts_with("after")) from = std::max(from, before->second);
      const auto limit = days_of(action);
      ends[text_at(action, "id")] = from + limit.value_or(0);
      const auto does = applies(action, person);
      if (does == Applies::no) continue;
      Json task{{"resourceType", "Task"}};
      task["identifier"] = Json::array({Json{{"system", "urn:joinedup:pathway-step"}, {"value", text_at(action, "id").empty() ? std::to_string(targets.size()) : text_at(action, "id")}}});
      task["instantiatesCanonical"] = plan["instantiatesCanonical"][0];
      task["basedOn"] = Json::array({reference_to(urn)});
      task["status"] = "requested", task["intent"] = "plan", task["priority"] = "routine";
      task["code"] = coded("urn:joinedup:task", "pathway-step", "Step of a pathway");
      const auto title = text_at(action, "title"), description = text_at(action, "description");
      task["description"] = title.empty() ? description.empty() ? "Step" : description : title;
      task["for"] = reference_to(patient.reference());
      task["authoredOn"] = ask.now;
      if (ask.signs()) task["requester"] = ask.by();
      if (const auto* roles = node_at(action, "participant/0/role")) task["performerType"] = Json::array({*roles});
      if (limit) task["restriction"]["period"]["end"] = (ask.today + (from + *limit)).to_iso();
      Json notes = Json::array();
      if (!title.empty() && !description.empty()) notes.push_back({{"text", description}});
      if (does == Applies::unknown) notes.push_back({{"text", "Whether this step applies could not be read from the record: " + words_of_conditions(action)}});
      if (!notes.empty()) task["note"] = std::move(notes);
      targets.push_back(changes.create(task));
    }
  if (targets.size() == 1) return fail(ErrorCode::conflict, "No step of this pathway applies to this person.");
  changes.sign("apply", "Pathway begun", {}, targets, patient.reference());
  JOINEDUP_TRY(const auto written, changes.commit());
  Json out{{"resourceType", "Bundle"}, {"type", "collection"}};
  out["entry"] = Json::array();
  for (const auto& one : written) out["entry"].push_back({{"resource", one}});
  return answer_json(200, out);
}

Result<rest::Response> book_slot(Ask& ask) {
  JOINEDUP_TRY(const auto request, ask.reference("request", "Say for which referral the slot is.", {"ServiceRequest"}));
  JOINEDUP_TRY(const auto slot, ask.target());
  if (text_at(slot.json, "status") != "free") return fail(ErrorCode::conflict, "This slot is taken. Choose another.");
  const auto start = text_at(slot.json, "start"), end = text_at(slot.json, "end");
  if (start.empty() || end.empty()) return fail(ErrorCode::conflict, "This slot does not say when it is.");
  const auto begins = start.substr(0, 10);
  if (begins < ask.today.to_iso()) return fail(ErrorCode::conflict, "This slot is in the past. Choose another.");
  const auto status = text_at(request.json, "status");
  if (status != "active" && status != "on-hold" && status != "draft") return fail(ErrorCode::conflict, "The referral is over: nothing is booked for it any more.", "request");
  const auto patient = reference_at(request.json, "subject");
  Json booked{{"resourceType", "Appointment"}};
  booked["status"] = "booked";
  if (const auto* service = node_at(slot.json, "serviceType")) booked["serviceType"] = *service;
  booked["start"] = start, booked["end"] = end;
  booked["slot"] = Json::array({reference_to(slot.reference())});
  booked["created"] = ask.now;
  booked["basedOn"] = Json::array({reference_to(request.reference())});
  booked["participant"] = Json::array({Json{{"actor", {{"reference", patient}}}, {"status", "accepted"}}});
  if (const auto schedule = reference_at(slot.json, "schedule"); !schedule.empty())
    if (const auto of = ask.read(schedule))
      if (const auto* actors = node_at(of->json, "actor"))
        for (const auto& actor : *actors) booked["participant"].push_back({{"actor", actor}, {"status", "accepted"}});
  ask.passed.reset();
  auto taken = slot.json;
  taken["status"] = "busy";
  Changes changes(ask);
  const auto urn = changes.create(booked);
  changes.update(slot, taken);
  changes.sign("book", "Booked", {}, {urn}, patient);
  JOINEDUP_TRY(const auto written, changes.commit());
  return answer_json(200, written.at(0));
}

}  // namespace joinedup::casework
