-- grain: one row per discharge by the index date of somebody who left alive: what PARR-30 asks of it, columns named as its terms
-- key: source, source_row
-- (temporary: read by discharge_scores.cpp)

{{temporary(risk_parr30_input)}} AS
WITH
-- The last spell of a continuous stay, with the admission that began it. Day cases, maternity and births are left out.
discharge AS (
  SELECT l.source, l.source_row, l.person_key, f.admission_date, l.discharge_date, f.age, f.admission_type
  FROM hospital_spell l
  JOIN hospital_spell f ON f.source = l.source AND f.cips_key = l.cips_key AND f.cips_sequence = 1
  CROSS JOIN risk_index i
  WHERE l.cips_sequence = l.cips_spells AND l.finished AND NOT l.died AND NOT coalesce(f.day_case, FALSE)
    AND f.admission_type IN ('emergency', 'elective') AND l.discharge_date BETWEEN i.discharged_from AND i.index_date
),
-- Emergency admissions before this one, a continuous stay counted once.
earlier AS (
  SELECT d.source, d.source_row, CAST(count(*) AS BIGINT) AS in_a_year,
         max(CASE WHEN {{days_between(e.admission_date; d.admission_date)}} <= 30 THEN 1 ELSE 0 END) AS in_30_days
  FROM discharge d
  JOIN hospital_spell e ON e.person_key = d.person_key AND e.admission_type = 'emergency' AND e.cips_sequence = 1 AND e.admission_date < d.admission_date
  WHERE {{days_between(e.admission_date; d.admission_date)}} <= 365
  GROUP BY d.source, d.source_row
),
-- Diagnoses of stays that ended before this admission, by Charlson's groups.
history AS (
  SELECT d.source, d.source_row,
         max(CASE WHEN t.term = 'chf' THEN 1 ELSE 0 END) AS chf, max(CASE WHEN t.term = 'pvd' THEN 1 ELSE 0 END) AS pvd,
         max(CASE WHEN t.term = 'cpd' THEN 1 ELSE 0 END) AS cpd, max(CASE WHEN t.term = 'diabwc' THEN 1 ELSE 0 END) AS diabwc,
         max(CASE WHEN t.term = 'rend' THEN 1 ELSE 0 END) AS rend, max(CASE WHEN t.term = 'metacanc' THEN 1 ELSE 0 END) AS metacanc,
         max(CASE WHEN t.term = 'canc' THEN 1 ELSE 0 END) AS canc, max(CASE WHEN t.term = 'msld' THEN 1 ELSE 0 END) AS msld,
         max(CASE WHEN t.term = 'mld' THEN 1 ELSE 0 END) AS mld, max(CASE WHEN t.term = 'hp' THEN 1 ELSE 0 END) AS hp,
         max(CASE WHEN t.term = 'dementia' THEN 1 ELSE 0 END) AS dementia
  FROM discharge d
  JOIN spell_diagnosis h ON h.person_key = d.person_key AND h.discharge_date <= d.admission_date
  JOIN risk_code_term t ON t.code = h.icd10
  WHERE {{days_between(h.discharge_date; d.admission_date)}} <= 730
  GROUP BY d.source, d.source_row
)
SELECT d.source, d.source_row, d.person_key, d.discharge_date,
       CAST(d.age AS BIGINT) * CAST(d.age AS BIGINT) AS age_squared,
       coalesce(e.in_a_year, CAST(0 AS BIGINT)) AS emergency_admissions_last_year,
       CAST(coalesce(e.in_30_days, 0) AS BIGINT) AS emergency_admission_last_30_days,
       CAST(CASE WHEN d.admission_type = 'emergency' THEN 1 ELSE 0 END AS BIGINT) AS current_admission_emergency,
       CAST(coalesce(h.chf, 0) AS BIGINT) AS hx2y_congestive_heart_failure,
       CAST(coalesce(h.pvd, 0) AS BIGINT) AS hx2y_peripheral_vascular_disease,
       CAST(coalesce(h.cpd, 0) AS BIGINT) AS hx2y_chronic_pulmonary_disease,
       CAST(coalesce(h.diabwc, 0) AS BIGINT) AS hx2y_diabetes_with_chronic_complications,
       CAST(coalesce(h.rend, 0) AS BIGINT) AS hx2y_renal_disease,
       CAST(coalesce(h.metacanc, 0) AS BIGINT) AS hx2y_metastatic_cancer_with_solid_tumor,
       CAST(coalesce(h.canc, 0) AS BIGINT) AS hx2y_other_malignant_cancer,
       CAST(coalesce(h.msld, 0) AS BIGINT) AS hx2y_moderate_severe_liver_disease,
       CAST(coalesce(h.mld, 0) AS BIGINT) AS hx2y_other_liver_disease,
       CAST(coalesce(h.hp, 0) AS BIGINT) AS hx2y_hemiplegia_or_paraplegia,
       CAST(coalesce(h.dementia, 0) AS BIGINT) AS hx2y_dementia
FROM discharge d
LEFT JOIN earlier e ON e.source = d.source AND e.source_row = d.source_row
LEFT JOIN history h ON h.source = d.source AND h.source_row = d.source_row
ORDER BY d.source, d.source_row;
