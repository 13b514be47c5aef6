-- grain: one row per diagnosis position of an episode within a hospital spell
-- key: source, source_row, episode_row, position
-- table: spell_diagnosis

CREATE TABLE spell_diagnosis AS
WITH
-- Thirteen columns become rows; empty positions vanish.
listed AS (
  SELECT person_key, spell_row, source_row, 1 AS position, diagnosis_01 AS icd10 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 2, diagnosis_02 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 3, diagnosis_03 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 4, diagnosis_04 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 5, diagnosis_05 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 6, diagnosis_06 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 7, diagnosis_07 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 8, diagnosis_08 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 9, diagnosis_09 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 10, diagnosis_10 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 11, diagnosis_11 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 12, diagnosis_12 FROM spell_episode UNION ALL
  SELECT person_key, spell_row, source_row, 13, diagnosis_13 FROM spell_episode
)
SELECT l.person_key, CAST(1 AS SMALLINT) AS source, l.spell_row AS source_row, l.source_row AS episode_row,
       CAST(l.position AS INTEGER) AS position,
       -- Without the dot, and without the dagger, asterisk or filler that a fifth character may be.
       substr(replace(l.icd10, '.', ''), 1, 4) AS icd10,
       s.admission_date, s.discharge_date, s.admission_type
FROM listed l
JOIN hospital_spell s ON s.source = 1 AND s.source_row = l.spell_row
WHERE l.icd10 IS NOT NULL
ORDER BY l.spell_row, l.source_row, l.position;
