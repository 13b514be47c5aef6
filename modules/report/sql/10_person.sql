-- grain: one row per person known to any feed
-- The report's population: people registered with a practice of the place at the end of the data, and people who died in
-- the year before it. Age is in completed years at the end of the data, or at death.
CREATE OR REPLACE TEMP TABLE report_person AS
SELECT person_key,
       sex,
       CAST((year(until) * 12 + month(until) - year(birth_month) * 12 - month(birth_month)) // 12 AS INTEGER) AS age,
       imd_decile,
       ethnicity,
       alive AND registered AS living_here,
       (alive AND registered) OR (died_on >= {{year_start}} AND died_on <= {{data_to}}) AS in_population,
       partners_known, known_gp, known_hospital, known_community, known_mental_health, known_social_care, known_housing,
       known_voluntary
FROM (SELECT *,
             date_of_death AS died_on,
             date_of_death IS NULL OR date_of_death > {{data_to}} AS alive,
             CASE WHEN date_of_death < {{data_to}} THEN date_of_death ELSE {{data_to}} END AS until
      FROM person) AS person_until;

-- grain: one row per person and setting of the year
CREATE OR REPLACE TEMP TABLE report_cost AS
SELECT person_key, setting, CAST(sum(units) AS BIGINT) AS units, CAST(sum(cost_pence) AS BIGINT) AS cost_pence
FROM person_month
WHERE month >= {{year_start}} AND month <= {{data_to}}
GROUP BY person_key, setting;
