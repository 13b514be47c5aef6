-- grain: one row per recorded ethnicity of the people living here
SELECT coalesce(ethnicity, '') AS ethnicity, count(*) AS people
FROM report_person
WHERE living_here
GROUP BY ALL
ORDER BY ALL;
