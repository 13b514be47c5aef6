-- grain: one row per deprivation decile (0: not known) of the people living here
SELECT coalesce(imd_decile, 0) AS decile, count(*) AS people
FROM report_person
WHERE living_here
GROUP BY ALL
ORDER BY ALL;
