-- grain: one row per person and published score that the record can give for them on the index date
-- key: person_key, score_name
-- table: risk_score

CREATE TABLE risk_score AS
WITH
-- Who a score can be given for: with a coded stay in its window, or, for scores of conditions, known to a practice.
listed AS (
  SELECT DISTINCT d.person_key, w.score_name
  FROM spell_diagnosis d
  JOIN risk_window w ON w.of_diagnoses
  WHERE d.discharge_date > w.after_date AND d.discharge_date <= w.index_date
    AND (NOT w.primary_of_emergency OR (d.position = 1 AND d.admission_type = 'emergency'))
  UNION
  SELECT person_key, score_name FROM risk_score_term
  UNION
  SELECT a.person_key, w.score_name FROM person a JOIN risk_window w ON NOT w.of_diagnoses WHERE a.known_gp
),
-- Whole millionths, so that the order of adding cannot matter.
summed AS (
  SELECT person_key, score_name, CAST(sum(points_millionths) AS BIGINT) AS points_millionths FROM risk_score_term GROUP BY person_key, score_name
)
SELECT l.person_key, i.index_date, l.score_name, CAST(coalesce(s.points_millionths, 0) AS DOUBLE) / 1000000 AS score, w.version,
       CASE WHEN w.from_birth_month IS NOT NULL AND (a.birth_month IS NULL OR a.birth_month > w.from_birth_month)
            THEN concat(w.status, '; made for older people than this one') ELSE w.status END AS status
FROM listed l
JOIN risk_window w ON w.score_name = l.score_name
JOIN person a ON a.person_key = l.person_key
CROSS JOIN risk_index i
LEFT JOIN summed s ON s.person_key = l.person_key AND s.score_name = l.score_name
WHERE a.date_of_death IS NULL OR a.date_of_death > i.index_date
ORDER BY l.person_key, l.score_name;
