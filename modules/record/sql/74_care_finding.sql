-- grain: one row per practice record of a listed finding: what was done, and how somebody lives
-- key: source, source_row
-- table: care_finding

-- Practices' own code numbers that mean a listed finding.
{{temporary(care_finding_code)}} AS
SELECT c.code_id, min(m.finding) AS finding
FROM door.clinical_code c
JOIN code_care_finding m ON m.snomed_concept = c.snomed_concept
GROUP BY c.code_id;

CREATE TABLE care_finding AS
SELECT o.person_key, CAST(22 AS SMALLINT) AS source, o.source_row, k.finding, o.effective_date AS recorded_on
FROM door.gp_observation o
JOIN care_finding_code k ON k.code_id = o.code_id
WHERE o.person_key IS NOT NULL AND NOT coalesce(o.deleted, FALSE)
ORDER BY o.source_row;
