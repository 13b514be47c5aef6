-- grain: one row per person known to any feed
-- key: person_key
-- table: person

CREATE TABLE person AS
WITH
-- Ethnic category (2001 census codes) as the feeds that use that code recorded it, "not stated" and "not known" left out.
ethnicity_told AS (
  SELECT person_key, ethnic_category AS ethnicity, source_row, 1 AS preference FROM door.inpatient_episode
  UNION ALL SELECT person_key, ethnic_category, source_row, 2 FROM door.outpatient_appointment
  UNION ALL SELECT person_key, ethnic_category, source_row, 3 FROM attendance_sent
  UNION ALL SELECT person_key, ethnic_category, source_row, 4 FROM door.csds_person
  UNION ALL SELECT person_key, ethnic_category, source_row, 5 FROM door.mhsds_person
),
-- The first feed in that order, its latest row.
ethnicity_ranked AS (
  SELECT person_key, ethnicity,
         row_number() OVER (PARTITION BY person_key ORDER BY preference, source_row DESC, ethnicity) AS place_in_order
  FROM ethnicity_told
  WHERE ethnicity IS NOT NULL AND ethnicity NOT IN ('Z', 'X', '99') AND person_key IS NOT NULL
),
-- The practice on the last day of the data, or the last one before.
last_span AS (
  SELECT s.person_key, s.practice, s.starts_on, s.ends_on,
         row_number() OVER (PARTITION BY s.person_key ORDER BY s.starts_on DESC) AS place_in_order
  FROM registration_span s
  CROSS JOIN period p
  WHERE s.starts_on <= p.data_to
),
-- Which kinds of partner know the person.
known AS (
  SELECT person_key,
         max(CASE WHEN kind = 'gp' THEN 1 ELSE 0 END) AS gp,
         max(CASE WHEN kind = 'hospital' THEN 1 ELSE 0 END) AS hospital,
         max(CASE WHEN kind = 'community' THEN 1 ELSE 0 END) AS community,
         max(CASE WHEN kind = 'mental_health' THEN 1 ELSE 0 END) AS mental_health,
         max(CASE WHEN kind = 'social_care' THEN 1 ELSE 0 END) AS social_care,
         max(CASE WHEN kind = 'housing' THEN 1 ELSE 0 END) AS housing,
         max(CASE WHEN kind = 'voluntary' THEN 1 ELSE 0 END) AS voluntary
  FROM person_known
  GROUP BY person_key
)
SELECT a.person_key, a.sex, a.birth_month, e.ethnicity, a.lsoa, a.imd_decile,
       l.practice,
       coalesce(l.ends_on IS NULL OR l.ends_on >= p.data_to, FALSE) AND l.person_key IS NOT NULL
         AND (d.date_of_death IS NULL OR d.date_of_death > p.data_to) AS registered,
       d.date_of_death,
       CAST(coalesce(k.gp + k.hospital + k.community + k.mental_health + k.social_care + k.housing + k.voluntary, 0) AS INTEGER)
         AS partners_known,
       coalesce(k.gp, 0) = 1 AS known_gp, coalesce(k.hospital, 0) = 1 AS known_hospital,
       coalesce(k.community, 0) = 1 AS known_community, coalesce(k.mental_health, 0) = 1 AS known_mental_health,
       coalesce(k.social_care, 0) = 1 AS known_social_care, coalesce(k.housing, 0) = 1 AS known_housing,
       coalesce(k.voluntary, 0) = 1 AS known_voluntary,
       a.bucket
FROM door.person_attribute a
CROSS JOIN period p
LEFT JOIN ethnicity_ranked e ON e.person_key = a.person_key AND e.place_in_order = 1
LEFT JOIN last_span l ON l.person_key = a.person_key AND l.place_in_order = 1
LEFT JOIN death d ON d.person_key = a.person_key
LEFT JOIN known k ON k.person_key = a.person_key
ORDER BY a.person_key;
