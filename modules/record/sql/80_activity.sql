-- grain: one row per thing done for a person and paid for, in the place's period; a care package has one row a month
-- key: source, source_row, part
-- table: activity

CREATE TABLE activity (
  person_key BIGINT, date DATE, setting STRING, service_line STRING, units INTEGER, cost_pence BIGINT,
  cost_defaulted BOOLEAN, provider STRING, source SMALLINT, source_row BIGINT, part INTEGER
);

-- A spell is paid when it ends; one still open counts on the day it began.
INSERT INTO activity
SELECT person_key, CASE WHEN finished THEN discharge_date ELSE admission_date END, 'inpatient',
       CASE WHEN day_case THEN 'day_case' WHEN admission_type IN ('birth', 'regular_attender') THEN admission_type
            ELSE concat(admission_type, '_admission') END,
       1, cost_pence, cost_defaulted, provider, source, source_row, 0
FROM hospital_spell
WHERE in_period AND source = 1;

INSERT INTO activity
SELECT person_key, appointment_date, 'outpatient',
       CASE WHEN is_procedure THEN 'outpatient_procedure' WHEN first_contact THEN 'first_attendance' ELSE 'follow_up_attendance' END,
       1, cost_pence, cost_defaulted, provider, source, source_row, 0
FROM outpatient_attendance
WHERE in_period AND attended AND source = 2;

INSERT INTO activity
SELECT person_key, arrival_date, 'emergency_department',
       CASE coalesce(department_type, '') WHEN '01' THEN 'type_1_department' WHEN '02' THEN 'type_2_department'
            WHEN '03' THEN 'type_3_department' WHEN '04' THEN 'type_4_department' WHEN '05' THEN 'same_day_emergency_care'
            ELSE 'type_not_recorded' END,
       1, cost_pence, cost_defaulted, provider, source, source_row, 0
FROM emergency_attendance
WHERE in_period AND source IN (3, 4);

-- A consultation's service line is its worker.
INSERT INTO activity
WITH
worker AS (
  SELECT DISTINCT worker, lower(replace(replace(worker, ' ', '_'), '-', '_')) AS service_line
  FROM consultation_kind
)
SELECT c.person_key, c.contact_date, 'general_practice', w.service_line, 1, c.cost_pence, c.cost_defaulted, NULL, c.source,
       c.source_row, 0
FROM gp_contact c
JOIN worker w ON w.worker = c.worker
WHERE c.in_period AND c.source = 5;

-- An item's service line is its BNF chapter.
INSERT INTO activity
WITH
chapter AS (
  SELECT DISTINCT bnf_chapter,
         CASE WHEN bnf_chapter = 0 THEN 'bnf_chapter_unknown' WHEN bnf_chapter < 10 THEN concat('bnf_chapter_0', CAST(bnf_chapter AS STRING))
              ELSE concat('bnf_chapter_', CAST(bnf_chapter AS STRING)) END AS service_line
  FROM (SELECT bnf_chapter FROM drug UNION ALL SELECT CAST(0 AS SMALLINT)) listed
)
SELECT i.person_key, i.issue_date, 'prescribing', c.service_line, 1, i.cost_pence, i.cost_defaulted, NULL, i.source, i.source_row, 0
FROM prescription_item i
JOIN chapter c ON c.bnf_chapter = i.bnf_chapter
WHERE i.in_period AND i.source = 6;

INSERT INTO activity
SELECT person_key, contact_date, 'community', 'community_contact', 1, cost_pence, cost_defaulted, provider, source, source_row, 0
FROM community_contact
WHERE in_period AND attended;

INSERT INTO activity
SELECT person_key, contact_date, 'mental_health', 'mental_health_contact', 1, cost_pence, cost_defaulted, provider, source,
       source_row, 0
FROM mental_health_contact
WHERE in_period AND attended;

-- A package's cost falls on months by days; each month is the rounded running total less the one before, so months sum exactly.
INSERT INTO activity
WITH
-- The months each package covers.
package_month AS (
  SELECT c.person_key, c.local_authority, c.service_type, c.service_component, c.source, c.source_row, c.cost_defaulted,
         c.weekly_cost_pence, c.from_day, c.one_off, c.one_off_cost_pence,
         greatest(c.from_day, m.month) AS first_day, least(c.to_day, m.month_end) AS last_day,
         m.month
  FROM care_package c
  JOIN calendar_month m ON m.month <= c.to_day AND m.month_end >= c.from_day
  WHERE c.in_period
)
SELECT person_key, first_day, 'social_care',
       lower(replace(coalesce(service_component, service_type, 'not recorded'), ' ', '_')),
       CAST(CASE WHEN one_off THEN 1 ELSE {{days_between(first_day; last_day)}} + 1 END AS INTEGER),
       CAST(CASE WHEN one_off THEN one_off_cost_pence
                 ELSE {{half_up(weekly_cost_pence * ({{days_between(from_day; last_day)}} + 1); 7)}}
                    - {{half_up(weekly_cost_pence * {{days_between(from_day; first_day)}}; 7)}} END AS BIGINT),
       cost_defaulted, local_authority, source, source_row,
       CAST(row_number() OVER (PARTITION BY source_row ORDER BY month) - 1 AS INTEGER)
FROM package_month
ORDER BY source_row, month;

-- Housing events have no price: they are counted, at nought.
INSERT INTO activity
SELECT person_key, event_date, 'housing', event_type, 1, 0, FALSE, landlord, source, source_row, 0
FROM housing_event
WHERE in_period;

INSERT INTO activity
SELECT person_key, contact_date, 'voluntary', service, 1, cost_pence, cost_defaulted, organisation, source, source_row, 0
FROM voluntary_contact
WHERE in_period;

-- What came as FHIR, in the order of the key: encounters by their row whatever their setting, then prescriptions.
INSERT INTO activity
WITH
encounter AS (
  SELECT person_key, CASE WHEN finished THEN discharge_date ELSE admission_date END AS date, 'inpatient' AS setting,
         'other_admission' AS service_line, cost_pence, cost_defaulted, provider, source, source_row
  FROM hospital_spell WHERE in_period AND source = 12
  UNION ALL
  SELECT person_key, appointment_date, 'outpatient', 'follow_up_attendance', cost_pence, cost_defaulted, provider, source, source_row
  FROM outpatient_attendance WHERE in_period AND attended AND source = 12
  UNION ALL
  SELECT person_key, arrival_date, 'emergency_department', 'type_not_recorded', cost_pence, cost_defaulted, provider, source, source_row
  FROM emergency_attendance WHERE in_period AND source = 12
  UNION ALL
  SELECT person_key, contact_date, 'general_practice', 'gp', cost_pence, cost_defaulted, NULL, source, source_row
  FROM gp_contact WHERE in_period AND source = 12
  UNION ALL
  SELECT person_key, issue_date, 'prescribing', 'bnf_chapter_unknown', cost_pence, cost_defaulted, NULL, source, source_row
  FROM prescription_item WHERE in_period AND source = 13
)
SELECT person_key, date, setting, service_line, 1, cost_pence, cost_defaulted, provider, source, source_row, 0
FROM encounter
ORDER BY source, source_row;

-- Case management: contacts, tasks and items of meetings of the teams, in the order of the key.
INSERT INTO activity
SELECT person_key, contact_date, 'case_management', CASE WHEN kind = 'contact' THEN coalesce(lower(worker_role), 'contact') ELSE kind END, 1,
       cost_pence, cost_defaulted, NULL, source, source_row, 0
FROM case_contact
WHERE in_period AND happened
ORDER BY source, source_row;
