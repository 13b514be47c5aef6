-- grain: one row per staged table whose rows are accounted for
-- key: source
-- table: row_kept

-- Rows that passed the door, counted on their own.
CREATE TABLE row_kept AS
SELECT CAST(source AS SMALLINT) AS source, rows FROM (
  SELECT 1 AS source, count(*) AS rows FROM door.inpatient_episode UNION ALL
  SELECT 2, count(*) FROM door.outpatient_appointment UNION ALL
  SELECT 3, count(*) FROM door.ecds_attendance UNION ALL
  SELECT 4, count(*) FROM door.ae_attendance UNION ALL
  SELECT 5, count(*) FROM door.gp_consultation UNION ALL
  SELECT 6, count(*) FROM door.gp_issue UNION ALL
  SELECT 7, count(*) FROM door.csds_contact UNION ALL
  SELECT 8, count(*) FROM door.mhsds_contact UNION ALL
  SELECT 9, count(*) FROM door.social_care_event UNION ALL
  SELECT 10, count(*) FROM door.housing_row UNION ALL
  SELECT 11, count(*) FROM door.voluntary_row UNION ALL
  SELECT 12, count(*) FROM door.fhir_encounter UNION ALL
  SELECT 13, count(*) FROM door.fhir_medication_request UNION ALL
  SELECT 24, count(*) FROM door.fhir_condition UNION ALL
  SELECT 25, count(*) FROM door.fhir_procedure UNION ALL
  SELECT 28, count(*) FROM door.shared_encounter UNION ALL
  SELECT 29, count(*) FROM door.shared_task UNION ALL
  SELECT 30, count(*) FROM door.shared_care_plan
) counted
ORDER BY source;
