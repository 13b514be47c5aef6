-- grain: one row per care contact planned or held
-- key: source, source_row
-- table: community_contact

CREATE TABLE community_contact AS
WITH
-- What became of each contact: attendance codes 5 and 6 are seen (in time, late).
described AS (
  SELECT c.*,
         coalesce(attendance_status, '') IN ('5', '6') AS seen,
         CASE attendance_status WHEN '5' THEN 'attended' WHEN '6' THEN 'attended' WHEN '7' THEN 'did_not_attend'
                                WHEN '3' THEN 'did_not_attend' WHEN '2' THEN 'cancelled_by_patient'
                                WHEN '4' THEN 'cancelled_by_provider' ELSE 'attendance_not_recorded' END AS attendance
  FROM door.csds_contact c
  WHERE person_key IS NOT NULL
),
-- Minutes from the feed, else the list's; the worker's price a minute by team where the list has one.
priced AS (
  SELECT c.*, coalesce(c.duration_minutes, p.default_minutes, d.default_minutes, 0) AS minutes,
         coalesce(p.pence_per_minute, d.pence_per_minute, 0) AS pence_per_minute
  FROM described c
  LEFT JOIN price_contact p ON p.setting = 'community' AND p.kind = lower(c.team) AND p.kind <> '*'
  LEFT JOIN price_contact d ON d.setting = 'community' AND d.kind = '*'
)
SELECT p.person_key, CAST(7 AS SMALLINT) AS source, p.source_row, p.provider, p.contact_date, p.service_request, p.team,
       p.attendance, p.seen AS attended, p.attendance = 'did_not_attend' AS did_not_attend, p.consultation_mechanism,
       CAST(p.minutes AS INTEGER) AS minutes,
       CAST(CASE WHEN p.seen THEN p.minutes * p.pence_per_minute ELSE 0 END AS BIGINT) AS cost_pence,
       p.seen AND p.duration_minutes IS NULL AS cost_defaulted,
       p.contact_date BETWEEN t.data_from AND t.data_to AS in_period
FROM priced p
CROSS JOIN period t;  -- rows stay in the order they came in: no sort
