-- grain: one row per person and long-term condition
-- key: person_key, condition
-- table: condition

-- Practices' own code numbers that mean a listed condition.
{{temporary(condition_code)}} AS
SELECT c.code_id, min(m.condition) AS condition
FROM door.clinical_code c
JOIN code_condition_snomed m ON m.snomed_concept = c.snomed_concept
GROUP BY c.code_id;

-- Every record of a listed condition, by who made it.
{{temporary(condition_record)}} AS
WITH
-- ICD-10 codes once each, with the condition of their longest listed prefix.
icd10_code AS (
  SELECT DISTINCT icd10 FROM spell_diagnosis
  UNION
  SELECT DISTINCT substr(replace(diagnosis_icd10, '.', ''), 1, 4) FROM emergency_attendance WHERE diagnosis_icd10 IS NOT NULL
),
icd10_ranked AS (
  SELECT c.icd10, m.condition, row_number() OVER (PARTITION BY c.icd10 ORDER BY length(m.icd10) DESC) AS place_in_order
  FROM icd10_code c
  JOIN code_icd10_condition m ON m.icd10 = substr(c.icd10, 1, length(m.icd10))
),
-- ECDS diagnoses of the attendances that count.
emergency_diagnosis AS (
  SELECT ec_ident, diagnosis_01 AS snomed_concept FROM door.ecds_diagnosis
  UNION ALL SELECT ec_ident, diagnosis_02 FROM door.ecds_diagnosis
  UNION ALL SELECT ec_ident, diagnosis_03 FROM door.ecds_diagnosis
)
SELECT o.person_key, k.condition, o.effective_date AS recorded_on, 'general_practice' AS recorded_by
FROM door.gp_observation o
JOIN condition_code k ON k.code_id = o.code_id
WHERE o.person_key IS NOT NULL AND NOT coalesce(o.deleted, FALSE)
UNION ALL
SELECT d.person_key, m.condition, d.admission_date, 'hospital'
FROM spell_diagnosis d
JOIN icd10_ranked m ON m.place_in_order = 1 AND m.icd10 = d.icd10
UNION ALL
SELECT a.person_key, m.condition, a.arrival_date, 'emergency_department'
FROM emergency_attendance a
JOIN icd10_ranked m ON m.place_in_order = 1 AND m.icd10 = substr(replace(a.diagnosis_icd10, '.', ''), 1, 4)
UNION ALL
SELECT a.person_key, m.condition, a.arrival_date, 'emergency_department'
FROM emergency_attendance a
JOIN emergency_diagnosis e ON e.ec_ident = a.ec_ident
JOIN code_condition_snomed m ON m.snomed_concept = e.snomed_concept
UNION ALL
SELECT r.person_key, m.condition, r.received_on, 'mental_health'
FROM door.mhsds_referral r
JOIN code_mhsds_reason m ON m.reason = r.primary_reason
WHERE r.person_key IS NOT NULL;

CREATE TABLE condition AS
SELECT person_key, condition,
       min(recorded_on) AS first_recorded, max(recorded_on) AS last_recorded,
       min(CASE WHEN recorded_by = 'general_practice' THEN recorded_on END) AS first_recorded_by_practice,
       max(CASE WHEN recorded_by = 'general_practice' THEN 1 ELSE 0 END) = 1 AS recorded_by_practice,
       max(CASE WHEN recorded_by = 'hospital' THEN 1 ELSE 0 END) = 1 AS recorded_by_hospital,
       max(CASE WHEN recorded_by = 'emergency_department' THEN 1 ELSE 0 END) = 1 AS recorded_by_emergency_department,
       max(CASE WHEN recorded_by = 'mental_health' THEN 1 ELSE 0 END) = 1 AS recorded_by_mental_health,
       CAST(count(*) AS BIGINT) AS records
FROM condition_record
GROUP BY person_key, condition
ORDER BY person_key, condition;
