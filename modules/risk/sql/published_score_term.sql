-- grain: one row per person, published score and term that is present on the index date
-- key: person_key, score_name, term
-- table: risk_score_term

CREATE TABLE risk_score_term AS
WITH
-- Diagnoses of stays that had ended: before the end nobody had coded them.
diagnosed AS (
  SELECT d.person_key, t.score_name, t.term, t.points_millionths, 'spell_diagnosis' AS source_table, min(d.admission_date) AS first_date
  FROM spell_diagnosis d
  JOIN risk_code_term t ON t.code = d.icd10
  JOIN risk_window w ON w.score_name = t.score_name
  WHERE d.discharge_date > w.after_date AND d.discharge_date <= w.index_date
    AND (NOT w.primary_of_emergency OR (d.position = 1 AND d.admission_type = 'emergency'))
  GROUP BY d.person_key, t.score_name, t.term, t.points_millionths
),
-- Conditions on record by the index date; those of a hospital stay from its end.
recorded AS (
  SELECT c.person_key, m.score_name, m.term, m.points_millionths, 'condition' AS source_table, min(c.recorded_on) AS first_date
  FROM condition c
  JOIN risk_condition_term m ON m.condition = c.condition
  JOIN risk_window w ON w.score_name = m.score_name
  LEFT JOIN spell_diagnosis d ON d.source = c.source AND d.episode_row = c.source_row AND d.position = c.part
  WHERE c.recorded_on <= w.index_date AND (m.after_date IS NULL OR c.recorded_on > m.after_date)
    AND (c.recorded_by <> 'hospital' OR d.discharge_date <= w.index_date)
  GROUP BY c.person_key, m.score_name, m.term, m.points_millionths
),
present AS (
  SELECT * FROM diagnosed
  UNION ALL
  SELECT * FROM recorded
),
-- The milder form where the worse one is present too.
overruled AS (
  SELECT p.person_key, p.score_name, o.loser AS term
  FROM present p
  JOIN risk_over o ON o.score_name = p.score_name AND o.winner = p.term
)
SELECT p.person_key, p.score_name, p.term, CAST(1 AS DOUBLE) AS value,
       CASE WHEN o.term IS NULL THEN CAST(p.points_millionths AS DOUBLE) / 1000000 ELSE 0 END AS points,
       CASE WHEN o.term IS NULL THEN p.points_millionths ELSE CAST(0 AS BIGINT) END AS points_millionths,
       p.source_table, p.first_date
FROM present p
LEFT JOIN overruled o ON o.person_key = p.person_key AND o.score_name = p.score_name AND o.term = p.term
JOIN person a ON a.person_key = p.person_key
CROSS JOIN risk_index i
WHERE a.date_of_death IS NULL OR a.date_of_death > i.index_date
ORDER BY p.person_key, p.score_name, p.term;
