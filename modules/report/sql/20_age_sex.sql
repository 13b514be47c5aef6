-- grain: one row per five-year age band (-1: not known) and sex of the people living here
SELECT CASE WHEN age >= 0 THEN least(age // 5, 18) ELSE -1 END AS band, sex, count(*) AS people
FROM report_person
WHERE living_here
GROUP BY ALL
ORDER BY ALL;
