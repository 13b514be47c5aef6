-- grain: one row per person, month and setting with any activity
-- key: person_key, month, setting
-- table: person_month

CREATE TABLE person_month AS
WITH
-- Settings as numbers in the order of their names: grouping and sorting numbers is several times faster than text.
setting_number AS (
  SELECT setting, CAST(row_number() OVER (ORDER BY setting) AS INTEGER) AS number
  FROM (SELECT DISTINCT setting FROM source WHERE setting IS NOT NULL) each_setting
),
-- A source has one setting, but for FHIR encounters, whose rows say it themselves.
source_number AS (
  SELECT s.source, n.number
  FROM source s
  JOIN setting_number n ON n.setting = s.setting
),
numbered AS (
  SELECT a.person_key, a.date, n.number, a.units, a.cost_pence
  FROM activity a
  JOIN source_number n ON n.source = a.source
  UNION ALL
  SELECT a.person_key, a.date, n.number, a.units, a.cost_pence
  FROM activity a
  JOIN setting_number n ON n.setting = a.setting
  WHERE a.source = 12
),
summed AS (
  SELECT person_key, CAST(date_trunc('month', date) AS DATE) AS month, number,
         CAST(sum(units) AS BIGINT) AS units, CAST(sum(cost_pence) AS BIGINT) AS cost_pence
  FROM numbered
  GROUP BY person_key, CAST(date_trunc('month', date) AS DATE), number
)
SELECT m.person_key, m.month, n.setting, m.units, m.cost_pence
FROM summed m
JOIN setting_number n ON n.number = m.number
ORDER BY m.person_key, m.month, m.number;
