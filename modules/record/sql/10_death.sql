-- grain: one row per person who has died
-- key: person_key
-- table: death

CREATE TABLE death AS
WITH
-- What each feed says of a person's death; a registration is believed before the practice, the practice before a hospital.
told AS (
  SELECT person_key, date_of_death, place_of_death, underlying_cause, registered_on,
         'registration' AS recorded_by, 1 AS preference, source_row
  FROM door.death_registration
  WHERE person_key IS NOT NULL
  UNION ALL
  SELECT person_key, date_of_death, NULL, NULL, NULL, 'general_practice', 2, source_row
  FROM door.gp_registration
  WHERE date_of_death IS NOT NULL AND person_key IS NOT NULL AND NOT coalesce(deleted, FALSE)
  UNION ALL
  SELECT person_key, spell_end, 'hospital', NULL, NULL, 'hospital', 3, source_row
  FROM door.inpatient_episode
  WHERE discharge_method = '4' AND spell_end IS NOT NULL AND person_key IS NOT NULL
  UNION ALL
  SELECT person_key, date_of_death, NULL, NULL, NULL, 'fhir', 4, source_row
  FROM door.fhir_patient
  WHERE date_of_death IS NOT NULL AND person_key IS NOT NULL
),
-- The first in that order; within a feed the latest row.
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY person_key ORDER BY preference, source_row DESC) AS place_in_order
  FROM told
)
SELECT person_key, date_of_death, place_of_death, underlying_cause, registered_on, recorded_by,
       CAST(CASE recorded_by WHEN 'registration' THEN 23 WHEN 'general_practice' THEN 21 WHEN 'hospital' THEN 1 ELSE 27 END AS SMALLINT) AS source,
       source_row
FROM ranked
WHERE place_in_order = 1
ORDER BY person_key;
