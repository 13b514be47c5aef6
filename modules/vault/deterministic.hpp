// The first stage of linkage inside a place: exact steps, in a fixed order, each recorded with the link it made.
// It errs towards not linking: a false link is worse than a missed one.
//
//   std::vector<IdentityRecord> records = …;           // one a distinct identity tuple a staged table
//   const LinkedIdentities linked = link_deterministic(records);
//   linked.person[i]   // which person (0 … linked.people-1) record i belongs to
//   linked.step[i]     // which step decided
//
// Source of the order: NHS England, Master Person Service: NHS number with birth date first, then stepwise on other
// identifiers. Rules in full, with examples: docs/methods/linkage-deterministic.md.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace joinedup::vault {

enum class LinkStep : std::uint8_t {
  nhs_number_and_birth_date = 1,          // both exact
  nhs_number_and_partial_birth_date = 2,  // two of year, month, day agree, or day and month are swapped
  nhs_number_and_name = 3,                // birth date missing or wrong; family and given name agree (or, without one, postcode)
  nhs_pseudonym_and_birth_month = 4,      // the feed carries a pseudonymised NHS number, and birth year and month
  name_birth_date_and_postcode = 5,       // no usable NHS number
  local_identifier_and_birth_date = 6,    // the same organisation's own number for a person linked already
  name_and_birth_date = 7,                // unique in the place
  birth_date_sex_and_postcode = 8,        // unique in the place; feeds without names
  new_person = 9,                         // nobody known
  probabilistic = 10,                     // second stage: probabilistic.hpp
  clerical = 11                           // somebody decided it
};
inline constexpr int link_step_count = 11;
const char* link_step_name(LinkStep step);

// How far a link is believed. Only verified and clerical links hold in the shared record used for care (care.hpp).
enum class LinkClass : std::uint8_t { verified, exact, alone, probabilistic, clerical };
LinkClass link_class(LinkStep step);
const char* link_class_name(LinkClass of);

inline constexpr std::int32_t no_date = INT32_MIN;

struct IdentityRecord {
  std::int64_t identity_key = 0;
  std::uint64_t nhs_number = 0;      // 0 unless its check digit agrees
  std::uint64_t nhs_pseudonym = 0;   // hash of the pseudonym's text; 0 none
  std::uint64_t family_name = 0, given_name = 0, postcode = 0;  // hash of the normalised text (normal_name); 0 none
  std::uint64_t local_identifier = 0;                           // hash of organisation and number; 0 none
  std::int32_t birth_date = no_date;
  std::int16_t birth_year = 0;       // where only year and month are given
  std::int8_t birth_month = 0;
  char sex = 'U';                    // M, F, U
  std::uint8_t trust = 9;            // 0 = the register of GP patients; larger = further down the order of feeds
  std::uint32_t rows = 1;            // how many rows carry the tuple
};

struct LinkedIdentities {
  std::vector<std::uint32_t> person;  // by record
  std::vector<LinkStep> step;         // by record
  std::vector<std::uint32_t> spokesman;  // by person: the record that describes the person best (lowest trust, most rows)
  std::uint32_t people = 0;
};

// pseudonym_of gives the hash that nhs_pseudonym would hold for an NHS number; empty where no feed uses pseudonyms.
struct PseudonymSource {
  virtual ~PseudonymSource() = default;
  virtual std::uint64_t pseudonym_of(std::uint64_t nhs_number) const = 0;
};
LinkedIdentities link_deterministic(std::span<const IdentityRecord> records, const PseudonymSource* pseudonyms = nullptr);

// Upper case letters only, diacritics folded ("O'Brien-Müller" → "OBRIENMULLER"); for comparing names, never for display.
std::string normal_name(std::string_view utf8);

}  // namespace joinedup::vault
