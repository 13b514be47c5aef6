-- grain: one row per month, segment the month before and segment in it
-- key: month, from_segment, to_segment
-- table: segment_movement

CREATE TABLE segment_movement AS
WITH
-- Each interval beside its neighbours; months as numbers.
beside AS (
  SELECT person_key, segment, 12 * year(from_month) + month(from_month) - 1 AS from_number, 12 * year(to_month) + month(to_month) - 1 AS to_number,
         lag(segment) OVER follow AS segment_before, lag(12 * year(to_month) + month(to_month) - 1) OVER follow AS number_before,
         lead(12 * year(from_month) + month(from_month) - 1) OVER follow AS number_after
  FROM segment_interval
  WINDOW follow AS (PARTITION BY person_key ORDER BY from_month)
),
limits AS (
  SELECT 12 * year(min(month)) + month(min(month)) - 1 AS first_number, 12 * year(max(month)) + month(max(month)) - 1 AS last_number FROM segment_month
),
moved AS (
  -- Into the interval: from another, or from outside the place.
  SELECT from_number AS number, CASE WHEN number_before = from_number - 1 THEN segment_before ELSE 'joined' END AS from_segment,
         segment AS to_segment, 1 AS people
  FROM beside
  CROSS JOIN limits
  WHERE from_number > first_number
  UNION ALL
  -- Out of it, by death or by leaving the list.
  SELECT b.to_number + 1, b.segment,
         CASE WHEN 12 * year(d.date_of_death) + month(d.date_of_death) - 1 <= b.to_number THEN 'died' ELSE 'left' END, 1
  FROM beside b
  CROSS JOIN limits l
  LEFT JOIN death d ON d.person_key = b.person_key
  WHERE b.to_number < l.last_number AND coalesce(b.number_after, 0) <> b.to_number + 1
),
-- Those who stay: in an interval both this month and the month before, counted by where intervals begin and end.
step AS (
  SELECT from_number + 1 AS number, segment, 1 AS more FROM beside WHERE to_number > from_number
  UNION ALL
  SELECT to_number + 1, segment, -1 FROM beside WHERE to_number > from_number
),
stepped AS (
  SELECT number, segment, sum(more) AS more FROM step GROUP BY number, segment
),
every AS (
  SELECT 12 * year(m.month) + month(m.month) - 1 AS number, s.segment
  FROM segment_month m
  CROSS JOIN (SELECT DISTINCT segment FROM segment_rule) s
),
stayed AS (
  SELECT e.number, e.segment, sum(coalesce(t.more, 0)) OVER (PARTITION BY e.segment ORDER BY e.number ROWS UNBOUNDED PRECEDING) AS people
  FROM every e
  LEFT JOIN stepped t ON t.number = e.number AND t.segment = e.segment
),
all_of_them AS (
  SELECT number, from_segment, to_segment, people FROM moved
  UNION ALL
  SELECT s.number, s.segment, s.segment, s.people FROM stayed s CROSS JOIN limits l WHERE s.people > 0 AND s.number <= l.last_number
)
SELECT make_date({{whole(number; 12)}}, CAST(number % 12 AS INTEGER) + 1, 1) AS month, from_segment, to_segment, CAST(sum(people) AS BIGINT) AS people
FROM all_of_them
GROUP BY number, from_segment, to_segment
ORDER BY number, from_segment, to_segment;
