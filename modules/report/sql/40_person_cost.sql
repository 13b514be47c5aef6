-- grain: one row per person of the population: cost of the year, in all settings and in hospital
SELECT CAST(coalesce(sum(cost_pence), 0) AS BIGINT) AS cost_pence,
       CAST(coalesce(sum(cost_pence) FILTER (WHERE setting IN ('inpatient', 'outpatient', 'emergency_department')), 0) AS BIGINT) AS hospital_pence
FROM report_person LEFT JOIN report_cost USING (person_key)
WHERE in_population
GROUP BY person_key;
