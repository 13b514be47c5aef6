-- grain: one row per contact or task that a team recorded in the shared record
-- key: source, source_row
-- table: case_contact

-- What case management does for a person, at the price of the staff minutes it took.
CREATE TABLE case_contact AS
WITH
-- Contacts, and the minutes they took: as recorded, else from their own times on one day.
contact AS (
  SELECT e.person_key, 28 AS source, e.source_row, 'contact' AS kind, e.start_date AS contact_date, coalesce(e.type_display, e.class) AS what,
         coalesce(e.status, 'unknown') IN ('finished', 'in-progress', 'onleave', 'triaged', 'arrived') AS happened, e.worker_role,
         CAST(coalesce(e.duration_minutes,
                       CASE WHEN e.start_date = e.end_date AND e.end_time > e.start_time THEN e.end_time - e.start_time END) AS INTEGER) AS said_minutes,
         CAST(NULL AS VARCHAR) AS attended_roles, 1 AS workers
  FROM door.shared_encounter e
  WHERE e.person_key IS NOT NULL
),
-- Tasks that were done, on the day they were done. One that says no minutes is counted and costs nothing: its contact may be recorded too.
-- A person's item of a meeting takes its minutes from everybody who was there.
task AS (
  SELECT t.person_key, 29 AS source, t.source_row, CASE WHEN lower(t.kind) = 'agenda-item' THEN 'meeting' ELSE 'task' END AS kind,
         coalesce(t.done_on, t.changed_on, t.authored_on) AS contact_date, coalesce(lower(t.kind), 'task') AS what,
         coalesce(t.status, 'unknown') = 'completed' AS happened, CASE WHEN lower(t.kind) = 'agenda-item' THEN NULL ELSE t.worker_role END AS worker_role,
         CAST(t.duration_minutes AS INTEGER) AS said_minutes,
         CASE WHEN lower(t.kind) = 'agenda-item' THEN t.attended_roles END AS attended_roles,
         CASE WHEN lower(t.kind) = 'agenda-item' AND t.attended > 0 THEN CAST(t.attended AS INTEGER) ELSE 1 END AS workers
  FROM door.shared_task t
  WHERE t.person_key IS NOT NULL
),
either AS (
  SELECT * FROM contact UNION ALL SELECT * FROM task
),
-- Those at a meeting whose role has a price: how often each role stands in the list, times its price. A blank on either side of each word
-- keeps one role from being found inside another.
meeting AS (
  SELECT n.source, n.source_row, CAST(sum(n.times) AS INTEGER) AS workers_priced, CAST(sum(n.times * n.pence_per_minute) AS INTEGER) AS pence_per_minute
  FROM (
    SELECT e.source, e.source_row, p.pence_per_minute,
           (length(' ' || replace(lower(e.attended_roles), ' ', '  ') || ' ') - length(replace(' ' || replace(lower(e.attended_roles), ' ', '  ') || ' ', ' ' || p.kind || ' ', '')))
             / (length(p.kind) + 2) AS times
    FROM either e
    JOIN price_contact p ON p.setting = 'case_management' AND p.kind <> '*'
    WHERE e.attended_roles IS NOT NULL
  ) n
  GROUP BY n.source, n.source_row
),
-- The worker's price a minute where the list has one; minutes that nobody recorded are the list's for contacts. The minutes of a meeting's item are
-- those planned for it: always a default.
priced AS (
  SELECT e.*,
         coalesce(e.said_minutes, CASE WHEN e.kind = 'contact' THEN coalesce(p.default_minutes, d.default_minutes, 0) ELSE 0 END) AS minutes,
         CASE WHEN m.source IS NOT NULL
              THEN m.pence_per_minute + (CASE WHEN e.workers > m.workers_priced THEN e.workers - m.workers_priced ELSE 0 END) * coalesce(d.pence_per_minute, 0)
              ELSE coalesce(p.pence_per_minute, d.pence_per_minute, 0) END AS pence_per_minute,
         p.kind IS NULL OR e.said_minutes IS NULL AS defaulted
  FROM either e
  LEFT JOIN meeting m ON m.source = e.source AND m.source_row = e.source_row
  LEFT JOIN price_contact p ON p.setting = 'case_management' AND p.kind = lower(e.worker_role) AND p.kind <> '*'
  LEFT JOIN price_contact d ON d.setting = 'case_management' AND d.kind = '*'
)
SELECT p.person_key, CAST(p.source AS SMALLINT) AS source, p.source_row, p.kind, p.contact_date, p.what, p.worker_role, p.happened,
       CAST(p.minutes AS INTEGER) AS minutes, p.workers,
       CAST(CASE WHEN p.happened THEN p.minutes * p.pence_per_minute ELSE 0 END AS BIGINT) AS cost_pence,
       p.happened AND p.defaulted AS cost_defaulted,
       coalesce(p.contact_date BETWEEN t.data_from AND t.data_to, FALSE) AS in_period
FROM priced p
CROSS JOIN period t
ORDER BY p.source, p.source_row;
