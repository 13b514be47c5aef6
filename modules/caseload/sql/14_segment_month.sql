-- grain: one row per month of the data
-- key: month
-- table: segment_month

CREATE TABLE segment_month AS SELECT month FROM case_month ORDER BY month;

-- Everybody, every month, exactly one segment: the intervals spread out when asked for (36 million rows for a million people
-- over three years are not kept).
CREATE VIEW person_segment AS
SELECT i.person_key, m.month, i.segment, i.frailty, i.condition_count_band
FROM segment_interval i
JOIN segment_month m ON m.month BETWEEN i.from_month AND i.to_month;
