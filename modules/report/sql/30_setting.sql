-- grain: one row per setting of the year, all people known to any feed
SELECT setting, count(*) FILTER (WHERE units > 0 OR cost_pence <> 0) AS people, CAST(sum(units) AS BIGINT) AS units,
       CAST(sum(cost_pence) AS BIGINT) AS cost_pence
FROM report_cost
GROUP BY ALL
ORDER BY ALL;
