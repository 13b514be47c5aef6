#include "record/random_place.hpp"

namespace joinedup::record {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

// h(salt) is a number 0…999999 by row and salt; p a person; day(k) a day of the year 2025-26 and, now and then, outside it.
constexpr const char* statements = R"(
CREATE OR REPLACE TEMP MACRO h(i, salt) AS CAST(hash(i * 1000 + salt) % 1000000 AS BIGINT);
CREATE OR REPLACE TEMP MACRO odd(i, salt) AS h(i, salt) < $FAULTS * 10000;
CREATE OR REPLACE TEMP MACRO day(i, salt) AS
  DATE '2025-04-01' + CAST(h(i, salt) % 365 + CASE WHEN odd(i, salt + 500) THEN 400 - h(i, salt + 501) % 1200 ELSE 0 END AS INTEGER);
CREATE OR REPLACE TEMP MACRO who(i, salt) AS CASE WHEN odd(i, salt + 500) AND h(i, salt) % 3 = 0 THEN NULL ELSE 1000003 * (1 + (i * 7919 + salt) % $PEOPLE) END;

INSERT INTO door.place_period SELECT DATE '2025-04-01', DATE '2026-03-31' WHERE NOT EXISTS (SELECT 1 FROM door.place_period);
INSERT INTO door.person_attribute SELECT 1000003 * (i + 1), CASE WHEN i % 2 = 0 THEN 'F' ELSE 'M' END,
  date_trunc('month', DATE '1935-01-01' + CAST(h(i, 1) % 33000 AS INTEGER)), 'E0100' || lpad(CAST(i % 500 AS VARCHAR), 4, '0'), 1 + i % 10, i % 64
  FROM range($PEOPLE) t(i);
INSERT INTO door.gp_organisation BY NAME SELECT i + 1 AS source_row, i AS organisation_guid, 'Y' || lpad(CAST(i AS VARCHAR), 5, '0') AS ods_code FROM range(50) t(i);
INSERT INTO door.gp_registration BY NAME SELECT i + 1 AS source_row, who(i, 2) AS person_key, i % 50 AS organisation_guid, day(i, 3) - 2000 AS registered_on,
  CASE WHEN h(i, 4) < 80000 THEN day(i, 5) END AS deregistered_on, CASE WHEN h(i, 6) < 9000 THEN day(i, 7) END AS date_of_death, odd(i, 8) AS deleted
  FROM range($PEOPLE * 108 // 100) t(i);
INSERT INTO door.clinical_code BY NAME SELECT i + 1 AS source_row, i AS code_id, CASE WHEN i < 40 THEN [38341003,73211009,13645005,195967001,84114007][1 + i % 5] ELSE 100000 + i END AS snomed_concept FROM range(2000) t(i);
INSERT INTO door.drug_code BY NAME SELECT i + 1 AS source_row, i AS code_id, i AS dmd_code, CAST(1 + i % 21 AS VARCHAR) AS bnf_chapter FROM range(3000) t(i);
INSERT INTO door.gp_consultation BY NAME SELECT i + 1 AS source_row, who(i, 10) AS person_key, day(i, 11) AS effective_date,
  CASE h(i, 12) % 5 WHEN 0 THEN 'GP Surgery' WHEN 1 THEN 'Telephone consultation' WHEN 2 THEN 'Nurse consultation' WHEN 3 THEN 'Administration' ELSE 'Other kind' END AS consultation_type,
  odd(i, 13) AS deleted FROM range($PEOPLE * 55 // 10) t(i);
INSERT INTO door.gp_observation BY NAME SELECT i + 1 AS source_row, who(i, 14) AS person_key, day(i, 15) AS effective_date, h(i, 16) % 2000 AS code_id, odd(i, 17) AS deleted
  FROM range($PEOPLE * 16) t(i);
INSERT INTO door.gp_issue BY NAME SELECT i + 1 AS source_row, who(i, 18) AS person_key, day(i, 19) AS effective_date, h(i, 20) % 3050 AS code_id, 28.0 AS quantity,
  CASE WHEN h(i, 21) % 10 > 0 THEN h(i, 22) % 3000 END AS estimated_nhs_cost_pence, odd(i, 23) AS deleted FROM range($PEOPLE * 19) t(i);
INSERT INTO door.outpatient_appointment BY NAME SELECT i + 1 AS source_row, who(i, 24) AS person_key, 'RX' || i % 2 AS provider, day(i, 25) AS appointment_date,
  CASE WHEN h(i, 26) % 10 < 8 THEN '5' ELSE CAST(2 + h(i, 27) % 6 AS VARCHAR) END AS attended, CAST(1 + h(i, 28) % 4 AS VARCHAR) AS first_attendance,
  CAST(100 + h(i, 29) % 250 AS VARCHAR) AS treatment_function, 'A' AS ethnic_category FROM range($PEOPLE * 19 // 10) t(i);
INSERT INTO door.ecds_attendance BY NAME SELECT i + 1 AS source_row, who(i, 30) AS person_key, 'RX' || i % 2 AS provider, CAST(i - i % 50 // 49 AS VARCHAR) AS attendance_number, i AS ec_ident,
  '0' || 1 + h(i, 31) % 4 AS department_type, day(i, 32) AS arrival_date, 'VB' || lpad(CAST(1 + h(i, 33) % 13 AS VARCHAR), 2, '0') || 'Z' AS hrg FROM range($PEOPLE * 3 // 10) t(i);
INSERT INTO door.ae_attendance BY NAME SELECT i + 1 AS source_row, who(i, 34) AS person_key, 'RX' || i % 2 AS provider, CAST($PEOPLE * 2 // 10 + i AS VARCHAR) AS attendance_number,
  '0' || 1 + h(i, 35) % 4 AS department_type, day(i, 36) AS arrival_date FROM range($PEOPLE * 2 // 10) t(i);
INSERT INTO door.inpatient_episode BY NAME SELECT i + 1 AS source_row, who(i // 2, 37) AS person_key, 'RX' || (i // 2) % 2 AS provider, CAST(i // 2 AS VARCHAR) AS provider_spell,
  CAST(1 + h(i // 2, 38) % 4 AS VARCHAR) AS patient_classification, (['11','12','21','21','21','28','31','81','82'])[1 + h(i // 2, 39) % 9] AS admission_method,
  (['19','19','19','51'])[1 + h(i // 2, 40) % 4] AS source_of_admission, '1' AS discharge_method, (['19','19','19','51'])[1 + h(i // 2, 41) % 4] AS discharge_destination,
  day(i // 2, 42) AS spell_start, CASE WHEN NOT odd(i // 2, 43) THEN day(i // 2, 42) + CAST(h(i // 2, 44) % 40 AS INTEGER) END AS spell_end, CASE WHEN odd(i, 45) THEN 1 ELSE 1 + i % 2 END AS episode_number,
  day(i // 2, 42) AS episode_start, (['DZ65A','HE11B','FD10L','AA35C','ZZ99Z'])[1 + h(i // 2, 46) % 5] AS hrg, h(i, 47) % 3 AS critical_care_level_2_days,
  (['I10','E119','J44.1','I500','S720'])[1 + h(i, 48) % 5] AS diagnosis_01, CASE WHEN i % 3 = 0 THEN 'N183' END AS diagnosis_02, 'B' AS ethnic_category FROM range($PEOPLE * 36 // 100) t(i);
INSERT INTO door.csds_person BY NAME SELECT i + 1 AS source_row, who(i, 49) AS person_key, 'C' AS ethnic_category FROM range($PEOPLE // 10) t(i);
INSERT INTO door.csds_contact BY NAME SELECT i + 1 AS source_row, who(i, 50) AS person_key, 'RC1' AS provider, day(i, 51) AS contact_date, 'COMMUNITY NURSE' AS team,
  CASE WHEN h(i, 52) % 5 > 0 THEN 10 + h(i, 53) % 60 END AS duration_minutes, CASE WHEN h(i, 54) % 10 < 8 THEN '5' ELSE '7' END AS attendance_status FROM range($PEOPLE * 12 // 10) t(i);
INSERT INTO door.mhsds_person BY NAME SELECT i + 1 AS source_row, who(i, 55) AS person_key FROM range($PEOPLE // 20) t(i);
INSERT INTO door.mhsds_referral BY NAME SELECT i + 1 AS source_row, who(i, 56) AS person_key, i AS service_request, day(i, 57) AS received_on, '0' || 1 + h(i, 58) % 9 AS primary_reason FROM range($PEOPLE // 20) t(i);
INSERT INTO door.mhsds_contact BY NAME SELECT i + 1 AS source_row, who(i, 59) AS person_key, 'RM1' AS provider, day(i, 60) AS contact_date,
  CASE WHEN h(i, 61) % 5 > 0 THEN 10 + h(i, 62) % 60 END AS duration_minutes, CASE WHEN h(i, 63) % 10 < 8 THEN '6' ELSE '3' END AS attendance_status FROM range($PEOPLE * 4 // 10) t(i);
INSERT INTO door.social_care_event BY NAME SELECT i + 1 AS source_row, who(i // 2, 64) AS person_key, 'LA1' AS local_authority, CAST(i // 2 AS VARCHAR) AS event_reference,
  CASE WHEN i % 2 = 0 THEN DATE '2025-04-01' ELSE DATE '2025-10-01' - CAST(h(i, 65) % 40 AS INTEGER) END AS period_start, CASE WHEN i % 2 = 0 THEN DATE '2025-09-30' ELSE DATE '2026-03-31' END AS period_end,
  CASE WHEN h(i // 2, 66) % 10 < 7 THEN 'Service' ELSE 'Review' END AS event_type, day(i // 2, 67) AS event_start, CASE WHEN h(i // 2, 68) % 2 = 0 THEN day(i // 2, 67) + CAST(h(i // 2, 69) % 300 AS INTEGER) END AS event_end,
  'Long Term Support: Community' AS service_type, (['Home Support','Direct Payment','Equipment','Day Support'])[1 + h(i // 2, 70) % 4] AS service_component,
  CASE WHEN h(i // 2, 71) % 8 > 0 THEN 100 + h(i, 72) % 90000 END AS unit_cost_pence, (['Weekly','Monthly','4-weekly','One-off','Hourly',NULL])[1 + h(i // 2, 73) % 6] AS cost_frequency,
  CASE WHEN h(i, 74) % 3 > 0 THEN (h(i, 75) % 200) / 10.0 END AS planned_units_per_week FROM range($PEOPLE * 6 // 100) t(i);
INSERT INTO door.housing_row BY NAME SELECT i + 1 AS source_row, who(i, 76) AS person_key, 'H1' AS landlord, 'repair_damp' AS event_type, day(i, 77) AS event_date FROM range($PEOPLE // 20) t(i);
INSERT INTO door.voluntary_row BY NAME SELECT i + 1 AS source_row, who(i, 78) AS person_key, 'V1' AS organisation, day(i, 79) AS contact_date, CASE WHEN h(i, 80) % 2 = 0 THEN 'befriending' ELSE 'OTHER' END AS service FROM range($PEOPLE // 20) t(i);
INSERT INTO door.death_registration BY NAME SELECT i + 1 AS source_row, who(i, 81) AS person_key, day(i, 82) AS date_of_death, 'home' AS place_of_death FROM range($PEOPLE // 100) t(i);
INSERT INTO door.fhir_encounter BY NAME SELECT i + 1 AS source_row, who(i, 90) AS person_key, i AS encounter, (['IMP','EMER','AMB','AMB','HH','ZZZ'])[1 + h(i, 91) % 6] AS class,
  CASE WHEN odd(i, 92) THEN 'cancelled' ELSE 'finished' END AS status, (['162673000','371883000',NULL])[1 + h(i, 93) % 3] AS type_code, day(i, 94) AS start_date,
  CASE WHEN h(i, 95) % 9 > 0 THEN day(i, 94) + CAST(h(i, 96) % 30 AS INTEGER) END AS end_date FROM range($PEOPLE // 20) t(i);
INSERT INTO door.fhir_condition BY NAME SELECT i + 1 AS source_row, who(i, 97) AS person_key, (['84114007','44054006','444814009'])[1 + h(i, 98) % 3] AS code, 'http://snomed.info/sct' AS code_system,
  CASE WHEN h(i, 99) % 4 > 0 THEN day(i, 100) END AS onset_date, i AS encounter FROM range($PEOPLE // 20) t(i);
INSERT INTO door.fhir_procedure BY NAME SELECT i + 1 AS source_row, who(i, 101) AS person_key, '430193006' AS code, 'completed' AS status, day(i, 102) AS performed_date, i AS encounter FROM range($PEOPLE // 20) t(i);
INSERT INTO door.fhir_medication BY NAME SELECT i + 1 AS source_row, i AS medication, '1803932' AS code FROM range(20) t(i);
INSERT INTO door.fhir_medication_request BY NAME SELECT i + 1 AS source_row, who(i, 103) AS person_key, CASE WHEN i % 3 > 0 THEN '314076' END AS code, CASE WHEN i % 3 = 0 THEN h(i, 104) % 22 END AS medication,
  CASE WHEN odd(i, 105) THEN 'entered-in-error' ELSE 'active' END AS status, day(i, 106) AS authored_date FROM range($PEOPLE // 20) t(i);
INSERT INTO door.shared_encounter BY NAME SELECT i + 1 AS source_row, who(i, 110) AS person_key, 'HH' AS class, CASE WHEN odd(i, 111) THEN 'cancelled' ELSE 'finished' END AS status, day(i, 112) AS start_date,
  (['care_coordinator','social_worker',NULL])[1 + h(i, 113) % 3] AS worker_role, CASE WHEN h(i, 114) % 2 = 0 THEN h(i, 115) % 90 END AS duration_minutes FROM range($PEOPLE // 20) t(i);
INSERT INTO door.shared_task BY NAME SELECT i + 1 AS source_row, who(i, 116) AS person_key, CASE WHEN h(i, 117) % 3 = 0 THEN 'requested' ELSE 'completed' END AS status,
  CASE WHEN h(i, 118) % 4 > 0 THEN day(i, 119) END AS done_on, day(i, 120) AS authored_on FROM range($PEOPLE // 20) t(i);
INSERT INTO door.shared_care_plan BY NAME SELECT i + 1 AS source_row, who(i, 121) AS person_key, 'active' AS status, day(i, 122) AS created_on FROM range($PEOPLE // 50) t(i);
)";

}  // namespace

std::string random_door_sql(long people, int faults) {
  std::string sql = statements;
  replace_all(sql, "$PEOPLE", std::to_string(people));
  replace_all(sql, "$FAULTS", std::to_string(faults));
  return sql;
}

}  // namespace joinedup::record
