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

std::string feed_source(std::string_view feed);  // meta.source

struct PatientFacts {
  std::string id, nhs_status, family_name, given_name, middle_names, house, address_line_1, town, postcode;
  std::uint64_t nhs_number = 0;
  char sex = 'U';
  std::optional<Date> birth_date, date_of_death;
  std::string practice_id;             // its Organization; empty: not known
  bool registered = false;
  std::vector<std::string> replaces;   // ids of Patients that this one stands for
};
std::string patient_body(const PatientFacts& facts);
std::string replaced_patient_body(std::string_view id, std::string_view replaced_by);

struct OrganizationFacts {
  std::string id, code, name, type;
  std::string_view feed;
};
std::string organization_body(const OrganizationFacts& facts);

struct ProvenanceFacts {
  std::string id, recorded, feed, author_id, run;   // author: the Organization whose data it is; may be empty
  std::vector<std::string> targets;                 // "Patient/…"
};
std::string provenance_body(const ProvenanceFacts& facts);

// Anything about a person that a feed tells: what it becomes depends on its kind (sql/20_fact.sql).
struct Fact {
  std::string id, patient_id, feed, kind, status, klass, type, code_system, code, display, starts, ends, provider_id, label;
};
const char* fact_type(std::string_view kind);  // encounter: Encounter, …
std::string fact_body(const Fact& fact);
// meta.security by the label of a fact or reason; nothing where it is normal.
void security_of(class JsonText& json, std::string_view label);

// Names are staged in capitals: "O'NEILL-SMITH" is shown as "O'Neill-Smith". "McDonald" cannot be told from "Mcdonald".
std::string as_written(std::string_view capitals);

}  // namespace joinedup::care_door
