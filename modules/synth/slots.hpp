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
namespace gp {
enum Consultation : std::size_t { c_guid, c_patient, c_organisation, c_effective, c_entered, c_type, c_deleted, c_slots };
enum Observation : std::size_t { o_guid, o_patient, o_organisation, o_effective, o_entered, o_code, o_value, o_unit, o_deleted, o_slots };
enum Issue : std::size_t { i_guid, i_patient, i_organisation, i_effective, i_entered, i_code, i_quantity, i_unit, i_days, i_cost, i_deleted, i_slots };
enum ClinicalCode : std::size_t { cc_id, cc_term, cc_snomed, cc_category, cc_slots };
enum DrugCode : std::size_t { dc_id, dc_term, dc_chapter, dc_slots };
}  // namespace gp
namespace outpatient {
enum Slot : std::size_t {
  record, local_id, local_organisation, nhs, nhs_status, birth, sex, ethnic, postcode, attended, first, outcome, date, provider, site,
  specialty, function, practice, hrg, source, activity_date, attendance_id, slots
};
}
namespace ae {
enum Slot : std::size_t {
  record, local_id, local_organisation, nhs, nhs_status, birth, sex, ethnic, postcode, number, mode, category, disposal, date, time,
  departure, provider, site, practice, hrg, diagnosis, department, activity_date, age, slots
};
}
namespace ecds {
enum Slot : std::size_t {
  ident, pseudonym, year, month, sex, lsoa, decile, local_id, local_organisation, provider, site, number, department, category, date,
  time, mode, acuity, complaint, status, destination, practice, ethnic, hrg, age, departure_date, departure_time, financial_year, slots
};
enum Diagnosis : std::size_t { d_ident, d_first, d_second, d_third, d_slots };
}  // namespace ecds
namespace csds {
enum Person : std::size_t { p_local, p_organisation, p_nhs, p_status, p_birth, p_postcode, p_gender, p_ethnic, p_death, p_unique, p_provider, p_person, p_slots };
enum Referral : std::size_t { r_request, r_local, r_received, r_source, r_discharged, r_unique, r_provider, r_person, r_unique_request, r_slots };
enum Contact : std::size_t { c_contact, c_request, c_team, c_date, c_duration, c_mechanism, c_location, c_status, c_unique, c_provider, c_person, c_unique_request, c_slots };
}  // namespace csds
namespace mhsds {
enum Person : std::size_t { p_local, p_organisation, p_nhs, p_status, p_birth, p_postcode, p_gender, p_ethnic, p_death, p_unique, p_provider, p_person, p_slots };
enum Referral : std::size_t { r_request, r_local, r_received, r_source, r_reason, r_discharged, r_unique, r_provider, r_person, r_unique_request, r_slots };
enum Contact : std::size_t { c_contact, c_request, c_team, c_date, c_duration, c_mechanism, c_status, c_unique, c_provider, c_person, c_unique_request, c_slots };
}  // namespace mhsds
namespace deaths {
enum Slot : std::size_t { id, nhs, birth, sex, surname, given, postcode, died, place, cause, contributory_1, contributory_2, contributory_3, registered, slots };
}
namespace housing {
enum Slot : std::size_t { id, tenant, nhs, surname, given, birth, sex, address, town, postcode, type, date, end, tenure, rent, landlord, slots };
}
namespace voluntary {
enum Slot : std::size_t { id, client, organisation, nhs, surname, given, birth, sex, address, town, postcode, date, service, type, minutes, slots };
}

}  // namespace joinedup::synth
