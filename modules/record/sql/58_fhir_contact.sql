-- Encounters received as FHIR that are no hospital stay, and prescriptions: into the tables of their kind, at default prices.

INSERT INTO emergency_attendance (person_key, source, source_row, provider, arrival_date, cost_pence, cost_defaulted, in_period)
SELECT e.person_key, CAST(12 AS SMALLINT), e.source_row, e.provider_known, e.day,
       CAST(coalesce(d.type_1_2_pence, 0) AS BIGINT), TRUE, e.in_period
FROM fhir_encounter_placed e
LEFT JOIN price_emergency d ON d.hrg = '*'
WHERE e.happened AND e.goes_to = 'emergency_attendance'
ORDER BY e.source_row;

INSERT INTO outpatient_attendance (person_key, source, source_row, provider, appointment_date, attendance, attended, did_not_attend,
  first_contact, remote, is_procedure, cost_pence, cost_defaulted, in_period)
SELECT e.person_key, CAST(12 AS SMALLINT), e.source_row, e.provider_known, e.day, 'attended', TRUE, FALSE,
       FALSE, FALSE, FALSE, CAST(coalesce(d.follow_up_pence, 0) AS BIGINT), TRUE, e.in_period
FROM fhir_encounter_placed e
LEFT JOIN price_outpatient d ON d.treatment_function = '*'
WHERE e.happened AND e.goes_to = 'outpatient_attendance'
ORDER BY e.source_row;

INSERT INTO gp_contact (person_key, source, source_row, contact_date, consultation_type, worker, minutes, kind_defaulted,
  cost_pence, cost_defaulted, in_period)
SELECT e.person_key, CAST(12 AS SMALLINT), e.source_row, e.day, e.type_display, d.worker,
       CAST(d.default_minutes AS INTEGER), TRUE, CAST(coalesce(d.default_minutes * d.pence_per_minute, 0) AS BIGINT), TRUE, e.in_period
FROM fhir_encounter_placed e
LEFT JOIN price_contact d ON d.setting = 'general_practice' AND d.kind = '*'
WHERE e.happened AND e.goes_to = 'gp_contact'
ORDER BY e.source_row;

-- Prescriptions; those that name a Medication take its code (dm+d is SNOMED CT, so a number).
INSERT INTO prescription_item (person_key, source, source_row, issue_date, code, code_system, bnf_chapter, cost_pence, cost_defaulted,
  in_period)
WITH
medication AS (
  SELECT medication, max(code) AS code, max(code_system) AS code_system
  FROM door.fhir_medication
  GROUP BY medication
)
SELECT m.person_key, CAST(13 AS SMALLINT), m.source_row,
       CASE WHEN CAST(date_trunc('month', m.authored_date) AS DATE) = a.birth_month THEN a.birth_month ELSE m.authored_date END,
       coalesce(m.code, g.code), coalesce(m.code_system, g.code_system),
       CAST(0 AS SMALLINT), CAST(coalesce(d.pence, 0) AS BIGINT), TRUE,
       m.authored_date BETWEEN t.data_from AND t.data_to
FROM door.fhir_medication_request m
CROSS JOIN period t
LEFT JOIN medication g ON g.medication = m.medication
LEFT JOIN price_prescription_default d ON d.bnf_chapter = '*'
LEFT JOIN door.person_attribute a ON a.person_key = m.person_key
WHERE m.person_key IS NOT NULL AND coalesce(m.status, 'unknown') NOT IN ('cancelled', 'entered-in-error', 'draft')
ORDER BY m.source_row;
