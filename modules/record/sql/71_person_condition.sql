-- grain: one row per person and listed long-term condition
-- key: person_key, condition
-- table: person_condition

CREATE TABLE person_condition AS
SELECT person_key, condition,
       min(recorded_on) AS first_recorded, max(recorded_on) AS last_recorded,
       min(CASE WHEN recorded_by = 'general_practice' THEN recorded_on END) AS first_recorded_by_practice,
       max(CASE WHEN recorded_by = 'general_practice' THEN 1 ELSE 0 END) = 1 AS recorded_by_practice,
       max(CASE WHEN recorded_by = 'hospital' THEN 1 ELSE 0 END) = 1 AS recorded_by_hospital,
       max(CASE WHEN recorded_by = 'emergency_department' THEN 1 ELSE 0 END) = 1 AS recorded_by_emergency_department,
       max(CASE WHEN recorded_by = 'mental_health' THEN 1 ELSE 0 END) = 1 AS recorded_by_mental_health,
       max(CASE WHEN recorded_by = 'fhir' THEN 1 ELSE 0 END) = 1 AS recorded_by_fhir,
       CAST(count(*) AS BIGINT) AS records
FROM condition
WHERE condition IS NOT NULL
GROUP BY person_key, condition
ORDER BY person_key, condition;
