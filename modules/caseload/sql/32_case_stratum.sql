-- Helper: risk where no trained model has scored this place. It is what happened here: of people of like age, emergency
-- admissions and conditions a year before the index date, the share admitted as an emergency in the year that followed.

{{temporary(case_stratum)}} AS
WITH
-- The same question at two dates: a year ago (with its answer) and now.
moment AS (
  SELECT 'then' AS moment, year_ago AS day, two_years_ago AS since FROM case_setting
  UNION ALL SELECT 'now', index_date, year_ago FROM case_setting
),
people AS (
  SELECT m.moment, m.day, m.since, p.person_key,
         {{whole(12 * year(m.day) + month(m.day) - 12 * year(p.birth_month) - month(p.birth_month); 12)}} AS age
  FROM moment m
  JOIN registration_span s ON s.starts_on <= m.day AND coalesce(s.ends_on, DATE '9999-12-31') >= m.day
  JOIN person p ON p.person_key = s.person_key AND coalesce(p.date_of_death, DATE '9999-12-31') > m.day
),
admissions AS (
  SELECT m.moment, a.person_key, count(*) AS n
  FROM case_admission a
  JOIN moment m ON a.admission_date > m.since AND a.admission_date <= m.day
  GROUP BY m.moment, a.person_key
),
conditions AS (
  SELECT m.moment, c.person_key, count(*) AS n
  FROM person_condition c
  JOIN moment m ON c.first_recorded <= m.day
  GROUP BY m.moment, c.person_key
)
SELECT p.moment, p.person_key,
       CASE WHEN p.age < 18 THEN 0 WHEN p.age < 40 THEN 1 WHEN p.age < 65 THEN 2 WHEN p.age < 75 THEN 3 WHEN p.age < 85 THEN 4 ELSE 5 END AS age_band,
       least(coalesce(a.n, 0), 4) AS admissions,
       CASE WHEN coalesce(c.n, 0) < 2 THEN 0 WHEN c.n < 4 THEN 1 ELSE 2 END AS conditions
FROM people p
LEFT JOIN admissions a ON a.moment = p.moment AND a.person_key = p.person_key
LEFT JOIN conditions c ON c.moment = p.moment AND c.person_key = p.person_key;

{{temporary(case_stratum_rate)}} AS
WITH
answered AS (
  SELECT s.*, CASE WHEN EXISTS (SELECT 1 FROM case_admission a CROSS JOIN case_setting t
                                WHERE a.person_key = s.person_key AND a.admission_date > t.year_ago) THEN 1 ELSE 0 END AS admitted
  FROM case_stratum s
  WHERE s.moment = 'then'
),
-- Where fewer than 50 people are alike, conditions are left aside, then age, then all but whether there was any admission.
counted AS (
  SELECT age_band, admissions, conditions, count(*) AS people, sum(admitted) AS admitted FROM answered GROUP BY age_band, admissions, conditions
  UNION ALL SELECT age_band, admissions, NULL, count(*), sum(admitted) FROM answered GROUP BY age_band, admissions
  UNION ALL SELECT NULL, admissions, NULL, count(*), sum(admitted) FROM answered GROUP BY admissions
  UNION ALL SELECT NULL, -least(admissions, 1), -1, count(*), sum(admitted) FROM answered GROUP BY least(admissions, 1)
)
SELECT * FROM counted WHERE people >= 50;

{{temporary(case_stratum_risk)}} AS
SELECT s.person_key,
       CAST(coalesce(a.admitted, b.admitted, c.admitted, d.admitted) AS DOUBLE) / coalesce(a.people, b.people, c.people, d.people) AS risk,
       CAST(coalesce(a.people, b.people, c.people, d.people) AS BIGINT) AS people_alike
FROM case_stratum s
CROSS JOIN case_setting t
LEFT JOIN case_stratum_rate a ON a.age_band = s.age_band AND a.admissions = s.admissions AND a.conditions = s.conditions
LEFT JOIN case_stratum_rate b ON b.age_band = s.age_band AND b.admissions = s.admissions AND b.conditions IS NULL
LEFT JOIN case_stratum_rate c ON c.age_band IS NULL AND c.conditions IS NULL AND c.admissions = s.admissions
LEFT JOIN case_stratum_rate d ON d.age_band IS NULL AND d.conditions = -1 AND d.admissions = -least(s.admissions, 1)
WHERE s.moment = 'now' AND t.two_years_ago >= t.data_before;
