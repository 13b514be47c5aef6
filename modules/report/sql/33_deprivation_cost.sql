-- grain: one row per deprivation decile (0: not known) and ten-year age band of the year
SELECT coalesce(imd_decile, 0) AS decile, least(age // 10, 9) AS band, count(*) AS people,
       CAST(coalesce(sum(cost_pence), 0) AS BIGINT) AS cost_pence
FROM report_person
LEFT JOIN (SELECT person_key, CAST(sum(cost_pence) AS BIGINT) AS cost_pence FROM report_cost GROUP BY ALL) AS costs USING (person_key)
WHERE in_population AND age >= 0
GROUP BY ALL
ORDER BY ALL;
