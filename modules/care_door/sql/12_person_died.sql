-- grain: one row per care key of somebody who has died
-- The registrar's date before the practice's; a feed that may not be used for care has left no row in death_shared.
CREATE TABLE person_died AS
WITH
said AS (
  SELECT care_key, date_of_death, 1 AS rank FROM death_shared WHERE date_of_death IS NOT NULL
  UNION ALL
  SELECT care_key, date_of_death, 2 FROM registration WHERE date_of_death IS NOT NULL
),
ranked AS (
  SELECT care_key, date_of_death, row_number() OVER (PARTITION BY care_key ORDER BY rank, date_of_death) AS nth FROM said
)
SELECT care_key, date_of_death FROM ranked WHERE nth = 1;
