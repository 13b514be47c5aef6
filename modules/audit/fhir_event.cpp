// AuditEvent after IHE's Basic Audit Log Patterns (profiles.ihe.net/ITI/BALP), rendered from the log when it is asked for.
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "audit/audit.hpp"
#include "audit/heads.hpp"
#include "audit/seal.hpp"
#include "base/text.hpp"

namespace joinedup::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* dicom = "http://dicom.nema.org/resources/ontology/DCM";
constexpr const char* rest_type = "http://terminology.hl7.org/CodeSystem/audit-event-type";
constexpr const char* interaction = "http://hl7.org/fhir/restful-interaction";
constexpr const char* lifecycle = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
constexpr const char* authorization = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType";

// What a kind is in FHIR's words; `profile`: the last part of BALP's, with "Patient" before it where the event is about one.
struct Kind {
  std::string_view name;
  const char *type_system, *type, *type_display, *subtype_system, *subtype, *action, *profile;
};
constexpr std::array<Kind, 22> kinds{{
    {"read", rest_type, "rest", "Restful Operation", interaction, "read", "R", "Read"},
    {"vread", rest_type, "rest", "Restful Operation", interaction, "vread", "R", "Read"},
    {"search", rest_type, "rest", "Restful Operation", interaction, "search", "E", "Query"},
    {"history", rest_type, "rest", "Restful Operation", interaction, "history", "R", nullptr},
    {"create", rest_type, "rest", "Restful Operation", interaction, "create", "C", "Create"},
    {"update", rest_type, "rest", "Restful Operation", interaction, "update", "U", "Update"},
    {"patch", rest_type, "rest", "Restful Operation", interaction, "patch", "U", "Update"},
    {"delete", rest_type, "rest", "Restful Operation", interaction, "delete", "D", "Delete"},
    {"remove", rest_type, "rest", "Restful Operation", interaction, "delete", "D", "Delete"},
    {"transaction", rest_type, "rest", "Restful Operation", interaction, "transaction", "E", nullptr},
    {"batch", rest_type, "rest", "Restful Operation", interaction, "batch", "E", nullptr},
    {"operation", rest_type, "rest", "Restful Operation", interaction, "operation", "E", nullptr},
    {"export", dicom, "110106", "Export", interaction, "operation", "R", nullptr},
    {"deliver", dicom, "110106", "Export", nullptr, nullptr, "R", nullptr},
    {"receive", dicom, "110107", "Import", nullptr, nullptr, "C", nullptr},
    {"sign_in", dicom, "110114", "User Authentication", dicom, "110122", "E", nullptr},
    {"sign_out", dicom, "110114", "User Authentication", dicom, "110123", "E", nullptr},
    {"decision", dicom, "110113", "Security Alert", authorization, "AuthZ-Role", "E", nullptr},
    {"emergency", dicom, "110113", "Security Alert", dicom, "110127", "E", nullptr},
    {"reidentify", lifecycle, "reidentify", "Re-identify Record Lifecycle Event", nullptr, nullptr, "E", nullptr},
    {"log", dicom, "110101", "Audit Log Used", nullptr, nullptr, "E", nullptr},
    {"", dicom, "110100", "Application Activity", nullptr, nullptr, "E", nullptr},
}};
const Kind& kind_of(std::string_view name) {
  const auto at = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.name == name; });
  return at == kinds.end() ? kinds.back() : *at;
}

Json coding(const char* system, std::string_view code) { return {{"system", system}, {"code", code}}; }
Json concept_of(const char* system, std::string_view code) { return {{"coding", Json::array({coding(system, code)})}}; }
Json named(std::string_view value) { return {{"identifier", {{"value", value}}}}; }

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

const char* reason_code(const Event& event) {
  if (event.kind == "emergency") return "BTG";
  if (event.purpose == "direct_care") return "TREAT";
  if (event.purpose == "own_record") return "PATRQT";
  if (event.purpose == "secondary_use") return "POPHLTH";
  return event.purpose == "administration" ? "HOPERAT" : nullptr;
}

Json agents(const Event& event, const Kind& kind, const std::string& writer) {
  const bool is_read = kind.profile != nullptr && std::string_view(kind.profile) == "Read";
  const bool is_write = kind.action[0] == 'C' || kind.action[0] == 'U' || kind.action[0] == 'D';
  Json all = Json::array();
  Json client = {{"type", concept_of(dicom, is_read ? "110152" : "110153")}, {"who", named(event.client.empty() ? "joinedup-pages" : event.client)}, {"requestor", event.user.empty()}};
  client["network"] = {{"address", event.address.empty() ? "local" : event.address}, {"type", event.address.empty() ? "1" : "2"}};
  all.push_back(std::move(client));
  all.push_back({{"type", concept_of(dicom, is_read ? "110153" : "110152")}, {"who", named("joinedup")}, {"requestor", false}, {"network", {{"address", "joinedup-" + writer}, {"type", "1"}}}});
  if (!event.user.empty()) {
    Json user = {{"type", concept_of("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", is_write ? "AUT" : "IRCP")}};
    for (const auto& role : event.roles) user["role"].push_back({{"text", role}});
    user["who"] = named(event.user);
    if (!event.practitioner.empty()) user["who"]["reference"] = "Practitioner/" + event.practitioner;
    user["altId"] = event.user;
    user["requestor"] = true;
    if (!event.rule.empty()) user["policy"] = Json::array({"urn:joinedup:rule:" + event.rule});
    if (const auto* code = reason_code(event)) user["purposeOfUse"] = Json::array({concept_of("http://terminology.hl7.org/CodeSystem/v3-ActReason", code)});
    all.push_back(std::move(user));
  }
  if (!event.organisation.empty())
    all.push_back({{"type", concept_of("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV")}, {"who", named(event.organisation)}, {"requestor", false}});
  return all;
}

Json entities(const Event& event, const Kind& kind, const std::string& patient) {
  Json all = Json::array();
  const bool is_search = kind.name == "search";
  if (!patient.empty())
    all.push_back({{"what", {{"reference", "Patient/" + patient}}}, {"type", coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "1")}, {"role", coding("http://terminology.hl7.org/CodeSystem/object-role", "1")}});
  if (is_search)  // without the guardian's key: the names of the parameters only
    all.push_back({{"type", coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2")},
                   {"role", coding("http://terminology.hl7.org/CodeSystem/object-role", "24")},
                   {"query", base64(event.query.empty() ? event.shape.empty() ? "?" : event.shape : event.query)}});
  // Whose each of many resources is, the event does not say: where several people are in it, none is named to any of them.
  if (event.patients.size() <= 1)
    for (const auto& resource : event.resources) {
      Json one = {{"what", {{"reference", resource}}}};
      const auto type = resource.substr(0, resource.find('/'));
      const bool is_data = kind.profile != nullptr && !is_search && event.resources.size() == 1;
      one["type"] = is_data ? coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2") : coding("http://hl7.org/fhir/resource-types", type);
      one["role"] = coding("http://terminology.hl7.org/CodeSystem/object-role", "4");
      all.push_back(std::move(one));
    }
  if (!event.request.empty())
    all.push_back({{"what", named(event.request)}, {"type", coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId")}});
  return all;
}

// Does it say what the profile asks for?
bool has_profile(const Event& event, const Kind& kind) {
  return kind.profile != nullptr && event.outcome == "allowed" && (kind.name == "search" || (event.resources.size() == 1 && event.patients.size() <= 1));
}

std::string render(const Kept& kept, const std::string& id, const std::string& patient) {
  const auto& event = kept.event;
  const auto& kind = kind_of(event.kind);
  Json out = {{"resourceType", "AuditEvent"}, {"id", id}};
  if (has_profile(event, kind))
    out["meta"]["profile"] = Json::array({std::string("https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.") + (patient.empty() ? "" : "Patient") + kind.profile});
  out["type"] = {{"system", kind.type_system}, {"code", kind.type}, {"display", kind.type_display}};
  if (kind.subtype != nullptr) {
    const bool is_version = event.kind == "read" && event.shape == "vread";
    out["subtype"] = Json::array({coding(kind.subtype_system, is_version ? "vread" : kind.subtype)});
  }
  out["action"] = kind.action;
  out["recorded"] = instant_text(event.instant);
  out["outcome"] = event.outcome == "allowed" ? "0" : event.outcome == "denied" ? "8" : "4";
  if (event.outcome == "denied") out["outcomeDesc"] = "Refused by rule " + (event.rule.empty() ? std::string("deny-by-default") : event.rule);
  else if (!event.reason.empty()) out["outcomeDesc"] = event.reason;
  out["agent"] = agents(event, kind, kept.writer);
  out["source"] = {{"site", "joinedup"}, {"observer", named("joinedup-" + kept.writer)}, {"type", Json::array({coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4")})}};
  auto list = entities(event, kind, patient);
  if (!list.empty()) out["entity"] = std::move(list);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::vector<std::string> audit_events_json(const Kept& kept, std::string_view patient) {
  const auto& patients = kept.event.patients;
  if (patients.empty()) return patient.empty() ? std::vector{render(kept, event_id(kept), {})} : std::vector<std::string>();
  std::vector<std::string> out;
  for (std::size_t i = 0; i < patients.size(); ++i)
    if (patient.empty()) out.push_back(render(kept, event_id(kept) + (i == 0 ? "" : "." + std::to_string(i + 1)), patients[i]));
    else if (patients[i] == patient && out.empty()) out.push_back(render(kept, event_id(kept), patients[i]));  // not the how-manieth of others
  return out;
}

Result<void> unseal_event(Event& event, const std::string& guardian_secret) {
  if (event.sealed.empty()) return {};
  JOINEDUP_TRY(auto plain, unseal(event.sealed, guardian_secret));
  event.query = std::move(plain.query);
  event.reason = std::move(plain.reason);
  return {};
}

Result<std::string> read_guardian_key(const std::string& file) { return read_guardian_secret(file); }

}  // namespace joinedup::audit
