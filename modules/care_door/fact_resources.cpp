// Encounter, Condition, MedicationStatement and ServiceRequest from facts, each with its label.
#include <map>

#include "base/result.hpp"
#include "care_door/json_text.hpp"
#include "care_door/resources.hpp"

namespace joinedup::care_door {
namespace {

constexpr std::string_view act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
constexpr std::string_view confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";

void period(JsonText& json, std::string_view name, const Fact& fact) {
  if (fact.starts.empty() && fact.ends.empty()) return;
  // A source that ends before it begins is shown as it came, without the end: FHIR refuses the other order.
  json.object(name).text("start", fact.starts).text("end", fact.ends < fact.starts ? std::string_view() : std::string_view(fact.ends)).end();
}

void encounter(JsonText& json, const Fact& fact) {
  static const std::map<std::string_view, std::string_view> words = {
      {"IMP", "inpatient encounter"}, {"EMER", "emergency"}, {"AMB", "ambulatory"}, {"HH", "home health"}, {"VR", "virtual"}};
  json.text("status", fact.status).object("class").text("system", act_code).text("code", fact.klass).text("display", words.at(fact.klass)).end();
  if (!fact.type.empty()) json.array("type").begin().text("text", fact.type).end().end_array();
  json.reference("subject", "Patient", fact.patient_id);
  period(json, "period", fact);
  if (!fact.code.empty()) json.array("reasonCode").concept_item(fact.code_system, fact.code, fact.display).end_array();
  if (!fact.provider_id.empty()) json.reference("serviceProvider", "Organization", fact.provider_id);
  else if (!fact.provider_code.empty())  // no partner of ours, but the sender names it
    json.object("serviceProvider").object("identifier").text("system", ods_system).text("value", fact.provider_code).end().end();
}

void condition(JsonText& json, const Fact& fact) {
  json.concept_of("clinicalStatus", "http://terminology.hl7.org/CodeSystem/condition-clinical", "active", {});
  json.concept_of("verificationStatus", "http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed", {});
  json.array("category").concept_item("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item", "Problem List Item").end_array();
  json.concept_of("code", fact.code_system, fact.code, fact.display, fact.display).reference("subject", "Patient", fact.patient_id);
  json.text("recordedDate", fact.starts);
}

void medication(JsonText& json, const Fact& fact) {
  json.text("status", fact.status).concept_of("medicationCodeableConcept", fact.code_system, fact.code, fact.code.empty() ? std::string_view() : std::string_view(fact.display), fact.display);
  json.reference("subject", "Patient", fact.patient_id);
  period(json, "effectivePeriod", fact);
}

void package(JsonText& json, const Fact& fact) {
  json.text("status", fact.status).text("intent", "order").array("category").begin().text("text", "Social care").end().end_array();
  json.object("code").text("text", fact.display.empty() ? fact.type : fact.type + ": " + fact.display).end().reference("subject", "Patient", fact.patient_id);
  period(json, "occurrencePeriod", fact);
  if (!fact.provider_id.empty()) json.array("performer").reference_item("Organization", fact.provider_id).end_array();
}

}  // namespace

void security_of(JsonText& json, std::string_view label) {
  if (label.empty() || label == "normal") return;
  const bool act = label == "mental_health" || label == "substance_use";
  json.array("security").begin().text("system", act ? act_code : confidentiality).text("code", label == "mental_health" ? "MH" : label == "substance_use" ? "ETHUD" : "R");
  json.text("display", label == "mental_health" ? "mental health information sensitivity" : label == "substance_use" ? "alcohol and drug use information sensitivity" : "restricted");
  json.end().begin().text("system", "urn:joinedup:label").text("code", label).end().end_array();
}

const char* fact_type(std::string_view kind) {
  if (kind == "encounter") return "Encounter";
  if (kind == "condition") return "Condition";
  if (kind == "medication") return "MedicationStatement";
  JOINEDUP_INVARIANT(kind == "package", "sql/20_fact.sql knows four kinds");
  return "ServiceRequest";
}

std::string fact_body(const Fact& fact) {
  std::string text;
  text.reserve(800);
  JsonText json(text);
  json.begin().text("resourceType", fact_type(fact.kind)).text("id", fact.id).object("meta").text("source", fact.source);
  security_of(json, fact.label);
  json.end();
  if (fact.kind == "encounter") encounter(json, fact);
  else if (fact.kind == "condition") condition(json, fact);
  else if (fact.kind == "medication") medication(json, fact);
  else package(json, fact);
  json.end();
  return text;
}

}  // namespace joinedup::care_door
