-- grain: one row per way of grouping and group (of ethnicity: as recorded), of people whom a partner other than general practice knows
-- Somebody not on the register of GP patients is a visitor, or a person whose records did not find them there.
WITH known AS (
  SELECT CASE WHEN age IS NULL THEN 'Not known' WHEN age < 18 THEN 'under 18' WHEN age < 40 THEN '18 to 39' WHEN age < 65 THEN '40 to 64' WHEN age < 85 THEN '65 to 84' ELSE '85 and over' END AS age_band,
         CASE sex WHEN 'F' THEN 'women and girls' WHEN 'M' THEN 'men and boys' ELSE 'Not known' END AS sex_words,
         CASE WHEN imd_decile IS NULL THEN 'Not known' ELSE CAST((imd_decile + 1) // 2 AS VARCHAR) END AS fifth,
         coalesce(ethnicity, '') AS ethnicity,
         known_gp
  FROM report_person
  WHERE known_hospital OR known_community OR known_mental_health OR known_social_care OR known_housing OR known_voluntary
)
SELECT 1 AS kind, age_band AS grp, count(*) FILTER (known_gp) AS on_register, count(*) FILTER (NOT known_gp) AS not_on_register FROM known GROUP BY ALL
UNION ALL SELECT 2, sex_words, count(*) FILTER (known_gp), count(*) FILTER (NOT known_gp) FROM known GROUP BY ALL
UNION ALL SELECT 3, fifth, count(*) FILTER (known_gp), count(*) FILTER (NOT known_gp) FROM known GROUP BY ALL
UNION ALL SELECT 4, ethnicity, count(*) FILTER (known_gp), count(*) FILTER (NOT known_gp) FROM known GROUP BY ALL
ORDER BY 1, 2;
