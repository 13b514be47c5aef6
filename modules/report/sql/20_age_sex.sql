-- grain: one row per five-year age band and sex of the people living here
SELECT least(age // 5, 18) AS band, sex, count(*) AS people
FROM report_person
WHERE living_here AND age >= 0
GROUP BY ALL
ORDER BY ALL;
