-- grain: one row per plan that a team wrote in the shared record
-- key: source, source_row
-- table: case_plan

CREATE TABLE case_plan AS
SELECT p.person_key, CAST(30 AS SMALLINT) AS source, p.source_row, p.status, p.intent, p.created_on, p.starts_on, p.ends_on
FROM door.shared_care_plan p
WHERE p.person_key IS NOT NULL
ORDER BY p.source_row;
