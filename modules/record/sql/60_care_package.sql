-- grain: one row per submitted service row that still counts: a care event within one submission's share of the calendar
-- key: source, source_row
-- table: care_package

-- Each service row with the days it alone answers for: a later submission takes over from its period's first day.
{{temporary(care_submission)}} AS
WITH
-- Service events; the event is the same where council, person, reference and component are.
service AS (
  SELECT e.*,
         coalesce(event_reference, concat('row ', CAST(source_row AS STRING))) AS event_name
  FROM door.social_care_event e
  WHERE person_key IS NOT NULL AND event_type = 'Service'
),
-- The rows of one event, earliest period first; a period sent again counts as its latest row.
ordered AS (
  SELECT s.*,
         row_number() OVER (PARTITION BY person_key, local_authority, event_name, coalesce(service_component, '')
                            ORDER BY period_end, source_row) AS submission_order
  FROM service s
),
-- What every later row of the event already covers.
followed AS (
  SELECT o.*,
         min(period_start) OVER later AS covered_from,
         first_value(event_end) OVER latest AS latest_end,
         first_value(event_start) OVER latest AS latest_start
  FROM ordered o
  WINDOW later AS (PARTITION BY person_key, local_authority, event_name, coalesce(service_component, '')
                   ORDER BY submission_order ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
         latest AS (PARTITION BY person_key, local_authority, event_name, coalesce(service_component, '')
                    ORDER BY submission_order DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
-- The slice of the calendar that is this row's own, before the event's own start and end.
sliced AS (
  SELECT f.*, period_start AS slice_start,
         least(period_end, coalesce({{add_days(covered_from; -1)}}, DATE '9999-12-31')) AS slice_end
  FROM followed f
)
SELECT s.*,
       greatest(slice_start, latest_start) AS charged_from,
       least(slice_end, coalesce(latest_end, DATE '9999-12-31')) AS charged_to,
       slice_end < slice_start AS superseded,
       lower(trim(coalesce(service_type, ''))) AS service_type_name,
       lower(trim(coalesce(service_component, ''))) AS service_component_name,
       -- "Per week", "Weekly": the same.
       regexp_replace(lower(trim(coalesce(cost_frequency, ''))), '^per ', '') AS frequency
FROM sliced s;

-- Those rows with their price's basis, and whether they answer for any day (a one-off: for the day it fell on).
{{temporary(care_rated)}} AS
WITH
-- A default price for every kind of service: component and type, then type, then component, then any.
kind AS (
  SELECT DISTINCT service_type_name, service_component_name FROM care_submission
),
-- Every default that fits it, the most particular first.
default_candidate AS (
  SELECT k.service_type_name, k.service_component_name, p.basis, p.pence,
         row_number() OVER (PARTITION BY k.service_type_name, k.service_component_name
           ORDER BY CASE WHEN p.service_type <> '*' AND p.service_component <> '*' THEN 1
                         WHEN p.service_type <> '*' THEN 2 WHEN p.service_component <> '*' THEN 3 ELSE 4 END) AS choice
  FROM kind k
  JOIN price_social_care_default p
    ON (p.service_type = k.service_type_name OR p.service_type = '*')
   AND (p.service_component = k.service_component_name OR p.service_component = '*')
),
-- Units a week by the published rule: the frequency is believed before the planned units (thousandths, whole numbers).
rated AS (
  SELECT s.*,
         frequency LIKE 'one%off%' OR (unit_cost_pence IS NULL AND d.basis = 'one_off') AS one_off,
         CASE WHEN frequency LIKE 'week%' THEN 1000 * 52
              WHEN frequency LIKE 'fortnight%' OR frequency LIKE '2 week%' OR frequency LIKE '2-week%' THEN 500 * 52
              WHEN frequency LIKE '4-week%' OR frequency LIKE '4 week%' OR frequency LIKE '4week%' OR frequency LIKE 'four%week%' THEN 250 * 52
              WHEN frequency LIKE 'month%' THEN 1000 * 12
              WHEN frequency LIKE 'quarter%' THEN 1000 * 4
              WHEN frequency LIKE 'annu%' OR frequency LIKE 'year%' THEN 1000
              ELSE CAST(round(abs(planned_units_per_week) * 1000) AS BIGINT) * 52 END AS units_52_thousandths,
         d.pence AS default_pence, d.basis AS default_basis
  FROM care_submission s
  LEFT JOIN default_candidate d ON d.choice = 1 AND d.service_type_name = s.service_type_name
    AND d.service_component_name = s.service_component_name
)
SELECT *,
       NOT superseded AND CASE WHEN one_off THEN latest_start BETWEEN slice_start AND slice_end
                               ELSE charged_to >= charged_from END AS has_day
FROM rated;

CREATE TABLE care_package AS
WITH
-- A week's cost in pence, and whether it is the default price.
costed AS (
  SELECT r.*,
         CASE WHEN one_off THEN unit_cost_pence IS NULL
              ELSE unit_cost_pence IS NULL OR units_52_thousandths IS NULL END AS cost_defaulted,
         CASE WHEN one_off THEN NULL
              WHEN unit_cost_pence IS NULL OR units_52_thousandths IS NULL
                THEN CASE WHEN default_basis = 'weekly' THEN coalesce(default_pence, 0) ELSE 0 END
              ELSE {{half_up(unit_cost_pence * units_52_thousandths; 52000)}} END AS weekly_cost_pence,
         CASE WHEN one_off THEN coalesce(unit_cost_pence, default_pence, 0) END AS one_off_cost_pence,
         greatest(charged_from, p.data_from) AS from_day,
         least(charged_to, p.data_to) AS to_day,
         p.data_from, p.data_to
  FROM care_rated r
  CROSS JOIN period p
  WHERE has_day
)
SELECT person_key, CAST(9 AS SMALLINT) AS source, source_row, local_authority, event_reference,
       client_type, primary_support_reason, service_type, service_component, delivery_mechanism,
       latest_start AS starts_on, latest_end AS ends_on, charged_from, charged_to, period_start, period_end,
       cost_frequency, unit_cost_pence, planned_units_per_week, one_off,
       CAST(weekly_cost_pence AS BIGINT) AS weekly_cost_pence,
       CAST(one_off_cost_pence AS BIGINT) AS one_off_cost_pence,
       CAST(CASE WHEN one_off THEN 0 WHEN to_day < from_day THEN 0
                 ELSE {{days_between(from_day; to_day)}} + 1 END AS INTEGER) AS days,
       CAST(CASE WHEN one_off THEN CASE WHEN latest_start BETWEEN data_from AND data_to THEN one_off_cost_pence ELSE 0 END
                 WHEN to_day < from_day THEN 0
                 ELSE {{half_up(weekly_cost_pence * ({{days_between(from_day; to_day)}} + 1); 7)}} END AS BIGINT) AS cost_pence,
       cost_defaulted,
       CASE WHEN one_off THEN latest_start BETWEEN data_from AND data_to ELSE to_day >= from_day END AS in_period,
       CASE WHEN one_off THEN latest_start ELSE from_day END AS from_day,
       CASE WHEN one_off THEN latest_start ELSE to_day END AS to_day
FROM costed
ORDER BY source_row;
