-- grain: one row per person on a practice's list on the index date
-- key: person_key
-- table: case_candidate

-- Each rule that holds for each person.
{{temporary(case_rule_hit)}} AS
SELECT f.person_key, r.dimension, r.rule, r.rule_order, f.n, f.first_on, f.last_on, f.source
FROM case_fact f
JOIN case_rule r ON r.fact = f.fact AND f.n >= r.at_least
LEFT JOIN case_fact x ON x.person_key = f.person_key AND x.fact = r.absent
WHERE r.absent IS NULL OR x.person_key IS NULL;

{{drop_table(case_candidate)}};
CREATE TABLE case_candidate AS
WITH
counted AS (
  SELECT person_key,
         sum(CASE WHEN dimension = 'impactability' THEN 1 ELSE 0 END) AS impactability,
         sum(CASE WHEN dimension = 'care_gaps' THEN 1 ELSE 0 END) AS care_gaps
  FROM case_rule_hit
  GROUP BY person_key
),
objecting AS (
  SELECT DISTINCT o.person_key FROM case_objection o JOIN case_objection_removes r ON r.purpose = o.purpose
),
described AS (
  SELECT p.person_key, k.team, p.practice, p.age, p.sex, p.ethnicity, p.imd_decile,
         r.risk, r.model AS risk_model,
         CAST(coalesce(c.impactability, 0) AS INTEGER) AS impactability, CAST(coalesce(c.care_gaps, 0) AS INTEGER) AS care_gaps,
         o.person_key IS NOT NULL AS objects,
         e.person_key IS NOT NULL AS end_of_life
  FROM case_person p
  LEFT JOIN case_team k ON k.practice = p.practice
  LEFT JOIN case_risk r ON r.person_key = p.person_key
  LEFT JOIN counted c ON c.person_key = p.person_key
  LEFT JOIN objecting o ON o.person_key = p.person_key
  LEFT JOIN case_fact e ON e.person_key = p.person_key AND e.fact = 'end_of_life_register'
)
SELECT d.person_key, d.team, d.practice, d.age, d.sex, d.ethnicity, d.imd_decile,
       -- Who objects is not scored; for who is dying, the chance of an admission is not the question.
       CASE WHEN objects OR end_of_life THEN NULL ELSE risk END AS risk,
       CASE WHEN objects OR end_of_life THEN NULL ELSE risk_model END AS risk_model,
       CASE WHEN objects THEN NULL ELSE impactability END AS impactability,
       CASE WHEN objects THEN NULL ELSE care_gaps END AS care_gaps,
       CASE WHEN objects THEN 'excluded'
            WHEN end_of_life THEN 'palliative_coordination'
            WHEN coalesce(age, 0) < t.age_at_least OR team IS NULL OR risk IS NULL OR risk < t.risk_at_least OR impactability + care_gaps = 0 THEN 'excluded'
            ELSE 'candidate' END AS state,
       CASE WHEN objects THEN 'objects_to_case_finding'
            WHEN end_of_life THEN NULL
            WHEN age IS NULL THEN 'age_not_known'
            WHEN age < t.age_at_least THEN 'too_young'
            WHEN team IS NULL THEN 'no_team_for_the_practice'
            WHEN risk IS NULL THEN 'no_risk_could_be_worked_out'
            WHEN risk < t.risk_at_least THEN 'risk_below_the_threshold'
            WHEN impactability + care_gaps = 0 THEN 'nothing_found_that_care_could_change' END AS excluded_because
FROM described d
CROSS JOIN case_setting t
ORDER BY d.person_key;
