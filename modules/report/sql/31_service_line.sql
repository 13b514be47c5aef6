-- grain: one row per setting and service line of the year
SELECT setting, coalesce(service_line, 'not recorded') AS service_line, count(DISTINCT person_key) AS people,
       CAST(sum(units) AS BIGINT) AS units, CAST(sum(cost_pence) AS BIGINT) AS cost_pence,
       CAST(coalesce(sum(cost_pence) FILTER (WHERE cost_defaulted), 0) AS BIGINT) AS defaulted_pence
FROM activity
WHERE date >= {{year_start}} AND date <= {{data_to}}
GROUP BY ALL
ORDER BY setting, cost_pence DESC, service_line;
