// What one resource says about who may see what: a CareTeam its members, a Consent a proxy or a refusal, any resource its labels.
// Inside this room only.
//
//   const Facts facts = read_facts(policies, "CareTeam", "1", document, instant, base_url);
//   facts.grants[0].holder == "Practitioner/3"; facts.grants[0].patient == "Patient/9"
//
// Holders and patients are addresses ("Practitioner/3"), or identifiers where a reference names nobody by address ("nhs:9000000009",
// "ods:A81001"). Whether an address exists is asked when it is used.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "access/policies.hpp"
#include "fhir/people.hpp"
#include "fhirpath/document.hpp"

namespace joinedup::access {

inline constexpr std::int64_t always_from = std::numeric_limits<std::int64_t>::min(), always_until = std::numeric_limits<std::int64_t>::max();

struct Grant {
  std::string patient, holder;
  std::uint32_t relation = 0;
  int authority = -1;                  // of a proxy
  std::int64_t from = always_from, until = always_until;  // microseconds UTC
  std::int64_t since = always_from;    // when the relationship was made, as far as the record knows
  std::string resource;                // this resource only; empty: the person's record
  bool operator==(const Grant&) const = default;
};

// A person's refusal: what fits all that is named is not shared.
struct Refusal {
  std::string patient;
  std::uint32_t labels = 0;            // any of them; 0: whatever its labels
  Types types{true, {}};
  std::vector<std::string> actors;     // to these; empty: to everybody but the person
  std::uint32_t purposes = 0;          // 0: any
  std::int64_t from = always_from, until = always_until;
  bool operator==(const Refusal&) const = default;
};

struct Facts {
  std::vector<Grant> grants;
  std::vector<Refusal> refusals;
  std::vector<std::string> members;    // of a CareTeam without a subject
  std::string practitioner;            // of a PractitionerRole
  std::vector<std::string> services;   // of a PractitionerRole: where it works
  std::string provider;                // of a HealthcareService: whose it is
  std::string patient;                 // of a RelatedPerson
  std::vector<std::string> identifiers;  // "nhs:…" of a Patient or RelatedPerson; "ods:…" of an Organization
  std::int64_t born = always_from;     // of a Patient
  std::uint32_t labels = 0;
  std::vector<std::string> people;     // where it bears labels: whom it is about
  bool empty() const {
    return grants.empty() && refusals.empty() && members.empty() && practitioner.empty() && provider.empty() && patient.empty() && identifiers.empty() && labels == 0 && born == always_from;
  }
  bool operator==(const Facts&) const = default;
};

// Types that can say anything but labels.
bool is_telling(std::string_view type);
inline constexpr std::string_view telling_types[] = {"Patient", "Organization", "HealthcareService", "PractitionerRole", "CareTeam", "EpisodeOfCare", "Task", "ServiceRequest", "RelatedPerson", "Consent"};

Facts read_facts(const Policies& policies, std::string_view type, std::string_view id, const fhirpath::Document& document, std::int64_t instant, const std::string& base_url);
std::uint32_t labels_of(const Policies& policies, const fhirpath::Document& document);
// "urn:joinedup:feed:ecds" of meta.source; "urn:joinedup:messages:RXX": a partner's messages wrote it.
inline constexpr std::string_view message_source = "urn:joinedup:messages:";
std::string_view source_of(const fhirpath::Document& document);
std::string identifier_key(std::string_view system, std::string_view value);  // empty: of a system that names nobody here
// The basis on which a Consent lets a proxy act; -1: none that is known.
int authority_of_consent(const Policies& policies, const fhirpath::Document& document);
// A Consent by which somebody acts for a person: type permit, with an actor.
bool is_proxy_consent(const fhirpath::Document& document);

}  // namespace joinedup::access
