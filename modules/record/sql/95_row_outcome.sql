-- grain: one row per staged table and what became of its rows
-- key: source, outcome
-- table: row_outcome

-- Every row that passed the door is counted here once, under the first reason that applies.
CREATE TABLE row_outcome AS
WITH
counted AS (
  -- Episodes: in a spell, or the same episode sent twice.
  SELECT 1 AS source, CASE WHEN person_key IS NULL THEN 'no_person'
                           WHEN s.in_period THEN 'activity' ELSE 'outside_period' END AS outcome, count(*) AS rows
  FROM (SELECT e.person_key, h.in_period FROM spell_episode e JOIN hospital_spell h ON h.source = 1 AND h.source_row = e.spell_row) s
  GROUP BY 2
  UNION ALL
  SELECT 1, 'superseded', (SELECT count(*) FROM door.inpatient_episode WHERE person_key IS NOT NULL) - (SELECT count(*) FROM spell_episode)
  UNION ALL
  SELECT 1, 'no_person', count(*) FROM door.inpatient_episode WHERE person_key IS NULL
  UNION ALL
  SELECT 2, CASE WHEN NOT attended THEN attendance WHEN in_period THEN 'activity' ELSE 'outside_period' END, count(*)
  FROM outpatient_attendance WHERE source = 2 GROUP BY 2
  UNION ALL
  SELECT 2, 'no_person', count(*) FROM door.outpatient_appointment WHERE person_key IS NULL
  UNION ALL
  SELECT source, CASE WHEN in_period THEN 'activity' ELSE 'outside_period' END, count(*) FROM emergency_attendance
  WHERE source IN (3, 4) GROUP BY 1, 2
  UNION ALL
  SELECT source, 'superseded', count(*) FROM attendance_sent WHERE superseded GROUP BY 1
  UNION ALL
  SELECT 3, 'no_person', count(*) FROM door.ecds_attendance WHERE person_key IS NULL
  UNION ALL
  SELECT 4, 'no_person', count(*) FROM door.ae_attendance WHERE person_key IS NULL
  UNION ALL
  SELECT 5, CASE WHEN c.person_key IS NULL THEN 'no_person' WHEN coalesce(c.deleted, FALSE) THEN 'deleted'
                 WHEN coalesce(k.worker, '') = 'Admin' THEN 'administration'
                 WHEN c.effective_date BETWEEN t.data_from AND t.data_to THEN 'activity' ELSE 'outside_period' END, count(*)
  FROM door.gp_consultation c
  CROSS JOIN period t
  LEFT JOIN consultation_kind k ON k.consultation_type IS NOT DISTINCT FROM c.consultation_type
  GROUP BY 2
  UNION ALL
  SELECT 6, CASE WHEN i.person_key IS NULL THEN 'no_person' WHEN coalesce(i.deleted, FALSE) THEN 'deleted'
                 WHEN i.effective_date BETWEEN t.data_from AND t.data_to THEN 'activity' ELSE 'outside_period' END, count(*)
  FROM door.gp_issue i
  CROSS JOIN period t
  GROUP BY 2
  UNION ALL
  SELECT 7, CASE WHEN NOT attended THEN attendance WHEN in_period THEN 'activity' ELSE 'outside_period' END, count(*)
  FROM community_contact GROUP BY 2
  UNION ALL
  SELECT 7, 'no_person', count(*) FROM door.csds_contact WHERE person_key IS NULL
  UNION ALL
  SELECT 8, CASE WHEN NOT attended THEN attendance WHEN in_period THEN 'activity' ELSE 'outside_period' END, count(*)
  FROM mental_health_contact GROUP BY 2
  UNION ALL
  SELECT 8, 'no_person', count(*) FROM door.mhsds_contact WHERE person_key IS NULL
  UNION ALL
  -- Social care: services charged, services that a later submission or their own dates leave no day, and other events.
  SELECT 9, CASE WHEN in_period THEN 'activity' ELSE 'outside_period' END, count(*) FROM care_package GROUP BY 2
  UNION ALL
  SELECT 9, CASE WHEN superseded THEN 'superseded' ELSE 'no_day_in_submission' END, count(*)
  FROM care_rated WHERE NOT has_day GROUP BY 2
  UNION ALL
  SELECT 9, CASE WHEN person_key IS NULL THEN 'no_person' ELSE 'not_a_service' END, count(*)
  FROM door.social_care_event WHERE person_key IS NULL OR event_type IS DISTINCT FROM 'Service' GROUP BY 2
  UNION ALL
  SELECT 10, CASE WHEN person_key IS NULL THEN 'no_person'
                  WHEN event_date BETWEEN t.data_from AND t.data_to THEN 'activity' ELSE 'outside_period' END, count(*)
  FROM door.housing_row CROSS JOIN period t GROUP BY 2
  UNION ALL
  SELECT 11, CASE WHEN person_key IS NULL THEN 'no_person'
                  WHEN contact_date BETWEEN t.data_from AND t.data_to THEN 'activity' ELSE 'outside_period' END, count(*)
  FROM door.voluntary_row CROSS JOIN period t GROUP BY 2
  UNION ALL
  -- FHIR: what is in the tables, and what did not happen.
  SELECT source, CASE WHEN in_period THEN 'activity' ELSE 'outside_period' END, count(*) FROM (
    SELECT source, in_period FROM hospital_spell WHERE source = 12
    UNION ALL SELECT source, in_period FROM outpatient_attendance WHERE source = 12
    UNION ALL SELECT source, in_period FROM emergency_attendance WHERE source = 12
    UNION ALL SELECT source, in_period FROM gp_contact WHERE source = 12
    UNION ALL SELECT source, in_period FROM prescription_item WHERE source = 13
  ) fhir GROUP BY 1, 2
  UNION ALL
  SELECT 12, CASE WHEN NOT happened THEN 'did_not_happen' ELSE 'no_contact' END, count(*) FROM fhir_encounter_placed
  WHERE NOT happened OR goes_to = 'none' GROUP BY 2
  UNION ALL
  SELECT 12, 'no_person', count(*) FROM door.fhir_encounter WHERE person_key IS NULL
  UNION ALL
  SELECT 13, CASE WHEN person_key IS NULL THEN 'no_person' ELSE 'did_not_happen' END, count(*) FROM door.fhir_medication_request
  WHERE person_key IS NULL OR coalesce(status, 'unknown') IN ('cancelled', 'entered-in-error', 'draft') GROUP BY 2
  UNION ALL
  SELECT source, CASE WHEN NOT happened THEN 'did_not_happen' WHEN in_period THEN 'activity' ELSE 'outside_period' END, count(*) FROM case_contact GROUP BY 1, 2
  UNION ALL
  SELECT 28, 'no_person', count(*) FROM door.shared_encounter WHERE person_key IS NULL
  UNION ALL
  SELECT 29, 'no_person', count(*) FROM door.shared_task WHERE person_key IS NULL
  UNION ALL
  SELECT 30, 'plan', count(*) FROM case_plan
  UNION ALL
  SELECT 30, 'no_person', count(*) FROM door.shared_care_plan WHERE person_key IS NULL
  UNION ALL
  -- Conditions and procedures are no activity, but each is accounted for.
  SELECT 24, 'condition', count(*) FROM condition WHERE source = 24
  UNION ALL
  SELECT 24, CASE WHEN person_key IS NULL THEN 'no_person' ELSE 'did_not_happen' END, count(*) FROM door.fhir_condition
  WHERE person_key IS NULL OR coalesce(verification_status, 'confirmed') IN ('entered-in-error', 'refuted') GROUP BY 2
  UNION ALL
  SELECT 25, 'procedure', count(*) FROM procedure WHERE source = 25
  UNION ALL
  SELECT 25, CASE WHEN person_key IS NULL THEN 'no_person' ELSE 'did_not_happen' END, count(*) FROM door.fhir_procedure
  WHERE person_key IS NULL OR coalesce(status, 'unknown') IN ('entered-in-error', 'not-done') GROUP BY 2
)
SELECT CAST(c.source AS SMALLINT) AS source, s.staged_table, c.outcome, CAST(sum(c.rows) AS BIGINT) AS rows
FROM counted c
JOIN source s ON s.source = c.source
WHERE c.rows > 0
GROUP BY c.source, s.staged_table, c.outcome
ORDER BY c.source, c.outcome;
