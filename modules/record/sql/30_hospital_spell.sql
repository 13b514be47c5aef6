-- grain: one row per hospital provider spell
-- key: source, source_row
-- table: hospital_spell

-- Episodes once each: the same episode sent twice counts as its latest row.
{{temporary(spell_episode)}} AS
WITH
-- Every episode with its place among the rows that describe the same one.
sent AS (
  SELECT e.*, row_number() OVER (
           PARTITION BY person_key, provider, provider_spell, episode_number, episode_start
           ORDER BY source_row DESC) AS place_in_order
  FROM door.inpatient_episode e
  WHERE person_key IS NOT NULL
)
SELECT *,
       row_number() OVER (PARTITION BY person_key, provider, provider_spell
                          ORDER BY episode_start, episode_number NULLS LAST, source_row) AS from_first,
       row_number() OVER (PARTITION BY person_key, provider, provider_spell
                          ORDER BY episode_start DESC, episode_number DESC NULLS FIRST, source_row DESC) AS from_last,
       min(source_row) OVER (PARTITION BY person_key, provider, provider_spell) AS spell_row
FROM sent
WHERE place_in_order = 1;

-- Provider spells: how a person came in from the first episode, how they left from the last.
{{temporary(provider_spell)}} AS
WITH
-- One row a spell.
grouped AS (
  SELECT person_key, provider, spell_row AS source_row,
         min(spell_start) AS spell_start, max(spell_end) AS spell_end,
         CAST(count(*) AS INTEGER) AS episodes,
         max(CASE WHEN from_first = 1 THEN patient_classification END) AS patient_classification,
         max(CASE WHEN from_first = 1 THEN admission_method END) AS admission_method,
         max(CASE WHEN from_first = 1 THEN source_of_admission END) AS source_of_admission,
         max(CASE WHEN from_last = 1 THEN discharge_method END) AS discharge_method,
         max(CASE WHEN from_last = 1 THEN discharge_destination END) AS discharge_destination,
         max(CASE WHEN from_first = 1 THEN main_specialty END) AS main_specialty,
         max(CASE WHEN from_first = 1 THEN treatment_function END) AS treatment_function,
         max(CASE WHEN from_first = 1 THEN practice END) AS practice,
         max(CASE WHEN from_first = 1 THEN diagnosis_01 END) AS primary_diagnosis,
         coalesce(max(CASE WHEN from_last = 1 THEN hrg END), max(hrg)) AS hrg,
         CAST(sum(coalesce(critical_care_level_2_days, 0) + coalesce(critical_care_level_3_days, 0)) AS INTEGER)
           AS critical_care_days,
         CAST(sum(coalesce(delayed_discharge_days, 0)) AS INTEGER) AS delayed_discharge_days
  FROM spell_episode
  GROUP BY person_key, provider, provider_spell, spell_row
),
-- What kind of admission it is, by the NHS Data Dictionary's admission methods.
described AS (
  SELECT g.*,
         CASE WHEN patient_classification IN ('3', '4') THEN 'regular_attender'
              WHEN admission_method IN ('82', '83', '2C') THEN 'birth'
              WHEN admission_method IN ('31', '32') THEN 'maternity'
              WHEN admission_method IN ('11', '12', '13') THEN 'elective'
              WHEN admission_method IN ('21', '22', '23', '24', '25', '28', '2A', '2B', '2D') THEN 'emergency'
              WHEN admission_method = '81' THEN 'transfer'
              ELSE 'other' END AS admission_type,
         spell_end IS NOT NULL AS finished,
         CASE WHEN spell_end IS NULL THEN CAST(greatest({{days_between(spell_start; p.data_to)}}, 0) AS INTEGER)
              ELSE CAST(greatest({{days_between(spell_start; spell_end)}}, 0) AS INTEGER) END AS length_of_stay
  FROM grouped g
  CROSS JOIN period p
)
SELECT d.*,
       admission_type = 'elective' AND patient_classification = '2' AND length_of_stay = 0 AS day_case,
       a.birth_month,
       CAST({{whole({{days_between(a.birth_month; d.spell_start)}} * 100; 36525)}} AS INTEGER) AS age,
       coalesce(admission_type = 'birth' OR CAST(date_trunc('month', d.spell_start) AS DATE) = a.birth_month, FALSE)
         AS date_is_month_only
FROM described d
LEFT JOIN door.person_attribute a ON a.person_key = d.person_key;

-- Continuous inpatient spells, HSCIC 2014 (docs/methods/hospital-spell.md): a spell joins the one before it where it begins
-- 0 to 2 days after it ended and a code says transfer; regular attenders stand alone.
{{temporary(continuous_spell)}} AS
WITH
-- Each spell beside the one before it.
ordered AS (
  SELECT source_row, person_key, spell_start, spell_end, admission_method, source_of_admission,
         lag(spell_end) OVER follow AS previous_end,
         lag(discharge_destination) OVER follow AS previous_destination,
         row_number() OVER follow AS spell_order
  FROM provider_spell
  WHERE admission_type <> 'regular_attender'
  WINDOW follow AS (PARTITION BY person_key ORDER BY spell_start, spell_end NULLS LAST, source_row)
),
-- Whether it begins a continuous spell.
marked AS (
  SELECT *,
         CASE WHEN previous_end IS NOT NULL
               AND {{days_between(previous_end; spell_start)}} BETWEEN 0 AND 2
               AND (coalesce(previous_destination, '') IN ('49', '50', '51', '52', '53', '84')
                    OR coalesce(source_of_admission, '') IN ('49', '50', '51', '52', '53', '87')
                    OR coalesce(admission_method, '') IN ('2B', '81'))
               AND NOT (coalesce(previous_destination, '') = '19' AND coalesce(source_of_admission, '') = '51'
                        AND coalesce(admission_method, '') = '21')
              THEN 0 ELSE 1 END AS begins
  FROM ordered
),
-- The continuous spell's number within the person.
numbered AS (
  SELECT *, sum(begins) OVER (PARTITION BY person_key ORDER BY spell_order ROWS UNBOUNDED PRECEDING) AS cips_number
  FROM marked
)
SELECT source_row,
       first_value(source_row) OVER (PARTITION BY person_key, cips_number ORDER BY spell_order) AS cips_key,
       CAST(row_number() OVER (PARTITION BY person_key, cips_number ORDER BY spell_order) AS INTEGER) AS cips_sequence,
       CAST(count(*) OVER (PARTITION BY person_key, cips_number) AS INTEGER) AS cips_spells
FROM numbered;

CREATE TABLE hospital_spell AS
WITH
-- The price of the spell's HRG for the way it was admitted, and the default where the list has none.
priced AS (
  SELECT s.*,
         CASE WHEN s.admission_type = 'regular_attender' THEN 'regular_attender'
              WHEN s.day_case THEN 'day_case'
              WHEN s.admission_type = 'elective' THEN 'elective'
              ELSE 'non_elective' END AS price_rule,
         CASE WHEN s.admission_type = 'regular_attender' THEN NULL
              WHEN s.day_case THEN h.day_case_pence
              WHEN s.admission_type = 'elective' THEN h.ordinary_elective_pence
              ELSE h.non_elective_pence END AS listed_pence,
         CASE WHEN s.admission_type = 'elective' THEN h.trim_elective ELSE h.trim_emergency END AS listed_trim,
         h.long_stay_day_pence AS listed_day_pence,
         h.short_stay_emergency_percent,
         f.pence AS default_pence, f.trim_days AS default_trim, f.long_stay_day_pence AS default_day_pence,
         c.pence AS critical_care_day_pence,
         s.admission_type = 'emergency' AND s.length_of_stay < 2 AND s.finished AND coalesce(s.age, 99) >= 19 AS short_stay
  FROM provider_spell s
  LEFT JOIN price_hrg h ON h.hrg = s.hrg
  LEFT JOIN price_hrg_default f
    ON f.admission = CASE WHEN s.admission_type = 'regular_attender' THEN 'regular_attender'
                          WHEN s.day_case THEN 'day_case'
                          WHEN s.admission_type IN ('elective', 'maternity', 'birth') THEN s.admission_type
                          WHEN s.admission_type = 'emergency' AND s.length_of_stay < 2 AND s.finished
                               AND coalesce(s.age, 99) >= 19 THEN 'short_stay_emergency'
                          ELSE 'non_elective' END
  LEFT JOIN price_hrg_default c ON c.admission = 'critical_care_day'
),
-- The parts of the price; an unfinished spell is paid its base price only, and says so.
parts AS (
  SELECT p.*,
         listed_pence IS NULL OR NOT finished AS cost_defaulted,
         coalesce(short_stay AND listed_pence IS NOT NULL AND short_stay_emergency_percent < 100, FALSE) AS short_stay_reduced,
         CASE WHEN listed_pence IS NULL THEN coalesce(default_pence, 0)
              WHEN short_stay AND short_stay_emergency_percent < 100
                THEN {{half_up(listed_pence * short_stay_emergency_percent; 100)}}
              ELSE listed_pence END AS base_price_pence,
         CASE WHEN NOT finished OR day_case OR admission_type = 'regular_attender' THEN 0
              ELSE greatest(length_of_stay - critical_care_days
                            - coalesce(CASE WHEN listed_pence IS NULL THEN default_trim ELSE listed_trim END, 99999), 0)
              END AS long_stay_days,
         coalesce(CASE WHEN listed_pence IS NULL THEN default_day_pence ELSE listed_day_pence END, 0) AS day_pence
  FROM priced p
)
SELECT p.person_key, CAST(1 AS SMALLINT) AS source, p.source_row, p.provider,
       CASE WHEN p.date_is_month_only THEN CAST(date_trunc('month', p.spell_start) AS DATE) ELSE p.spell_start END
         AS admission_date,
       CASE WHEN p.date_is_month_only THEN CAST(date_trunc('month', p.spell_end) AS DATE) ELSE p.spell_end END
         AS discharge_date,
       p.date_is_month_only, p.finished, p.length_of_stay,
       p.admission_type, p.admission_method, p.source_of_admission, p.discharge_method, p.discharge_destination,
       coalesce(p.discharge_method, '') = '4' AS died,
       p.patient_classification, p.day_case, p.episodes,
       coalesce(c.cips_key, p.source_row) AS cips_key, coalesce(c.cips_sequence, 1) AS cips_sequence,
       coalesce(c.cips_spells, 1) AS cips_spells,
       p.main_specialty, p.treatment_function, p.practice, p.age, p.primary_diagnosis, p.hrg,
       p.critical_care_days, p.delayed_discharge_days,
       p.price_rule, p.short_stay_reduced,
       CAST(p.base_price_pence AS BIGINT) AS base_price_pence,
       CAST(p.long_stay_days AS INTEGER) AS long_stay_days,
       CAST(p.long_stay_days * p.day_pence AS BIGINT) AS long_stay_pence,
       CAST(p.critical_care_days * coalesce(p.critical_care_day_pence, 0) AS BIGINT) AS critical_care_pence,
       CAST(p.base_price_pence + p.long_stay_days * p.day_pence
            + p.critical_care_days * coalesce(p.critical_care_day_pence, 0) AS BIGINT) AS cost_pence,
       p.cost_defaulted,
       coalesce(p.spell_end, p.spell_start) BETWEEN t.data_from AND t.data_to AS in_period
FROM parts p
CROSS JOIN period t
LEFT JOIN continuous_spell c ON c.source_row = p.source_row
ORDER BY p.source_row;
