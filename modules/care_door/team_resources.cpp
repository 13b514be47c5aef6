// HealthcareService, Location, Practitioner, PractitionerRole and CareTeam.
#include <algorithm>

#include "care_door/json_text.hpp"
#include "care_door/resources.hpp"

namespace joinedup::care_door {
namespace {

constexpr std::string_view place_source = "urn:joinedup:place";

// "care_coordinator": "Care coordinator".
std::string words_of(std::string_view code) {
  std::string words(code);
  std::replace(words.begin(), words.end(), '_', ' ');
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z') words[0] = static_cast<char>(words[0] - 32);
  return words;
}

void begin(JsonText& json, std::string_view type, std::string_view id) {
  json.begin().text("resourceType", type).text("id", id).object("meta").text("source", place_source).end();
}

void identifier(JsonText& json, std::string_view system, std::string_view value) {
  if (value.empty()) return;
  json.array("identifier").begin().text("system", system).text("value", value).end().end_array();
}

}  // namespace

std::string healthcare_service_body(const ServiceFacts& facts) {
  std::string text;
  JsonText json(text);
  begin(json, "HealthcareService", facts.id);
  identifier(json, "urn:joinedup:team", facts.team);
  json.literal("active", "true");
  if (!facts.provider_id.empty()) json.reference("providedBy", "Organization", facts.provider_id);
  if (!facts.type.empty()) json.array("category").concept_item("urn:joinedup:partner-type", facts.type, {}, words_of(facts.type)).end_array();
  if (!facts.location_id.empty()) json.array("location").reference_item("Location", facts.location_id).end_array();
  json.text("name", facts.name).text("comment", facts.comment).end();
  return text;
}

std::string location_body(std::string_view id, std::string_view name, std::string_view organization_id) {
  std::string text;
  JsonText json(text);
  begin(json, "Location", id);
  json.text("status", "active").text("name", name).text("mode", "instance").reference("managingOrganization", "Organization", organization_id).end();
  return text;
}

std::string practitioner_body(const WorkerFacts& facts) {
  std::string text;
  JsonText json(text);
  begin(json, "Practitioner", facts.practitioner_id);
  identifier(json, "urn:joinedup:worker", facts.code);
  json.literal("active", "true").array("name").begin().text("use", "official").text("family", facts.family_name).array("given").item(facts.given_name).end_array().end().end_array().end();
  return text;
}

std::string practitioner_role_body(const WorkerFacts& facts) {
  std::string text;
  JsonText json(text);
  begin(json, "PractitionerRole", facts.role_id);
  identifier(json, "urn:joinedup:worker", facts.code);
  json.literal("active", "true").reference("practitioner", "Practitioner", facts.practitioner_id);
  if (!facts.organization_id.empty()) json.reference("organization", "Organization", facts.organization_id);
  json.array("code").concept_item("urn:joinedup:role", facts.role, {}, words_of(facts.role)).end_array();
  if (!facts.location_id.empty()) json.array("location").reference_item("Location", facts.location_id).end_array();
  if (!facts.service_ids.empty()) {
    json.array("healthcareService");
    for (const auto& service : facts.service_ids) json.reference_item("HealthcareService", service);
    json.end_array();
  }
  json.end();
  return text;
}

std::string care_team_body(const TeamFacts& facts) {
  std::string text;
  JsonText json(text);
  begin(json, "CareTeam", facts.id);
  identifier(json, "urn:joinedup:team", facts.name);
  json.text("status", "active").array("category").concept_item("http://loinc.org", "LA27976-2", "Encounter-focused care team").end_array().text("name", facts.name);
  if (!facts.members.empty()) {
    json.array("participant");
    for (const auto* member : facts.members) {
      json.begin().array("role").concept_item("urn:joinedup:role", member->role, {}, words_of(member->role)).end_array().reference("member", "Practitioner", member->practitioner_id);
      if (!member->organization_id.empty()) json.reference("onBehalfOf", "Organization", member->organization_id);
      json.end();
    }
    json.end_array();
  }
  if (!facts.practice_ids.empty()) {
    json.array("managingOrganization");
    for (const auto& practice : facts.practice_ids) json.reference_item("Organization", practice);
    json.end_array();
  }
  json.end();
  return text;
}

}  // namespace joinedup::care_door
