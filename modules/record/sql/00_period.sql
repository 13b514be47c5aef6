-- grain: one row per staged table that the record reads
-- key: source
-- table: source
-- Helper tables of one run: the place's period, its months, and the sources that activity comes from.

{{temporary(period)}} AS SELECT data_from, data_to FROM door.place_period;

CREATE TABLE source AS
SELECT CAST(source AS SMALLINT) AS source, staged_table, setting
FROM (VALUES
  (1, 'inpatient_episode', 'inpatient'),
  (2, 'outpatient_appointment', 'outpatient'),
  (3, 'ecds_attendance', 'emergency_department'),
  (4, 'ae_attendance', 'emergency_department'),
  (5, 'gp_consultation', 'general_practice'),
  (6, 'gp_issue', 'prescribing'),
  (7, 'csds_contact', 'community'),
  (8, 'mhsds_contact', 'mental_health'),
  (9, 'social_care_event', 'social_care'),
  (10, 'housing_row', 'housing'),
  (11, 'voluntary_row', 'voluntary'),
  (12, 'fhir_encounter', NULL),
  (13, 'fhir_medication_request', 'prescribing'),
  (21, 'gp_registration', NULL),
  (22, 'gp_observation', NULL),
  (23, 'death_registration', NULL),
  (24, 'fhir_condition', NULL),
  (25, 'fhir_procedure', NULL),
  (26, 'mhsds_referral', NULL),
  (27, 'fhir_patient', NULL),
  (28, 'shared_encounter', 'case_management'),
  (29, 'shared_task', 'case_management'),
  (30, 'shared_care_plan', NULL)
) AS listed(source, staged_table, setting);
