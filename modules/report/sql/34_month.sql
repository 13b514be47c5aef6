-- grain: one row per setting and month of the data
SELECT setting, (year(month) * 12 + month(month) - 1) AS month_number, count(*) AS people, CAST(sum(units) AS BIGINT) AS units,
       CAST(sum(cost_pence) AS BIGINT) AS cost_pence
FROM person_month
WHERE month >= {{data_from}} AND month <= {{data_to}}
GROUP BY ALL
ORDER BY ALL;
