-- grain: one row per procedure done
-- key: source, source_row
-- table: procedure

CREATE TABLE procedure AS
SELECT p.person_key, CAST(25 AS SMALLINT) AS source, p.source_row, p.code, p.code_system,
       -- In the month of birth, the month only.
       CASE WHEN CAST(date_trunc('month', p.performed_date) AS DATE) = a.birth_month THEN a.birth_month ELSE p.performed_date END
         AS performed_date,
       CASE WHEN CAST(date_trunc('month', p.performed_end_date) AS DATE) = a.birth_month THEN a.birth_month
            ELSE p.performed_end_date END AS performed_end_date,
       e.source_row AS encounter_row
FROM door.fhir_procedure p
LEFT JOIN door.person_attribute a ON a.person_key = p.person_key
LEFT JOIN (SELECT encounter, min(source_row) AS source_row FROM door.fhir_encounter GROUP BY encounter) e ON e.encounter = p.encounter
WHERE p.person_key IS NOT NULL AND coalesce(p.status, 'unknown') NOT IN ('entered-in-error', 'not-done')
ORDER BY p.source_row;
