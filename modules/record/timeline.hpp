// Patient timelines drawn in text: their grammar, and events into a fixture's door tables. For the tests of this room and above.
//
//   TimelineEvents events(fixture);
//   events.read("person 7 born 1950-03 male", "story.timeline:3: ");
//   events.read("2024-05-01 .. 2024-05-06  episode  provider=RX1 method=21", "story.timeline:4: ");
//
// The whole grammar is described in timeline_test.cpp; scenarios/ holds the stories.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "record/fixture.hpp"

namespace joinedup::record {

struct Kind {
  std::string table;
  std::vector<std::string> from, until;  // columns that take the event's first and last day
  Fixture::Row defaults;
};

inline const std::map<std::string, Kind>& kinds() {
  static const std::map<std::string, Kind> all{
      {"episode", {"inpatient_episode", {"spell_start", "episode_start"}, {"spell_end", "episode_end"},
                   {{"episode_number", "1"}, {"patient_classification", "1"}, {"discharge_method", "1"}, {"discharge_destination", "19"}, {"source_of_admission", "19"}}}},
      {"outpatient", {"outpatient_appointment", {"appointment_date"}, {}, {{"attended", "5"}, {"provider", "RX1"}}}},
      {"ecds", {"ecds_attendance", {"arrival_date"}, {}, {{"provider", "RX1"}, {"department_type", "01"}}}},
      {"ae", {"ae_attendance", {"arrival_date"}, {}, {{"provider", "RX1"}, {"department_type", "01"}}}},
      {"consultation", {"gp_consultation", {"effective_date"}, {}, {}}},
      {"observation", {"gp_observation", {"effective_date"}, {}, {}}},
      {"issue", {"gp_issue", {"effective_date"}, {}, {}}},
      {"community", {"csds_contact", {"contact_date"}, {}, {{"attendance_status", "5"}, {"provider", "RC1"}}}},
      {"mental_health", {"mhsds_contact", {"contact_date"}, {}, {{"attendance_status", "5"}, {"provider", "RM1"}}}},
      {"mental_health_referral", {"mhsds_referral", {"received_on"}, {}, {{"service_request", "1"}}}},
      {"service", {"social_care_event", {"event_start"}, {"event_end"}, {{"event_type", "Service"}, {"local_authority", "LA1"}, {"event_reference", "E1"}}}},
      {"housing", {"housing_row", {"event_date"}, {}, {{"landlord", "H1"}}}},
      {"voluntary", {"voluntary_row", {"contact_date"}, {}, {{"organisation", "V1"}}}},
      {"registered", {"gp_registration", {"registered_on"}, {"deregistered_on"}, {}}},
      {"fhir_encounter", {"fhir_encounter", {"start_date"}, {"end_date"}, {{"status", "finished"}}}},
      {"fhir_condition", {"fhir_condition", {"onset_date"}, {"abatement_date"}, {{"code_system", "http://snomed.info/sct"}}}},
      {"fhir_procedure", {"fhir_procedure", {"performed_date"}, {}, {{"status", "completed"}}}},
      {"fhir_medication_request", {"fhir_medication_request", {"authored_date"}, {}, {{"status", "active"}}}},
      {"case_contact", {"shared_encounter", {"start_date"}, {"end_date"}, {{"status", "finished"}, {"class", "HH"}}}},
      {"case_task", {"shared_task", {"done_on"}, {}, {{"status", "completed"}}}},
      {"death", {"death_registration", {"date_of_death"}, {}, {}}},
  };
  return all;
}

inline const std::map<std::string, std::string> short_names{
    {"spell", "provider_spell"}, {"method", "admission_method"}, {"from", "source_of_admission"}, {"to", "discharge_destination"},
    {"class", "patient_classification"}, {"number", "attendance_number"}, {"component", "service_component"}, {"type", "service_type"},
    {"unit_cost", "unit_cost_pence"}, {"frequency", "cost_frequency"}, {"units", "planned_units_per_week"}, {"practice_id", "organisation_guid"},
    {"cost", "estimated_nhs_cost_pence"}, {"minutes", "duration_minutes"}, {"department", "department_type"}};

inline std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  std::string word;
  bool quoted = false, any = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted, any = true;
    else if (c == ' ' && !quoted) {
      if (any) out.push_back(word);
      word.clear(), any = false;
    } else word += c, any = true;
  }
  if (any) out.push_back(word);
  return out;
}

class TimelineEvents {
 public:
  explicit TimelineEvents(Fixture& fixture) : fixture_(fixture) {}

  void read(const std::string& line, const std::string& where) {
    const auto parts = words(line);
    if (parts.empty() || parts[0][0] == '#' || line[0] == ' ' || parts[0] == "expect" || parts[0] == "period") return;
    if (parts[0] == "person") {
      person_ = parts[1];
      std::string sex = "F";
      for (const auto& part : parts) if (part == "male") sex = "M";
      fixture_.person(std::stol(person_), parts[3] + "-01", sex);
      return;
    }
    std::size_t at = 1;
    std::string until;
    if (parts.size() > 2 && parts[1] == "..") until = parts[2], at = 3;
    ASSERT_LT(at, parts.size()) << where;
    const auto found = kinds().find(parts[at]);
    ASSERT_NE(found, kinds().end()) << where << "no kind of event called " << parts[at];
    std::map<std::string, std::string> fields;
    for (const auto& [column, value] : found->second.defaults) fields[column] = value;
    for (const auto& column : found->second.from) fields[column] = parts[0];
    if (!until.empty())
      for (const auto& column : found->second.until) fields[column] = until;
    fields["person_key"] = person_;
    for (++at; at < parts.size(); ++at) {
      const auto equals = parts[at].find('=');
      ASSERT_NE(equals, std::string::npos) << where << parts[at];
      const auto name = parts[at].substr(0, equals);
      const auto full = found->first.starts_with("fhir_") ? short_names.end() : short_names.find(name);
      fields[full == short_names.end() ? name : full->second] = parts[at].substr(equals + 1);
    }
    fixture_.add(found->second.table, {fields.begin(), fields.end()});
  }
  const std::string& person() const { return person_; }

 private:
  Fixture& fixture_;
  std::string person_ = "1";
};

}  // namespace joinedup::record
