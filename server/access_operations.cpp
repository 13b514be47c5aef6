#include "server/access_operations.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/date.hpp"
#include "base/text.hpp"
#include "fhir/values.hpp"

namespace joinedup::server {
namespace {

using Json = nlohmann::json;
constexpr std::int64_t micros_of_day = 86'400'000'000;

bool has_office(const access::Subject& subject, std::string_view role) {
  return subject.kind == access::Subject::Kind::worker && !subject.scopes && std::find(subject.roles.begin(), subject.roles.end(), role) != subject.roles.end();
}

rest::Response answer(int status, const Json& body) {
  rest::Response out;
  out.status = status;
  out.headers.push_back({"Content-Type", "application/fhir+json"});
  out.body = body.dump();
  return out;
}
rest::Response outcome(int status, std::string_view code, const std::string& sentence, const std::string& where = {}) {
  Json issue = {{"severity", status < 400 ? "information" : "error"}, {"code", code}, {"details", {{"text", sentence}}}};
  if (!where.empty()) issue["expression"] = Json::array({where});
  return answer(status, {{"resourceType", "OperationOutcome"}, {"issue", Json::array({issue})}});
}
rest::Response refusal(const Error& error) {
  const auto& channel = error_channel(error.code);
  return outcome(channel.http_status, channel.fhir_issue, error.sentence);
}

// The parameters of the body, each with its one value; nothing: it is no Parameters.
std::optional<Json> read_parameters(const std::string& body) {
  const auto tree = Json::parse(body, nullptr, false);
  if (!tree.is_object() || tree.value("resourceType", Json()) != "Parameters") return std::nullopt;
  Json out = Json::object();
  if (!tree.contains("parameter")) return out;
  if (!tree["parameter"].is_array()) return std::nullopt;
  for (const auto& one : tree["parameter"]) {
    if (!one.is_object() || !one.contains("name") || !one["name"].is_string()) return std::nullopt;
    for (const auto& [key, value] : one.items())
      if (key.starts_with("value")) out[one["name"].get<std::string>()] = value;
  }
  return out;
}
std::string text_of(const Json& parameters, const char* name) {
  if (!parameters.contains(name)) return {};
  const Json& value = parameters[name];
  if (value.is_string()) return value;
  return value.is_object() && value.contains("reference") && value["reference"].is_string() ? value["reference"].get<std::string>() : std::string();
}
std::int64_t number_of(const Json& parameters, const char* name) { return parameters.contains(name) && parameters[name].is_number_integer() ? parameters[name].get<std::int64_t>() : 0; }

Json part(const char* name, const char* kind, Json value) { return {{"name", name}, {kind, std::move(value)}}; }
Json instant(const char* name, std::int64_t micros) { return part(name, "valueInstant", fhir::instant_text(micros)); }
std::int64_t now() { return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

Json shown(const access::Emergency& e, std::int64_t at) {
  Json parts = Json::array({part("number", "valueInteger", e.id), part("user", "valueString", e.user), part("organisation", "valueString", e.organisation),
                            part("patient", "valueReference", {{"reference", "Patient/" + e.patient}}), part("reason", "valueString", e.reason), instant("from", e.from), instant("until", e.until),
                            instant("review-due", e.review_due), part("overdue", "valueBoolean", e.overdue(at))});
  if (!e.practitioner.empty()) parts.push_back(part("practitioner", "valueReference", {{"reference", "Practitioner/" + e.practitioner}}));
  if (e.reviewed != 0) parts.insert(parts.end(), {instant("reviewed", e.reviewed), part("reviewer", "valueString", e.reviewer), part("outcome", "valueCode", e.outcome)});
  if (!e.reviewer_practitioner.empty()) parts.push_back(part("reviewer-practitioner", "valueReference", {{"reference", "Practitioner/" + e.reviewer_practitioner}}));
  if (!e.comment.empty()) parts.push_back(part("comment", "valueString", e.comment));
  return {{"name", "emergency"}, {"part", std::move(parts)}};
}

constexpr std::pair<access::Withheld::From, const char*> from_words[] = {{access::Withheld::From::person_and_proxies, "person-and-proxies"},
                                                                         {access::Withheld::From::proxies, "proxies"},
                                                                         {access::Withheld::From::one_proxy, "one-proxy"}};

Json shown(const access::Withheld& w) {
  Json parts = Json::array({part("number", "valueInteger", w.id), part("reason", "valueString", w.reason), part("by", "valueString", w.by), instant("at", w.at), part("review", "valueDate", Date{static_cast<std::int32_t>(w.review_due / micros_of_day)}.to_iso())});
  if (!w.resource.empty()) parts.push_back(part("resource", "valueReference", {{"reference", w.resource}}));
  else parts.push_back(part("type", "valueCode", w.type));
  for (const auto& [from, word] : from_words)
    if (from == w.from) parts.push_back(part("from", "valueCode", word));
  if (!w.related_person.empty()) parts.push_back(part("related-person", "valueReference", {{"reference", "RelatedPerson/" + w.related_person}}));
  if (!w.practitioner.empty()) parts.push_back(part("practitioner", "valueReference", {{"reference", "Practitioner/" + w.practitioner}}));
  parts.push_back(part("patient", "valueReference", {{"reference", "Patient/" + w.patient}}));
  if (w.ended != 0) parts.push_back(instant("ended", w.ended));
  return {{"name", "withheld"}, {"part", std::move(parts)}};
}

// An event of this office: it stands in the log for guardians, under nobody's name.
void keep_quiet(audit::Event& event, const char* rule, const std::string& patient) {
  event.kind = "operation", event.rule = rule;
  event.patients.clear();
  if (!patient.empty()) event.resources = {"Patient/" + patient};
}

rest::Response withhold(const access::Subject& lead, const std::string& patient, const Json& given, access::Access& access, audit::Event& event) {
  access::Withheld what;
  what.patient = patient, what.resource = text_of(given, "resource"), what.type = text_of(given, "type"), what.reason = text_of(given, "reason");
  event.reason = what.reason.substr(0, 1000);
  if (what.resource.empty() == what.type.empty()) return outcome(422, "required", "Say which entry (resource) or which type of entries (type) is withheld: one of the two.", "resource");
  const auto word = text_of(given, "from");
  const auto found = std::find_if(std::begin(from_words), std::end(from_words), [&](const auto& one) { return word == one.second; });
  if (found == std::end(from_words)) return outcome(422, "required", "Say from whom: person-and-proxies, proxies or one-proxy.", "from");
  what.from = found->first;
  what.related_person = text_of(given, "related-person");
  if (what.related_person.starts_with("RelatedPerson/")) what.related_person.erase(0, 14);
  const auto review = parse_iso_date(text_of(given, "review"));
  if (!review) return outcome(422, "required", "Give the day on which this is looked at again, as the date \"review\".", "review");
  what.review_due = (static_cast<std::int64_t>(review->days) + 1) * micros_of_day - 1;
  const auto done = access.withhold(lead, what);
  if (!done) return refusal(done.error());
  return answer(200, {{"resourceType", "Parameters"}, {"parameter", Json::array({shown(*done)})}});
}

rest::Response of_lead(const access::Subject& lead, const std::string& patient, std::string_view operation, const rest::Request& request, access::Access& access, audit::Event& event) {
  if (operation == "$withheld") {
    keep_quiet(event, "withheld-list", patient);
    const auto all = access.withheld(lead);
    if (!all) return refusal(all.error());
    Json list = Json::array();
    for (const auto& one : *all)
      if (one.patient == patient) list.push_back(shown(one));
    return answer(200, {{"resourceType", "Parameters"}, {"parameter", std::move(list)}});
  }
  keep_quiet(event, operation == "$withhold" ? "withhold" : "show-again", patient);
  const auto given = read_parameters(request.body);
  if (!given) return outcome(400, "invalid", "Send the parameters as a Parameters resource.");
  if (operation == "$withhold") return withhold(lead, patient, *given, access, event);
  const auto all = access.withheld(lead);
  if (!all) return refusal(all.error());
  const auto id = number_of(*given, "withheld");
  if (std::none_of(all->begin(), all->end(), [&](const access::Withheld& w) { return w.id == id && w.patient == patient && w.ended == 0; })) return outcome(404, "not-found", "Nothing of this number is withheld.", "withheld");
  if (const auto done = access.show_again(lead, id); !done) return refusal(done.error());
  return outcome(200, "informational", "The entry is shown again.");
}

// What waits to be looked at again, of everybody whose record the lead may see.
rest::Response of_all(const access::Subject& lead, access::Access& access, audit::Event& event) {
  keep_quiet(event, "withheld-list", {});
  const auto all = access.withheld(lead);
  if (!all) return refusal(all.error());
  Json list = Json::array();
  for (const auto& one : *all)
    if (one.ended == 0) list.push_back(shown(one));
  return answer(200, {{"resourceType", "Parameters"}, {"parameter", std::move(list)}});
}

rest::Response of_guardian(const access::Subject& guardian, std::string_view operation, const rest::Request& request, access::Access& access, audit::Event& event) {
  const auto all = access.emergencies();
  if (!all) return refusal(all.error());
  if (operation == "$emergencies") {
    keep_quiet(event, "emergencies", {});
    Json list = Json::array();
    for (const auto& one : *all) list.push_back(shown(one, now()));
    return answer(200, {{"resourceType", "Parameters"}, {"parameter", std::move(list)}});
  }
  keep_quiet(event, "review-emergency", {});
  const auto given = read_parameters(request.body);
  if (!given) return outcome(400, "invalid", "Send the parameters as a Parameters resource.");
  const auto id = number_of(*given, "emergency");
  const auto found = std::find_if(all->begin(), all->end(), [&](const access::Emergency& e) { return e.id == id; });
  if (found == all->end()) return outcome(404, "not-found", "There is no emergency of this number that waits for your review.", "emergency");
  const auto word = text_of(*given, "outcome");
  if (word != "justified" && word != "not_justified") return outcome(422, "required", "The outcome of a review is justified or not_justified.", "outcome");
  const auto comment = text_of(*given, "comment");
  if (word == "not_justified" && trim(comment).size() < 10) return outcome(422, "required", "Say in a sentence why it was not justified and what follows.", "comment");
  event.rule += ": " + word;
  if (found->shown == access::Emergency::Shown::to_the_person) event.patients = {found->patient};
  if (const auto done = access.review_emergency(guardian, id, word, std::string(trim(comment))); !done) return refusal(done.error());
  return outcome(200, "informational", word == "justified" ? "The review is kept." : "The review is kept, and the access is over.");
}

}  // namespace

std::optional<rest::Response> access_operations(const access::Subject& subject, const rest::Request& request, access::Access& access, audit::Event& event) {
  std::vector<std::string> parts;
  for (const auto one : split(request.path, '/'))
    if (!one.empty()) parts.emplace_back(one);
  const auto is = [&](std::string_view method, std::string_view operation) { return request.method == method && !parts.empty() && parts.back() == operation; };
  if (parts.size() == 3 && parts[0] == "Patient" && has_office(subject, "safeguarding_lead") && (is("POST", "$withhold") || is("POST", "$show-again") || is("GET", "$withheld")))
    return of_lead(subject, parts[1], parts[2], request, access, event);
  if (parts.size() == 1 && has_office(subject, "safeguarding_lead") && is("GET", "$withheld")) return of_all(subject, access, event);
  if (parts.size() == 1 && has_office(subject, "guardian") && (is("GET", "$emergencies") || is("POST", "$review-emergency"))) return of_guardian(subject, parts[0], request, access, event);
  return std::nullopt;
}

}  // namespace joinedup::server
