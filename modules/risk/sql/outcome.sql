-- grain: one row per member of the cohort (a person as of a day)
-- key: row_id
-- table: risk_outcome
-- What happened from index_date on: in the year for people, in 30 days for those just discharged.

CREATE TABLE risk_outcome AS
WITH
admitted AS (
  SELECT c.row_id, min({{days_between(c.index_date; h.admission_date)}}) AS first_day
  FROM hospital_spell h
  JOIN risk_cohort c ON c.person_key = h.person_key
  WHERE h.admission_type = 'emergency' AND h.admission_date >= c.index_date
  GROUP BY c.row_id
),
care_began AS (
  SELECT c.row_id, min({{days_between(c.index_date; e.starts_on)}}) AS first_day
  FROM care_package e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.service_type LIKE 'Long Term%' AND e.starts_on >= c.index_date
  GROUP BY c.row_id
),
care_open AS (
  SELECT DISTINCT c.row_id
  FROM care_package e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.service_type LIKE 'Long Term%' AND e.starts_on < c.index_date AND (e.ends_on IS NULL OR e.ends_on >= c.index_date)
),
cost AS (
  SELECT c.row_id, CAST(sum(a.cost_pence) AS BIGINT) AS cost_pence
  FROM activity a
  JOIN risk_cohort c ON c.person_key = a.person_key
  WHERE {{days_between(c.index_date; a.date)}} BETWEEN 0 AND 364
  GROUP BY c.row_id
)
SELECT c.row_id,
       CASE WHEN admitted.first_day <= 364 THEN 1 ELSE 0 END AS emergency_admission_12m,
       CASE WHEN admitted.first_day <= 30 THEN 1 ELSE 0 END AS emergency_admission_30d,
       CASE WHEN care_open.row_id IS NOT NULL THEN NULL WHEN care_began.first_day <= 364 THEN 1 ELSE 0 END AS long_term_care_12m,
       CASE WHEN {{days_between(c.index_date; p.date_of_death)}} BETWEEN 0 AND 364 THEN 1 ELSE 0 END AS death_12m,
       coalesce(cost.cost_pence, 0) AS cost_12m
FROM risk_cohort c
JOIN person p ON p.person_key = c.person_key
LEFT JOIN admitted ON admitted.row_id = c.row_id
LEFT JOIN care_began ON care_began.row_id = c.row_id
LEFT JOIN care_open ON care_open.row_id = c.row_id
LEFT JOIN cost ON cost.row_id = c.row_id
ORDER BY c.row_id;
