-- grain: one row per combination of partners that know people living here
SELECT known_gp, known_hospital, known_community, known_mental_health, known_social_care, known_housing, known_voluntary,
       count(*) AS people
FROM report_person
WHERE living_here
GROUP BY ALL
ORDER BY people DESC, 1, 2, 3, 4, 5, 6, 7;
