// The columns that the writers fill, one enumeration a table in the order of slots.cpp's lists.
#pragma once
#include <cstddef>

namespace joinedup::synth {

namespace patient {
enum Slot : std::size_t {
  guid, organisation, sex, birth, death, title, given, middle, surname, registered, nhs, number, type, house, street, town,
  postcode, nhs_status, deactivated, deleted, slots
};
}
namespace inpatient {
enum Slot : std::size_t {
  record, local_id, local_organisation, nhs, nhs_status, birth, sex, ethnic, postcode, spell_number, spell_identifier, classification,
  method, source, discharge_method, destination, spell_start, spell_end, discharge_date, episode, last_episode, episode_start,
  episode_end, provider, site, commissioner, specialty, function, practice, spell_hrg, episode_hrg, diagnosis_1, diagnosis_2, diagnosis_3,
  diagnosis_4, diagnosis_5, diagnosis_6, diagnosis_7, diagnosis_8, diagnosis_9, diagnosis_10, critical_2, critical_3, delayed,
  stay, age, activity_date, nhs_mother, birth_mother, nhs_baby, birth_baby, live, slots
};
}
namespace social_care {
enum Slot : std::size_t {
  council, period_start, period_end, nhs, local_id, given, surname, practice, gender, ethnicity, birth, death, client_type, reason,
  postcode, accommodation, carer, event_type, reference, start, end, outcome, route, assessment, service, component, delivery,
  unit_cost, frequency, units, review, funding, slots
};
}

}  // namespace joinedup::synth
