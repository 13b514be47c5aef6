// All messages of one visit, or of one person, folded in the order in which things happened: whatever order they came in, the
// Encounter and the Patient are the same. Inside this room only.
//
//   const Stay stay = fold_visit(events);          // events of one visit, any order
//   stay.status == "finished";  encounter_body(stay, facts);
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "messages/event.hpp"

namespace joinedup::messages {

struct Stay {
  std::string status;                  // in-progress, finished, cancelled; empty: the messages tell of no stay
  std::string patient_class, number;
  std::vector<std::string> locations;  // the last is where they are, or were
  std::string start, end;              // FHIR times
  std::int64_t newest = 0;             // sequence of the event that happened last
};

void in_order(std::vector<Event>& events);   // of happening; at one moment as they came
Stay fold_visit(std::vector<Event> events);
bool is_in_hospital(const Stay& stay);       // in progress, as an inpatient or in an emergency department

struct EncounterFacts {
  std::string id, patient, origin, facility, organisation;  // patient: its id; organisation: code of the partner whose message it is, may be empty
};
nlohmann::json encounter_body(const Stay& stay, const EncounterFacts& facts);

struct PatientFacts {
  std::string id;
  struct Link {
    std::string other, type;           // replaced-by, replaces
  };
  std::vector<Link> links;
  std::string organisation{};          // as of an Encounter
};
nlohmann::json patient_body(std::vector<Event> events, const PatientFacts& facts);

struct Alert {
  std::string communication_id, flag_id, patient, encounter, sent, text;
  bool raises_flag = false;            // in hospital now
  std::vector<std::string> recipients; // "Practitioner/…", "CareTeam/…"
  bool is_late = false;
};
nlohmann::json communication_body(const Alert& alert);
nlohmann::json flag_body(const Alert& alert, const Stay& stay);

std::string identifier_system(std::string_view origin, std::string_view authority);
inline constexpr const char* nhs_number_system = "https://fhir.nhs.uk/Id/nhs-number";
inline constexpr const char* source_mark = "urn:joinedup:messages";
// meta.source of what is a partner's own: policy knows whose by it (access/facts.hpp). Of what is nobody's, or our own, the mark alone.
std::string source_of(const std::string& organisation);

}  // namespace joinedup::messages
