#include "care_door/resources.hpp"

#include <algorithm>
#include <cstdio>

#include "care_door/json_text.hpp"

namespace joinedup::care_door {
namespace {

constexpr std::string_view uk_core = "https://fhir.hl7.org.uk/StructureDefinition/";

void nhs_number(JsonText& json, const PatientFacts& facts) {
  if (facts.nhs_number == 0 || (facts.nhs_status != "valid" && facts.nhs_status != "bad_check")) return;
  const bool good = facts.nhs_status == "valid";
  std::string digits = std::to_string(facts.nhs_number);
  digits.insert(0, 10 - std::min<std::size_t>(10, digits.size()), '0');
  // A number that fails its check is shown and marked, and never used to match. Nobody here traces numbers with the national service.
  json.array("identifier").begin().array("extension").begin().text("url", "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus");
  json.concept_of("valueCodeableConcept", "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland", good ? "02" : "03",
                  good ? "Number present but not traced" : "Trace required");
  json.end().end_array().text("system", nhs_number_system).text("value", digits).end().end_array();
}

void name_of(JsonText& json, const PatientFacts& facts) {
  if (facts.family_name.empty() && facts.given_name.empty()) return;
  json.array("name").begin().text("use", "official").text("family", as_written(facts.family_name));
  if (!facts.given_name.empty()) {
    json.array("given").item(as_written(facts.given_name));
    if (!facts.middle_names.empty()) json.item(as_written(facts.middle_names));
    json.end_array();
  }
  json.end().end_array();
}

void address_of(JsonText& json, const PatientFacts& facts) {
  if (facts.address_line_1.empty() && facts.house.empty() && facts.postcode.empty() && facts.town.empty()) return;
  json.array("address").begin().text("use", "home");
  if (!facts.house.empty() || !facts.address_line_1.empty()) {
    json.array("line");
    if (!facts.house.empty()) json.item(as_written(facts.house));
    if (!facts.address_line_1.empty()) json.item(as_written(facts.address_line_1));
    json.end_array();
  }
  json.text("city", as_written(facts.town)).text("postalCode", facts.postcode).end().end_array();
}

}  // namespace

std::string feed_source(std::string_view partner, std::string_view feed) {
  std::string urn = "urn:joinedup:partner:";
  for (const char letter : partner) {
    const bool plain = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') || letter == '-' || letter == '_' || letter == '.';
    char escaped[4];
    std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(letter)));
    plain ? urn += letter : urn += escaped;
  }
  return urn.append(":feed:").append(feed);
}

std::string as_written(std::string_view capitals) {
  std::string out(capitals);
  bool inside = false;  // a word
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte >= 'A' && byte <= 'Z') {
      if (inside) out[i] = static_cast<char>(byte + 32);
      inside = true;
    } else if (byte == 0xC3 && i + 1 < out.size()) {  // À to Þ of Latin-1, but for the multiplication sign
      const auto next = static_cast<unsigned char>(out[i + 1]);
      if (inside && next >= 0x80 && next <= 0x9E && next != 0x97) out[i + 1] = static_cast<char>(next + 32);
      inside = true;
      ++i;
    } else {
      inside = byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
      // The letter after an apostrophe begins anew (O'Neill), unless it ends the word (St John's).
      if (byte == '\'' && i + 2 >= out.size()) inside = true;
      else if (byte == '\'' && out[i + 2] == ' ') inside = true;
    }
  }
  return out;
}

std::string patient_body(const PatientFacts& facts) {
  std::string text;
  text.reserve(1200);
  JsonText json(text);
  json.begin().text("resourceType", "Patient").text("id", facts.id);
  json.object("meta").text("source", facts.source).array("profile").item(std::string(uk_core) + "UKCore-Patient").end_array().end();
  nhs_number(json, facts);
  json.literal("active", facts.registered || facts.date_of_death ? "true" : "false");
  name_of(json, facts);
  json.text("gender", facts.sex == 'M' ? "male" : facts.sex == 'F' ? "female" : "unknown");
  if (facts.birth_date) json.text("birthDate", facts.birth_date->to_iso());
  if (facts.date_of_death) json.text("deceasedDateTime", facts.date_of_death->to_iso());
  address_of(json, facts);
  if (!facts.practice_id.empty()) {
    json.array("generalPractitioner").reference_item("Organization", facts.practice_id).end_array();
    json.reference("managingOrganization", "Organization", facts.practice_id);
  }
  if (!facts.replaces.empty()) {
    json.array("link");
    for (const auto& other : facts.replaces) json.begin().reference("other", "Patient", other).text("type", "replaces").end();
    json.end_array();
  }
  json.end();
  return text;
}

std::string replaced_patient_body(std::string_view source, std::string_view id, std::string_view replaced_by) {
  std::string text;
  JsonText json(text);
  json.begin().text("resourceType", "Patient").text("id", id);
  json.object("meta").text("source", source).end().literal("active", "false");
  json.array("link").begin().reference("other", "Patient", replaced_by).text("type", "replaced-by").end().end_array().end();
  return text;
}

std::string organization_body(const OrganizationFacts& facts) {
  std::string text;
  JsonText json(text);
  json.begin().text("resourceType", "Organization").text("id", facts.id);
  json.object("meta").text("source", facts.source).end();
  json.array("identifier").begin().text("system", ods_system).text("value", facts.code).end().end_array().literal("active", "true");
  if (!facts.type.empty()) json.array("type").concept_item("urn:joinedup:partner-type", facts.type, {}).end_array();
  json.text("name", facts.name.empty() ? facts.code : facts.name);
  if (!facts.part_of.empty()) json.reference("partOf", "Organization", facts.part_of);
  json.end();
  return text;
}

std::string provenance_body(const ProvenanceFacts& facts) {
  constexpr std::string_view participant = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
  std::string text;
  JsonText json(text);
  json.begin().text("resourceType", "Provenance").text("id", facts.id).array("target");
  for (const auto& target : facts.targets) json.begin().text("reference", target).end();
  json.end_array().text("recorded", facts.recorded);
  json.object("activity").array("coding").begin().text("system", "http://terminology.hl7.org/CodeSystem/v3-DataOperation").text("code", "UPDATE").end().end_array().end();
  json.array("agent");
  if (!facts.author_id.empty())
    json.begin().concept_of("type", participant, "author", "Author").reference("who", "Organization", facts.author_id).end();
  json.begin().concept_of("type", participant, "assembler", "Assembler").reference("who", "Device", "joinedup-care-door").end().end_array();
  json.array("entity").begin().text("role", "source").object("what").object("identifier").text("system", "urn:joinedup:feed").text("value", facts.feed).end();
  json.text("display", "Extract " + facts.feed + ", refresh " + facts.run).end().end().end_array().end();
  return text;
}

}  // namespace joinedup::care_door
