-- grain: one row per ten-year age band and setting of the year, with the band's people; setting '' where a band has no cost
SELECT band, people, setting, cost_pence
FROM (SELECT least(age // 10, 9) AS band, count(*) AS people FROM report_person WHERE in_population AND age >= 0 GROUP BY ALL) AS bands
LEFT JOIN (SELECT least(age // 10, 9) AS band, setting, CAST(sum(cost_pence) AS BIGINT) AS cost_pence
           FROM report_cost JOIN report_person USING (person_key)
           WHERE in_population AND age >= 0
           GROUP BY ALL) AS costs USING (band)
ORDER BY band, setting;
