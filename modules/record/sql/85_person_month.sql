-- grain: one row per person, month and setting with any activity
-- key: person_key, month, setting
-- table: person_month

CREATE TABLE person_month AS
SELECT person_key, CAST(date_trunc('month', date) AS DATE) AS month, setting,
       CAST(sum(units) AS BIGINT) AS units, CAST(sum(cost_pence) AS BIGINT) AS cost_pence
FROM activity
GROUP BY person_key, CAST(date_trunc('month', date) AS DATE), setting
ORDER BY person_key, month, setting;
