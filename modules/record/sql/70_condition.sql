-- grain: one row per record of a condition: of a listed long-term condition in any feed, and every FHIR Condition
-- key: source, source_row, part
-- table: condition

-- Practices' own code numbers that mean a listed condition.
{{temporary(condition_code)}} AS
SELECT c.code_id, min(m.condition) AS condition
FROM door.clinical_code c
JOIN code_condition_snomed m ON m.snomed_concept = c.snomed_concept
GROUP BY c.code_id;

-- ICD-10 codes once each, with the condition of their longest listed prefix.
{{temporary(icd10_condition)}} AS
WITH
-- The codes that the feeds use.
icd10_code AS (
  SELECT DISTINCT icd10 FROM spell_diagnosis
  UNION
  SELECT DISTINCT substr(replace(diagnosis_icd10, '.', ''), 1, 4) FROM emergency_attendance WHERE diagnosis_icd10 IS NOT NULL
  UNION
  SELECT DISTINCT substr(replace(code, '.', ''), 1, 4) FROM door.fhir_condition WHERE code_system LIKE '%icd-10%'
),
-- The longest prefix first.
ranked AS (
  SELECT c.icd10, m.condition, row_number() OVER (PARTITION BY c.icd10 ORDER BY length(m.icd10) DESC) AS place_in_order
  FROM icd10_code c
  JOIN code_icd10_condition m ON m.icd10 = substr(c.icd10, 1, length(m.icd10))
)
SELECT icd10, condition FROM ranked WHERE place_in_order = 1;

CREATE TABLE condition AS
WITH
-- ECDS diagnoses of the attendances that count.
emergency_diagnosis AS (
  SELECT ec_ident, 1 AS position, diagnosis_01 AS snomed_concept FROM door.ecds_diagnosis
  UNION ALL SELECT ec_ident, 2, diagnosis_02 FROM door.ecds_diagnosis
  UNION ALL SELECT ec_ident, 3, diagnosis_03 FROM door.ecds_diagnosis
),
-- Every record that names one.
recorded AS (
  SELECT o.person_key, k.condition, CAST(NULL AS STRING) AS code, CAST(NULL AS STRING) AS code_system, o.code_id,
         o.effective_date AS recorded_on, CAST(NULL AS DATE) AS ended_on, 'general_practice' AS recorded_by,
         CAST(22 AS SMALLINT) AS source, o.source_row, CAST(0 AS BIGINT) AS part
  FROM door.gp_observation o
  JOIN condition_code k ON k.code_id = o.code_id
  WHERE o.person_key IS NOT NULL AND NOT coalesce(o.deleted, FALSE)
  UNION ALL
  SELECT d.person_key, m.condition, d.icd10, 'ICD-10', NULL, d.admission_date, NULL, 'hospital', d.source, d.episode_row, d.position
  FROM spell_diagnosis d
  JOIN icd10_condition m ON m.icd10 = d.icd10
  UNION ALL
  SELECT a.person_key, m.condition, a.diagnosis_icd10, 'ICD-10', NULL, a.arrival_date, NULL, 'emergency_department', a.source, a.source_row, 0
  FROM emergency_attendance a
  JOIN icd10_condition m ON m.icd10 = substr(replace(a.diagnosis_icd10, '.', ''), 1, 4)
  UNION ALL
  SELECT a.person_key, m.condition, CAST(e.snomed_concept AS STRING), 'SNOMED CT', NULL, a.arrival_date, NULL, 'emergency_department',
         a.source, a.source_row, e.position
  FROM emergency_attendance a
  JOIN emergency_diagnosis e ON e.ec_ident = a.ec_ident
  JOIN code_condition_snomed m ON m.snomed_concept = e.snomed_concept
  UNION ALL
  SELECT r.person_key, m.condition, r.primary_reason, 'NHS referral reason', NULL, r.received_on, NULL, 'mental_health', CAST(26 AS SMALLINT),
         r.source_row, 0
  FROM door.mhsds_referral r
  JOIN code_mhsds_reason m ON m.reason = r.primary_reason
  WHERE r.person_key IS NOT NULL
  UNION ALL
  -- FHIR Conditions all, listed or not; a Condition with no date at all is dated by its
  -- encounter, and one in the month of birth keeps its month only.
  SELECT f.person_key, coalesce(s.condition, i.condition), f.code,
         CASE WHEN f.code_system = 'http://snomed.info/sct' THEN 'SNOMED CT' ELSE f.code_system END, NULL,
         CASE WHEN CAST(date_trunc('month', coalesce(f.onset_date, f.recorded_date, e.start_date)) AS DATE) = a.birth_month THEN a.birth_month
              ELSE coalesce(f.onset_date, f.recorded_date, e.start_date) END,
         CASE WHEN CAST(date_trunc('month', f.abatement_date) AS DATE) = a.birth_month THEN a.birth_month ELSE f.abatement_date END, 'fhir', CAST(24 AS SMALLINT), f.source_row, 0
  FROM door.fhir_condition f
  LEFT JOIN code_condition_snomed s ON f.code_system = 'http://snomed.info/sct' AND CAST(s.snomed_concept AS STRING) = f.code
  LEFT JOIN icd10_condition i ON f.code_system LIKE '%icd-10%' AND i.icd10 = substr(replace(f.code, '.', ''), 1, 4)
  LEFT JOIN door.person_attribute a ON a.person_key = f.person_key
  LEFT JOIN (SELECT encounter, min(start_date) AS start_date FROM door.fhir_encounter GROUP BY encounter) e ON e.encounter = f.encounter
  WHERE f.person_key IS NOT NULL AND coalesce(f.verification_status, 'confirmed') NOT IN ('entered-in-error', 'refuted')
)
SELECT person_key, condition, code, code_system, code_id, recorded_on, ended_on, recorded_by, source, source_row,
       CAST(part AS INTEGER) AS part
FROM recorded
ORDER BY source, source_row, part;
