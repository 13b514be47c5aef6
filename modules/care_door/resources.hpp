// resources: the FHIR text of what the care door writes, one function a resource. This room only.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.hpp"

namespace joinedup::care_door {

inline constexpr std::string_view ods_system = "https://fhir.nhs.uk/Id/ods-organization-code";
inline constexpr std::string_view nhs_number_system = "https://fhir.nhs.uk/Id/nhs-number";

// meta.source: whose data it is and by which feed it came, so that an agreement can be applied to each resource:
// urn:joinedup:partner:ZC1:feed:csds. What the place itself made: urn:joinedup:place, urn:joinedup:caseload.
std::string feed_source(std::string_view partner, std::string_view feed);

struct PatientFacts {
  std::string source, id, nhs_status, family_name, given_name, middle_names, house, address_line_1, town, postcode;
  std::uint64_t nhs_number = 0;
  char sex = 'U';
  std::optional<Date> birth_date, date_of_death;
  std::string practice_id;             // its Organization; empty: not known
  bool registered = false;
  std::vector<std::string> replaces;   // ids of Patients that this one stands for
};
std::string patient_body(const PatientFacts& facts);
std::string replaced_patient_body(std::string_view source, std::string_view id, std::string_view replaced_by);

struct OrganizationFacts {
  std::string source, id, code, name, type;
  std::string part_of;    // id of the Organization that it is part of; may be empty
  std::string_view feed;  // empty: from place.toml
};
std::string organization_body(const OrganizationFacts& facts);

struct ProvenanceFacts {
  std::string id, recorded, feed, author_id, run;   // author: the Organization whose data it is; may be empty
  std::vector<std::string> targets;                 // "Patient/…"
};
std::string provenance_body(const ProvenanceFacts& facts);

// Where an organisation or a team works, and what it offers.
struct ServiceFacts {
  std::string id, team, provider_id, name, type, comment, location_id;  // team: its name, where it is one
};
std::string healthcare_service_body(const ServiceFacts& facts);
std::string location_body(std::string_view id, std::string_view name, std::string_view organization_id);

struct WorkerFacts {
  std::string practitioner_id, role_id, code, given_name, family_name, role, organization_id, location_id;
  std::vector<std::string> service_ids;  // HealthcareServices of the worker's teams
};
std::string practitioner_body(const WorkerFacts& facts);
std::string practitioner_role_body(const WorkerFacts& facts);

struct TeamFacts {
  std::string id, name;
  std::vector<std::string> practice_ids;
  std::vector<const WorkerFacts*> members;
};
std::string care_team_body(const TeamFacts& facts);

// Anything about a person that a feed tells: what it becomes depends on its kind (sql/20_fact.sql).
struct Fact {
  std::string source, id, patient_id, feed, kind, status, klass, type, code_system, code, display, starts, ends, provider_id, provider_code, label;
};
const char* fact_type(std::string_view kind);  // encounter: Encounter, …
std::string fact_body(const Fact& fact);
// meta.security by the label of a fact or reason; nothing where it is normal.
void security_of(class JsonText& json, std::string_view label);

// Names are staged in capitals: "O'NEILL-SMITH" is shown as "O'Neill-Smith". "McDonald" cannot be told from "Mcdonald".
std::string as_written(std::string_view capitals);

}  // namespace joinedup::care_door
