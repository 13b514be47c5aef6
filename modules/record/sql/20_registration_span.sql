-- grain: one row per unbroken stay on one practice's list; spans of a person never overlap
-- key: person_key, starts_on
-- table: registration_span

CREATE TABLE registration_span AS
WITH
-- The practice's code of every organisation.
practice AS (
  SELECT organisation_guid, max(ods_code) AS ods_code
  FROM door.gp_organisation
  GROUP BY organisation_guid
),
-- Registrations that count, with their practice; one without a start began before we know.
registration AS (
  SELECT r.person_key, p.ods_code AS practice,
         coalesce(r.registered_on, DATE '1900-01-01') AS registered_on,
         r.deregistered_on, r.patient_type, r.source_row
  FROM door.gp_registration r
  LEFT JOIN practice p ON p.organisation_guid = r.organisation_guid
  WHERE r.person_key IS NOT NULL AND NOT coalesce(r.deleted, FALSE)
),
-- Of registrations that begin on one day (a person held twice) the one that lasts longest, then the latest row.
distinct_start AS (
  SELECT *, row_number() OVER (
           PARTITION BY person_key, registered_on
           ORDER BY deregistered_on DESC NULLS FIRST, source_row DESC) AS place_in_order
  FROM registration
),
-- A person is on one list at a time: the next registration ends the one before.
followed AS (
  SELECT *, lead(registered_on) OVER (PARTITION BY person_key ORDER BY registered_on) AS next_registered_on
  FROM distinct_start
  WHERE place_in_order = 1
),
-- The last day is the earliest of the deregistration, the day before the next registration, and the death.
ended AS (
  SELECT f.person_key, f.practice, f.registered_on, f.deregistered_on, f.patient_type, f.source_row, f.next_registered_on,
         d.date_of_death,
         least(coalesce(f.deregistered_on, DATE '9999-12-31'),
               coalesce({{add_days(f.next_registered_on; -1)}}, DATE '9999-12-31'),
               coalesce(d.date_of_death, DATE '9999-12-31')) AS last_day
  FROM followed f
  LEFT JOIN death d ON d.person_key = f.person_key
)
SELECT e.person_key, e.practice,
       -- A newborn's first registration would give the birth away: its month only.
       CASE WHEN CAST(date_trunc('month', e.registered_on) AS DATE) = a.birth_month THEN a.birth_month
            ELSE e.registered_on END AS starts_on,
       CASE WHEN e.last_day = DATE '9999-12-31' THEN NULL ELSE e.last_day END AS ends_on,
       CASE WHEN e.last_day = DATE '9999-12-31' THEN NULL
            WHEN e.last_day = e.date_of_death THEN 'death'
            WHEN e.last_day = e.deregistered_on THEN 'deregistered'
            ELSE 'registered_elsewhere' END AS ended_because,
       e.patient_type,
       coalesce(CAST(date_trunc('month', e.registered_on) AS DATE) = a.birth_month, FALSE) AS date_is_month_only,
       e.registered_on = DATE '1900-01-01' AS start_defaulted,
       CAST(21 AS SMALLINT) AS source, e.source_row
FROM ended e
LEFT JOIN door.person_attribute a ON a.person_key = e.person_key
WHERE e.last_day >= e.registered_on
ORDER BY e.person_key, starts_on;
