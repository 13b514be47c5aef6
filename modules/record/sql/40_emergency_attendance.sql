-- grain: one row per attendance at an emergency department
-- key: source, source_row
-- table: emergency_attendance

-- Attendances of both feeds; where both hold one (same provider and attendance number) the emergency care data set is believed.
{{temporary(attendance_sent)}} AS
WITH
-- The two feeds in one shape.
both_feeds AS (
  SELECT CAST(3 AS SMALLINT) AS source, source_row, person_key, provider, attendance_number, department_type,
         attendance_category, arrival_date, arrival_time, practice, hrg,
         acuity, chief_complaint, discharge_status, discharge_destination, ec_ident, arrival_mode AS arrival_mode_snomed,
         CAST(NULL AS STRING) AS disposal, CAST(NULL AS STRING) AS diagnosis_icd10, ethnic_category
  FROM door.ecds_attendance
  WHERE person_key IS NOT NULL
  UNION ALL
  SELECT CAST(4 AS SMALLINT), source_row, person_key, provider, attendance_number, department_type,
         attendance_category, arrival_date, arrival_time, practice, hrg,
         NULL, NULL, NULL, NULL, NULL, NULL, disposal, diagnosis_01, ethnic_category
  FROM door.ae_attendance
  WHERE person_key IS NOT NULL
)
SELECT *,
       attendance_number IS NOT NULL
         AND row_number() OVER (PARTITION BY provider, attendance_number, CASE WHEN attendance_number IS NULL THEN source_row END
                                ORDER BY source, source_row DESC) > 1 AS superseded
FROM both_feeds;

CREATE TABLE emergency_attendance AS
SELECT a.person_key, a.source, a.source_row, a.provider, a.arrival_date, a.arrival_time, a.department_type,
       a.attendance_category, a.arrival_mode_snomed, a.acuity, a.chief_complaint, a.discharge_status,
       a.discharge_destination, a.disposal, a.diagnosis_icd10, a.ec_ident, a.practice, a.hrg,
       CAST(coalesce(CASE WHEN coalesce(a.department_type, '01') IN ('01', '02') THEN p.type_1_2_pence ELSE p.type_3_4_pence END,
                     CASE WHEN coalesce(a.department_type, '01') IN ('01', '02') THEN d.type_1_2_pence ELSE d.type_3_4_pence END,
                     0) AS BIGINT) AS cost_pence,
       p.hrg IS NULL AS cost_defaulted,
       a.arrival_date BETWEEN t.data_from AND t.data_to AS in_period
FROM attendance_sent a
CROSS JOIN period t
LEFT JOIN price_emergency p ON p.hrg = a.hrg AND a.hrg <> '*'
LEFT JOIN price_emergency d ON d.hrg = '*'
WHERE NOT a.superseded
ORDER BY a.source, a.source_row;
