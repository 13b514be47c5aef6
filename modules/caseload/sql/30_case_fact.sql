-- Helper tables: who is looked at, and every fact that a rule may count: one row per person and fact.

-- People on a practice's list on the index date, and alive.
{{temporary(case_person)}} AS
SELECT p.person_key, s.practice, p.sex, p.ethnicity, p.imd_decile, p.birth_month,
       CAST({{whole(12 * year(t.index_date) + month(t.index_date) - 12 * year(p.birth_month) - month(p.birth_month); 12)}} AS INTEGER) AS age
FROM registration_span s
CROSS JOIN case_setting t
JOIN person p ON p.person_key = s.person_key
WHERE s.starts_on <= t.index_date AND coalesce(s.ends_on, DATE '9999-12-31') >= t.index_date
  AND coalesce(p.date_of_death, DATE '9999-12-31') > t.index_date;

-- Emergency admissions, one a continuous stay.
{{temporary(case_admission)}} AS
SELECT h.person_key, h.admission_date, h.discharge_date, h.primary_diagnosis
FROM hospital_spell h
CROSS JOIN case_setting t
WHERE h.admission_type = 'emergency' AND h.cips_sequence = 1 AND h.admission_date <= t.index_date;

{{temporary(case_fact)}} AS
WITH
latest_frailty AS (
  SELECT person_key, recorded_on, CASE finding WHEN 'mild_frailty' THEN 1 WHEN 'moderate_frailty' THEN 2 ELSE 3 END AS level,
         row_number() OVER (PARTITION BY person_key ORDER BY recorded_on DESC, finding DESC) AS place_in_order
  FROM care_finding
  CROSS JOIN case_setting t
  WHERE finding IN ('mild_frailty', 'moderate_frailty', 'severe_frailty') AND recorded_on <= t.index_date
),
last_discharge AS (
  SELECT person_key, max(discharge_date) AS discharged
  FROM case_admission
  CROSS JOIN case_setting t
  WHERE discharge_date > t.days_90_ago AND discharge_date <= t.index_date
  GROUP BY person_key
),
fact AS (
  SELECT a.person_key, 'emergency_admissions' AS fact, count(*) AS n, min(admission_date) AS first_on, max(admission_date) AS last_on, 'hospital stays' AS source
  FROM case_admission a CROSS JOIN case_setting t WHERE admission_date > t.year_ago GROUP BY a.person_key
  UNION ALL
  SELECT a.person_key, 'avoidable_admissions', count(*), min(admission_date), max(admission_date), 'hospital stays, primary diagnosis'
  FROM case_admission a CROSS JOIN case_setting t
  WHERE admission_date > t.year_ago
    AND EXISTS (SELECT 1 FROM code_avoidable c WHERE replace(a.primary_diagnosis, '.', '') LIKE concat(c.icd10, '%'))
  GROUP BY a.person_key
  UNION ALL
  SELECT e.person_key, 'emergency_attendances', count(*), min(arrival_date), max(arrival_date), 'emergency department'
  FROM emergency_attendance e CROSS JOIN case_setting t WHERE arrival_date > t.year_ago AND arrival_date <= t.index_date GROUP BY e.person_key
  UNION ALL
  SELECT i.person_key, 'medicines', count(DISTINCT coalesce(CAST(i.code_id AS STRING), i.code)), min(issue_date), max(issue_date), 'practice prescriptions'
  FROM prescription_item i CROSS JOIN case_setting t WHERE issue_date > t.days_90_ago AND issue_date <= t.index_date GROUP BY i.person_key
  UNION ALL
  SELECT o.person_key, 'missed_appointments', count(*), min(appointment_date), max(appointment_date), 'outpatient appointments'
  FROM outpatient_attendance o CROSS JOIN case_setting t
  WHERE did_not_attend AND appointment_date > t.year_ago AND appointment_date <= t.index_date GROUP BY o.person_key
  UNION ALL
  SELECT c.person_key, 'long_term_conditions', count(*), min(first_recorded), max(first_recorded), 'practice, hospital and mental health records'
  FROM person_condition c CROSS JOIN case_setting t WHERE first_recorded <= t.index_date GROUP BY c.person_key
  UNION ALL
  SELECT c.person_key, c.condition, 1, min(first_recorded), min(first_recorded), 'practice, hospital and mental health records'
  FROM person_condition c CROSS JOIN case_setting t
  WHERE first_recorded <= t.index_date AND c.condition IN ('severe_mental_illness', 'alcohol_dependence', 'dementia', 'learning_disability')
  GROUP BY c.person_key, c.condition
  UNION ALL
  SELECT person_key, 'frailty_level', level, recorded_on, recorded_on, 'practice record' FROM latest_frailty WHERE place_in_order = 1
  UNION ALL
  -- Findings that count once they were ever recorded, those that count while recent, and those counted by number.
  SELECT f.person_key, f.finding, 1, min(recorded_on), max(recorded_on), 'practice record'
  FROM care_finding f CROSS JOIN case_setting t
  WHERE recorded_on <= t.index_date
    AND (finding IN ('lives_alone', 'housebound', 'lives_in_care_home', 'end_of_life_register')
         OR (finding = 'care_plan' AND recorded_on > t.months_15_ago)
         OR (finding = 'medication_review' AND recorded_on > t.year_ago)
         OR (finding = 'influenza_vaccination' AND recorded_on >= t.season_start))
  GROUP BY f.person_key, f.finding
  UNION ALL
  SELECT f.person_key, 'falls', count(DISTINCT recorded_on), min(recorded_on), max(recorded_on), 'practice record'
  FROM care_finding f CROSS JOIN case_setting t
  WHERE finding = 'fall' AND recorded_on > t.year_ago AND recorded_on <= t.index_date GROUP BY f.person_key
  UNION ALL
  -- A review by its code, or by the kind of consultation.
  SELECT person_key, 'condition_review', 1, min(day), max(day), 'practice record'
  FROM (SELECT person_key, recorded_on AS day FROM care_finding WHERE finding = 'long_term_condition_review'
        UNION ALL SELECT person_key, contact_date FROM gp_contact WHERE lower(consultation_type) LIKE '%condition review%') r
  CROSS JOIN case_setting t
  WHERE day > t.months_15_ago AND day <= t.index_date GROUP BY person_key
  UNION ALL
  SELECT p.person_key, 'care_package', 1, min(starts_on), max(starts_on), 'council'
  FROM care_package p CROSS JOIN case_setting t
  WHERE NOT one_off AND lower(service_type) LIKE 'long term support%' AND charged_from <= t.index_date AND charged_to >= t.index_date GROUP BY p.person_key
  UNION ALL
  SELECT h.person_key, 'housing_trouble', count(*), min(event_date), max(event_date), 'landlord'
  FROM housing_event h CROSS JOIN case_setting t
  WHERE event_type IN ('rent_arrears', 'repair_damp', 'homelessness_application', 'temporary_accommodation')
    AND event_date > t.year_ago AND event_date <= t.index_date GROUP BY h.person_key
  UNION ALL
  SELECT d.person_key, 'discharged_lately', 1, discharged, discharged, 'hospital stays' FROM last_discharge d
  UNION ALL
  SELECT d.person_key, 'contact_after_discharge', 1, min(contact_date), max(contact_date), 'practice contacts'
  FROM last_discharge d JOIN gp_contact g ON g.person_key = d.person_key AND g.contact_date >= d.discharged
  CROSS JOIN case_setting t WHERE g.contact_date <= t.index_date GROUP BY d.person_key
),
-- Facts made of facts.
derived AS (
  SELECT person_key, 'complex_needs' AS fact, 1 AS n, min(first_on) AS first_on, max(last_on) AS last_on, 'practice record' AS source
  FROM fact WHERE (fact = 'long_term_conditions' AND n >= 2) OR (fact = 'frailty_level' AND n >= 2) GROUP BY person_key
  UNION ALL
  SELECT p.person_key, 'influenza_eligible', 1, NULL, NULL, 'age and conditions'
  FROM case_person p LEFT JOIN fact f ON f.person_key = p.person_key AND f.fact = 'long_term_conditions'
  WHERE p.age >= 65 OR f.n >= 1
)
SELECT a.person_key, a.fact, CAST(a.n AS INTEGER) AS n, a.first_on, a.last_on, a.source
FROM (SELECT * FROM fact UNION ALL SELECT * FROM derived) a
JOIN case_person p ON p.person_key = a.person_key
ORDER BY a.person_key, a.fact;
