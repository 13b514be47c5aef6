-- Helper: which kinds of partner hold anything about a person.

{{temporary(person_known)}} AS
SELECT DISTINCT person_key, 'gp' AS kind FROM door.gp_registration WHERE person_key IS NOT NULL
UNION ALL
SELECT DISTINCT person_key, 'hospital' FROM door.inpatient_episode WHERE person_key IS NOT NULL
UNION ALL
SELECT DISTINCT person_key, 'hospital' FROM door.outpatient_appointment WHERE person_key IS NOT NULL
UNION ALL
SELECT DISTINCT person_key, 'hospital' FROM attendance_sent
UNION ALL
SELECT DISTINCT person_key, 'hospital' FROM door.fhir_patient WHERE person_key IS NOT NULL
UNION ALL
SELECT DISTINCT person_key, 'community' FROM door.csds_person WHERE person_key IS NOT NULL
UNION ALL
SELECT DISTINCT person_key, 'mental_health' FROM door.mhsds_person WHERE person_key IS NOT NULL
UNION ALL
SELECT DISTINCT person_key, 'social_care' FROM door.social_care_event WHERE person_key IS NOT NULL
UNION ALL
SELECT DISTINCT person_key, 'housing' FROM door.housing_row WHERE person_key IS NOT NULL
UNION ALL
SELECT DISTINCT person_key, 'voluntary' FROM door.voluntary_row WHERE person_key IS NOT NULL;
