-- grain: one row per team and reason for not being on its list
-- key: team, excluded_because
-- table: case_exclusion

{{drop_table(case_exclusion)}};
CREATE TABLE case_exclusion AS
SELECT coalesce(team, 'none') AS team, excluded_because, CAST(count(*) AS BIGINT) AS people
FROM case_candidate
WHERE excluded_because IS NOT NULL
GROUP BY 1, 2
UNION ALL
-- Who may not even be in the warehouse: known by number only.
SELECT 'none', excluded_because, people
FROM case_withheld
ORDER BY 1, 2;
