#include "messages/fold.hpp"

#include <algorithm>
#include <set>

#include "base/nhs_number.hpp"

namespace joinedup::messages {
namespace {

using Json = nlohmann::json;

struct Class {
  const char* system;
  const char* code;
  const char* display;
};

// HL7 table 0004 to FHIR's classes of encounters, after the mapping in HL7's "v2 to FHIR" guide.
Class class_of(std::string_view code) {
  constexpr const char* acts = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
  if (code == "E") return {acts, "EMER", "emergency"};
  if (code == "I" || code == "B") return {acts, "IMP", "inpatient encounter"};
  if (code == "O" || code == "R") return {acts, "AMB", "ambulatory"};
  if (code == "P") return {acts, "PRENC", "pre-admission"};
  return {"http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "UNK", "unknown"};
}

void arrive(Stay& stay, const Visit& visit, const std::string& when) {
  stay.status = "in-progress";
  stay.end.clear();
  if (visit.admitted) stay.start = visit.admitted->text;
  else if (stay.start.empty()) stay.start = when;
  if (!visit.location.empty() && (stay.locations.empty() || stay.locations.back() != visit.location)) stay.locations.push_back(visit.location);
}

void correct(Stay& stay, const Visit& visit) {
  if (stay.status.empty()) {  // the first that is heard of the visit
    if (visit.discharged) stay.status = "finished", stay.end = visit.discharged->text;
    else if (visit.admitted) stay.status = "in-progress";
  }
  if (visit.admitted) stay.start = visit.admitted->text;
  if (visit.discharged && stay.status == "finished") stay.end = visit.discharged->text;
  if (visit.location.empty()) return;
  if (stay.locations.empty()) stay.locations.push_back(visit.location);
  else stay.locations.back() = visit.location;
}

void back_from_transfer(Stay& stay, const Visit& visit) {
  if (stay.status.empty()) stay.status = "in-progress";
  if (stay.locations.size() > 1) stay.locations.pop_back();
  if (visit.location.empty()) return;
  if (stay.locations.empty()) stay.locations.push_back(visit.location);
  else stay.locations.back() = visit.location;
}

}  // namespace

void in_order(std::vector<Event>& events) {
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return std::tie(a.instant, a.sequence) < std::tie(b.instant, b.sequence); });
}

Stay fold_visit(std::vector<Event> events) {
  in_order(events);
  Stay stay;
  for (const auto& event : events) {
    if (!event.visit) continue;
    const auto& visit = *event.visit;
    stay.newest = event.sequence;
    if (!visit.number.empty()) stay.number = visit.number;
    if (!visit.patient_class.empty()) stay.patient_class = visit.patient_class;
    const auto& trigger = event.trigger;
    if (trigger == "A01" || trigger == "A04") arrive(stay, visit, event.when);
    else if (trigger == "A02") {
      if (stay.status.empty()) stay.status = "in-progress";
      if (visit.admitted) stay.start = visit.admitted->text;
      if (!visit.location.empty() && (stay.locations.empty() || stay.locations.back() != visit.location)) stay.locations.push_back(visit.location);
    } else if (trigger == "A03") {
      if (stay.status != "cancelled") stay.status = "finished";
      if (visit.admitted) stay.start = visit.admitted->text;
      stay.end = visit.discharged ? visit.discharged->text : event.when;
      if (stay.locations.empty() && !visit.location.empty()) stay.locations.push_back(visit.location);
    } else if (trigger == "A08") correct(stay, visit);
    else if (trigger == "A11") stay.status = "cancelled", stay.end.clear();
    else if (trigger == "A12") back_from_transfer(stay, visit);
    else if (trigger == "A13") {
      if (stay.status != "cancelled") stay.status = "in-progress";
      stay.end.clear();
      if (visit.admitted) stay.start = visit.admitted->text;
      if (!visit.location.empty() && (stay.locations.empty() || stay.locations.back() != visit.location)) stay.locations.push_back(visit.location);
    }
  }
  return stay;
}

bool is_in_hospital(const Stay& stay) {
  return stay.status == "in-progress" && (stay.patient_class == "I" || stay.patient_class == "E" || stay.patient_class == "B");
}

std::string identifier_system(std::string_view origin, std::string_view authority) {
  std::string out = "urn:joinedup:sender:";
  const auto add = [&](std::string_view text) {
    for (const char c : text) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
      if (plain) out += c;
      else {
        char escaped[4];
        std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
        out += escaped;
      }
    }
  };
  add(origin);
  if (!authority.empty()) {
    out += ':';
    add(authority);
  }
  return out;
}

std::string source_of(const std::string& organisation) { return organisation.empty() ? source_mark : std::string(source_mark) + ":" + organisation; }

Json encounter_body(const Stay& stay, const EncounterFacts& facts) {
  Json out{{"resourceType", "Encounter"}, {"id", facts.id}, {"meta", {{"source", source_of(facts.organisation)}}}, {"status", stay.status}};
  if (!stay.number.empty()) out["identifier"].push_back({{"system", identifier_system(facts.origin, "visit")}, {"value", stay.number}});
  const auto kind = class_of(stay.patient_class);
  out["class"] = {{"system", kind.system}, {"code", kind.code}, {"display", kind.display}};
  out["subject"] = {{"reference", "Patient/" + facts.patient}};
  if (!stay.start.empty()) out["period"]["start"] = stay.start;
  // A period's end before its start would be refused by who reads it: a wrong time of discharge is left out.
  if (!stay.end.empty() && (stay.start.empty() || stay.end.substr(0, 10) >= stay.start.substr(0, 10))) out["period"]["end"] = stay.end;
  for (std::size_t i = 0; i < stay.locations.size(); ++i)
    out["location"].push_back({{"location", {{"display", stay.locations[i]}}}, {"status", i + 1 == stay.locations.size() && stay.status == "in-progress" ? "active" : "completed"}});
  Json provider;
  if (!facts.organisation.empty()) provider["identifier"] = {{"system", "https://fhir.nhs.uk/Id/ods-organization-code"}, {"value", facts.organisation}};
  if (!facts.facility.empty()) provider["display"] = facts.facility;
  if (!provider.is_null()) out["serviceProvider"] = provider;
  return out;
}

Json patient_body(std::vector<Event> events, const PatientFacts& facts) {
  in_order(events);
  std::map<std::string, Json> said;
  std::set<std::pair<std::string, std::string>> identifiers;
  std::optional<std::uint64_t> nhs_number;
  for (const auto& event : events) {
    for (const auto& [element, value] : event.said) said[element] = value;
    for (const auto& id : event.ids) identifiers.insert({identifier_system(event.origin, id.authority), id.value});
    if (event.nhs_number) nhs_number = event.nhs_number;
  }
  Json out{{"resourceType", "Patient"}, {"id", facts.id}, {"meta", {{"source", source_of(facts.organisation)}}}, {"active", true}};
  if (nhs_number) {
    std::string digits = std::to_string(*nhs_number);
    digits.insert(0, 10 - std::min<std::size_t>(10, digits.size()), '0');
    const Json status{{"coding", {{{"system", "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"}, {"code", "02"}, {"display", "Number present but not traced"}}}}};
    out["identifier"].push_back({{"extension", {{{"url", "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"}, {"valueCodeableConcept", status}}}},
                                 {"system", nhs_number_system}, {"value", digits}});
  }
  for (const auto& [system, value] : identifiers) out["identifier"].push_back({{"system", system}, {"value", value}});
  for (const char* element : {"name", "gender", "birthDate", "address"})
    if (said.contains(element) && !said[element].is_null()) out[element] = said[element];
  for (const char* element : {"telecom home", "telecom work"})
    if (said.contains(element) && !said[element].is_null())
      for (const auto& one : said[element]) out["telecom"].push_back(one);
  if (said.contains("deceased") && !said["deceased"].is_null()) out[said["deceased"].is_boolean() ? "deceasedBoolean" : "deceasedDateTime"] = said["deceased"];
  for (const auto& link : facts.links) {
    out["link"].push_back({{"other", {{"reference", "Patient/" + link.other}}}, {"type", link.type}});
    if (link.type == "replaced-by") out["active"] = false;
  }
  return out;
}

Json communication_body(const Alert& alert) {
  Json out{{"resourceType", "Communication"}, {"id", alert.communication_id}, {"meta", {{"source", source_mark}}}, {"status", "completed"}};
  out["category"].push_back({{"coding", {{{"system", "http://terminology.hl7.org/CodeSystem/communication-category"}, {"code", "alert"}, {"display", "Alert"}}}}});
  out["priority"] = alert.is_late ? "routine" : "urgent";
  out["subject"] = {{"reference", "Patient/" + alert.patient}};
  if (!alert.encounter.empty()) out["encounter"] = {{"reference", "Encounter/" + alert.encounter}};
  out["sent"] = alert.sent;
  for (const auto& recipient : alert.recipients) out["recipient"].push_back({{"reference", recipient}});
  out["payload"].push_back({{"contentString", alert.text}});
  return out;
}

Json flag_body(const Alert& alert, const Stay& stay) {
  Json out{{"resourceType", "Flag"}, {"id", alert.flag_id}, {"meta", {{"source", source_mark}}}, {"status", alert.raises_flag ? "active" : "inactive"}};
  out["category"].push_back({{"coding", {{{"system", "http://terminology.hl7.org/CodeSystem/flag-category"}, {"code", "admin"}, {"display", "Administrative"}}}}});
  out["code"] = {{"text", "In hospital"}};
  out["subject"] = {{"reference", "Patient/" + alert.patient}};
  if (!alert.encounter.empty()) out["encounter"] = {{"reference", "Encounter/" + alert.encounter}};
  if (!stay.start.empty()) out["period"]["start"] = stay.start;
  if (!alert.raises_flag && !stay.end.empty() && (stay.start.empty() || stay.end.substr(0, 10) >= stay.start.substr(0, 10))) out["period"]["end"] = stay.end;
  return out;
}

}  // namespace joinedup::messages
