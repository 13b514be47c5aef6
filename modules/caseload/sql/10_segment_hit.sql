-- Helper tables: the months that each person is here, and the months in which each rule of a segment holds. A month is the
-- number 12 × year + month − 1, so that months can be added.

{{temporary(segment_span)}} AS
WITH
-- Every stay on a list, within the data.
clipped AS (
  SELECT s.person_key,
         12 * year(greatest(s.starts_on, t.data_from)) + month(greatest(s.starts_on, t.data_from)) - 1 AS from_month,
         12 * year(least(coalesce(s.ends_on, t.data_to), t.data_to)) + month(least(coalesce(s.ends_on, t.data_to), t.data_to)) - 1 AS to_month
  FROM registration_span s
  CROSS JOIN case_setting t
  WHERE s.starts_on <= t.data_to AND coalesce(s.ends_on, t.data_to) >= t.data_from
),
-- A move between practices does not end a stay in the place.
marked AS (
  SELECT person_key, from_month, to_month,
         CASE WHEN from_month <= 1 + max(to_month) OVER (PARTITION BY person_key ORDER BY from_month, to_month
                                                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS begins
  FROM clipped
),
numbered AS (
  SELECT person_key, from_month, to_month,
         sum(begins) OVER (PARTITION BY person_key ORDER BY from_month, to_month ROWS UNBOUNDED PRECEDING) AS stay
  FROM marked
)
SELECT person_key, CAST(min(from_month) AS INTEGER) AS from_month, CAST(max(to_month) AS INTEGER) AS to_month
FROM numbered
GROUP BY person_key, stay;

{{temporary(segment_hit)}} AS
WITH
-- Stays in hospital by kind, as months.
stay AS (
  SELECT person_key, admission_type,
         12 * year(admission_date) + month(admission_date) - 1 AS from_month,
         12 * year(coalesce(discharge_date, admission_date)) + month(coalesce(discharge_date, admission_date)) - 1 AS to_month
  FROM hospital_spell
  WHERE admission_type IN ('emergency', 'maternity')
),
hit AS (
  SELECT c.person_key, r.precedence, 12 * year(c.first_recorded) + month(c.first_recorded) - 1 AS from_month, 999999 AS to_month
  FROM person_condition c
  JOIN segment_rule r ON r.kind = 'condition' AND r.code = c.condition
  UNION ALL
  SELECT f.person_key, r.precedence, 12 * year(f.recorded_on) + month(f.recorded_on) - 1,
         coalesce(12 * year(f.recorded_on) + month(f.recorded_on) - 1 + r.months, 999999)
  FROM care_finding f
  JOIN segment_rule r ON r.kind = 'finding' AND r.code = f.finding
  UNION ALL
  SELECT s.person_key, r.precedence, s.from_month, s.to_month + coalesce(r.months, 0)
  FROM stay s
  JOIN segment_rule r ON r.kind = 'admission' AND r.code = s.admission_type
  UNION ALL
  -- An admission of somebody with the condition, from whichever comes later.
  SELECT s.person_key, r.precedence, greatest(s.from_month, 12 * year(c.first_recorded) + month(c.first_recorded) - 1), s.to_month + r.months
  FROM stay s
  JOIN person_condition c ON c.person_key = s.person_key
  JOIN segment_rule r ON r.kind = 'condition_with_admission' AND r.code = c.condition AND r.with_code = s.admission_type
  UNION ALL
  SELECT a.person_key, r.precedence, 12 * year(a.arrival_date) + month(a.arrival_date) - 1,
         12 * year(a.arrival_date) + month(a.arrival_date) - 1 + coalesce(r.months, 0)
  FROM emergency_attendance a
  CROSS JOIN segment_rule r
  WHERE r.kind = 'attendance'
  UNION ALL
  SELECT p.person_key, r.precedence, 12 * year(p.charged_from) + month(p.charged_from) - 1, 12 * year(p.charged_to) + month(p.charged_to) - 1
  FROM care_package p
  JOIN segment_rule r ON r.kind = 'package' AND lower(p.service_type) LIKE r.code
  WHERE NOT p.one_off
  UNION ALL
  SELECT p.person_key, r.precedence, 12 * year(p.birth_month) + month(p.birth_month) - 1,
         12 * year(p.birth_month) + month(p.birth_month) - 1 + r.months
  FROM person p
  CROSS JOIN segment_rule r
  WHERE r.kind = 'age' AND p.birth_month IS NOT NULL
)
-- Ends grouped by start are enough: of two that begin together the longer holds.
SELECT person_key, precedence, CAST(from_month AS INTEGER) AS from_month, CAST(max(to_month) AS INTEGER) AS to_month
FROM hit
WHERE to_month >= from_month
GROUP BY person_key, precedence, from_month;

-- Frailty as last recorded, until it is recorded otherwise.
{{temporary(segment_frailty)}} AS
WITH
recorded AS (
  SELECT person_key, 12 * year(recorded_on) + month(recorded_on) - 1 AS from_month,
         max(CASE finding WHEN 'mild_frailty' THEN 1 WHEN 'moderate_frailty' THEN 2 ELSE 3 END) AS level
  FROM care_finding
  WHERE finding IN ('mild_frailty', 'moderate_frailty', 'severe_frailty')
  GROUP BY 1, 2
)
SELECT person_key, level, CAST(from_month AS INTEGER) AS from_month,
       CAST(coalesce(lead(from_month) OVER (PARTITION BY person_key ORDER BY from_month) - 1, 999999) AS INTEGER) AS to_month
FROM recorded;

-- How many listed conditions had been recorded by each month.
{{temporary(segment_condition_count)}} AS
WITH
first_month AS (
  SELECT person_key, 12 * year(first_recorded) + month(first_recorded) - 1 AS from_month, count(*) AS more
  FROM person_condition
  WHERE first_recorded IS NOT NULL
  GROUP BY 1, 2
)
SELECT person_key, CAST(from_month AS INTEGER) AS from_month,
       CAST(sum(more) OVER (PARTITION BY person_key ORDER BY from_month ROWS UNBOUNDED PRECEDING) AS INTEGER) AS conditions,
       CAST(coalesce(lead(from_month) OVER (PARTITION BY person_key ORDER BY from_month) - 1, 999999) AS INTEGER) AS to_month
FROM first_month;
