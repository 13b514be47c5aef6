-- grain: one row per outpatient appointment, kept or not
-- key: source, source_row
-- table: outpatient_attendance

CREATE TABLE outpatient_attendance AS
WITH
-- What became of each appointment, by Attended Or Did Not Attend; and whether it was a first one, face to face.
described AS (
  SELECT o.*,
         coalesce(attended, '') IN ('5', '6') AS seen,
         CASE attended WHEN '5' THEN 'attended' WHEN '6' THEN 'attended' WHEN '7' THEN 'did_not_attend'
                       WHEN '3' THEN 'did_not_attend' WHEN '2' THEN 'cancelled_by_patient'
                       WHEN '4' THEN 'cancelled_by_provider' ELSE 'attendance_not_recorded' END AS attendance,
         coalesce(first_attendance, '2') IN ('1', '3') AS first_contact,
         coalesce(first_attendance, '2') IN ('3', '4') AS remote
  FROM door.outpatient_appointment o
  WHERE person_key IS NOT NULL
),
-- A procedure's price where the HRG has one in outpatients, else the attendance's by treatment function.
priced AS (
  SELECT d.*, h.outpatient_pence AS procedure_pence,
         CASE WHEN first_contact AND remote THEN p.first_remote_pence WHEN first_contact THEN p.first_pence
              WHEN remote THEN p.follow_up_remote_pence ELSE p.follow_up_pence END AS listed_pence,
         CASE WHEN first_contact AND remote THEN f.first_remote_pence WHEN first_contact THEN f.first_pence
              WHEN remote THEN f.follow_up_remote_pence ELSE f.follow_up_pence END AS default_pence
  FROM described d
  LEFT JOIN price_hrg h ON h.hrg = d.hrg
  LEFT JOIN price_outpatient p ON p.treatment_function = d.treatment_function AND d.treatment_function <> '*'
  LEFT JOIN price_outpatient f ON f.treatment_function = '*'
)
SELECT p.person_key, CAST(2 AS SMALLINT) AS source, p.source_row, p.provider, p.appointment_date, p.attendance,
       p.seen AS attended, p.attendance = 'did_not_attend' AS did_not_attend,
       p.first_attendance, p.first_contact, p.remote, p.outcome, p.main_specialty, p.treatment_function, p.practice, p.hrg,
       p.procedure_pence IS NOT NULL AS is_procedure,
       CAST(CASE WHEN NOT p.seen THEN 0 ELSE coalesce(p.procedure_pence, p.listed_pence, p.default_pence, 0) END AS BIGINT)
         AS cost_pence,
       p.seen AND (p.procedure_pence IS NULL AND p.listed_pence IS NULL
                   OR p.procedure_pence IS NULL AND p.first_attendance IS NULL) AS cost_defaulted,
       p.appointment_date BETWEEN t.data_from AND t.data_to AS in_period
FROM priced p
CROSS JOIN period t;  -- rows stay in the order they came in: no sort
