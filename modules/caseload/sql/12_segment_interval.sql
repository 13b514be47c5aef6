-- grain: one row per person and unbroken run of months in one segment, one level of frailty and one band of conditions
-- key: person_key, from_month
-- table: segment_interval

CREATE TABLE segment_interval AS
WITH
-- Every month in which anything may change.
change AS (
  SELECT person_key, from_month AS month FROM segment_span
  UNION SELECT person_key, from_month FROM segment_hit
  UNION SELECT person_key, to_month + 1 FROM segment_hit WHERE to_month < 999999
  UNION SELECT person_key, from_month FROM segment_frailty
  UNION SELECT person_key, from_month FROM segment_condition_count
),
-- Those while the person is here.
here AS (
  SELECT c.person_key, c.month, s.to_month AS stay_ends
  FROM change c
  JOIN segment_span s ON s.person_key = c.person_key AND c.month BETWEEN s.from_month AND s.to_month
),
-- The rule of lowest precedence that holds then.
chosen AS (
  SELECT h.person_key, h.month, h.stay_ends, min(r.precedence) AS precedence
  FROM here h
  LEFT JOIN segment_hit r ON r.person_key = h.person_key AND h.month BETWEEN r.from_month AND r.to_month
  GROUP BY h.person_key, h.month, h.stay_ends
),
described AS (
  SELECT c.person_key, c.month, c.stay_ends,
         coalesce(p.segment, o.segment) AS segment,
         CASE f.level WHEN 1 THEN 'mild' WHEN 2 THEN 'moderate' WHEN 3 THEN 'severe' ELSE 'not_recorded' END AS frailty,
         b.band AS condition_count_band
  FROM chosen c
  CROSS JOIN (SELECT segment FROM segment_rule WHERE kind = 'otherwise') o
  LEFT JOIN (SELECT DISTINCT precedence, segment FROM segment_rule) p ON p.precedence = c.precedence
  LEFT JOIN segment_frailty f ON f.person_key = c.person_key AND c.month BETWEEN f.from_month AND f.to_month
  LEFT JOIN segment_condition_count n ON n.person_key = c.person_key AND c.month BETWEEN n.from_month AND n.to_month
  JOIN condition_count_band b ON coalesce(n.conditions, 0) BETWEEN b.at_least AND b.at_most
),
-- Each run ends where the next begins, or with the stay.
run AS (
  SELECT d.*, least(stay_ends, coalesce(lead(month) OVER (PARTITION BY person_key ORDER BY month) - 1, stay_ends)) AS to_month
  FROM described d
),
-- Runs that say the same are one.
marked AS (
  SELECT r.*,
         CASE WHEN lag(to_month) OVER follow = month - 1 AND lag(segment) OVER follow = segment
               AND lag(frailty) OVER follow = frailty AND lag(condition_count_band) OVER follow = condition_count_band THEN 0 ELSE 1 END AS begins
  FROM run r
  WINDOW follow AS (PARTITION BY person_key ORDER BY month)
),
numbered AS (
  SELECT m.*, sum(begins) OVER (PARTITION BY person_key ORDER BY month ROWS UNBOUNDED PRECEDING) AS number
  FROM marked m
),
joined AS (
  SELECT person_key, min(month) AS from_number, max(to_month) AS to_number, min(segment) AS segment, min(frailty) AS frailty,
         min(condition_count_band) AS condition_count_band
  FROM numbered
  GROUP BY person_key, number
)
SELECT person_key, make_date({{whole(from_number; 12)}}, from_number % 12 + 1, 1) AS from_month,
       make_date({{whole(to_number; 12)}}, to_number % 12 + 1, 1) AS to_month, segment, frailty, condition_count_band
FROM joined
ORDER BY person_key, from_number;
