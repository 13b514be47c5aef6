-- Encounters received as FHIR: where each belongs, and the inpatient ones as spells of their own (FHIR has no HRG, so the default
-- price, flagged; and no transfer codes, so each is its own continuous spell).

{{temporary(fhir_encounter_placed)}} AS
SELECT e.*,
       coalesce(p.goes_to, k.goes_to, o.goes_to) AS goes_to,
       -- What did not happen: planned, cancelled, entered in error.
       coalesce(e.status, 'unknown') NOT IN ('planned', 'cancelled', 'entered-in-error') AS happened,
       coalesce(e.provider, e.provider_name) AS provider_known,
       e.start_date BETWEEN t.data_from AND t.data_to AS in_period,
       a.birth_month,
       -- A contact in the month of birth may be the birth: its month only.
       CASE WHEN CAST(date_trunc('month', e.start_date) AS DATE) = a.birth_month THEN a.birth_month ELSE e.start_date END AS day
FROM door.fhir_encounter e
CROSS JOIN period t
LEFT JOIN door.person_attribute a ON a.person_key = e.person_key
LEFT JOIN code_fhir_encounter p ON p.class = e.class AND p.type_code = e.type_code AND p.type_code <> '*'
LEFT JOIN code_fhir_encounter k ON k.class = e.class AND k.type_code = '*'
LEFT JOIN code_fhir_encounter o ON o.class = '*'
WHERE e.person_key IS NOT NULL;

INSERT INTO hospital_spell
WITH
-- Length of stay; month only where the stay begins in the month of birth.
stay AS (
  SELECT e.*,
         coalesce(CAST(date_trunc('month', e.start_date) AS DATE) = e.birth_month, FALSE) AS month_only,
         CAST(greatest({{days_between(e.start_date; coalesce(e.end_date, t.data_to))}}, 0) AS INTEGER) AS length_of_stay,
         coalesce(e.end_date, e.start_date) BETWEEN t.data_from AND t.data_to AS stay_in_period
  FROM fhir_encounter_placed e
  CROSS JOIN period t
  WHERE e.happened AND e.goes_to = 'hospital_spell'
)
SELECT s.person_key, CAST(12 AS SMALLINT), s.source_row, s.provider_known,
       CASE WHEN s.month_only THEN CAST(date_trunc('month', s.start_date) AS DATE) ELSE s.start_date END,
       CASE WHEN s.month_only THEN CAST(date_trunc('month', s.end_date) AS DATE) ELSE s.end_date END,
       s.month_only, s.end_date IS NOT NULL, s.length_of_stay,
       'other', NULL, NULL, NULL, NULL, FALSE, NULL, FALSE, 1,
       s.source_row, 1, 1,
       NULL, NULL, NULL,
       CAST({{whole({{days_between(s.birth_month; s.start_date)}} * 100; 36525)}} AS INTEGER),
       NULL, NULL, 0, 0,
       'non_elective', FALSE,
       CAST(coalesce(f.pence, 0) AS BIGINT),
       CAST(CASE WHEN s.end_date IS NULL THEN 0 ELSE greatest(s.length_of_stay - coalesce(f.trim_days, 99999), 0) END AS INTEGER),
       CAST(CASE WHEN s.end_date IS NULL THEN 0 ELSE greatest(s.length_of_stay - coalesce(f.trim_days, 99999), 0) END
            * coalesce(f.long_stay_day_pence, 0) AS BIGINT),
       CAST(0 AS BIGINT),
       CAST(coalesce(f.pence, 0)
            + CASE WHEN s.end_date IS NULL THEN 0 ELSE greatest(s.length_of_stay - coalesce(f.trim_days, 99999), 0) END
              * coalesce(f.long_stay_day_pence, 0) AS BIGINT),
       TRUE, s.stay_in_period
FROM stay s
LEFT JOIN price_hrg_default f ON f.admission = 'non_elective'
ORDER BY s.source_row;
