// fixture: a small made-up warehouse of the shape in docs/tables.md, for tests and for looking at a report. Not a model of
// anything: the room `synth` makes places whose figures mean something.
#pragma once
#include <string>

namespace joinedup::report {

// The statements that make person, activity and person_month for so many people, data from 2022-04-01 to 2025-03-31.
inline std::string fixture_sql(int people) {
  return R"sql(
CREATE MACRO draw(key, stream) AS (hash(key * 1000 + stream) % 1000003) / 1000003.0;
CREATE TEMP TABLE band AS
SELECT * FROM (VALUES (0, 0.000, 0.054), (1, 0.054, 0.112), (2, 0.112, 0.173), (3, 0.173, 0.231), (4, 0.231, 0.291), (5, 0.291, 0.357),
  (6, 0.357, 0.427), (7, 0.427, 0.496), (8, 0.496, 0.562), (9, 0.562, 0.623), (10, 0.623, 0.689), (11, 0.689, 0.756), (12, 0.756, 0.816),
  (13, 0.816, 0.866), (14, 0.866, 0.910), (15, 0.910, 0.950), (16, 0.950, 0.976), (17, 0.976, 0.991), (18, 0.991, 1.001)) AS v(band, low, high);
CREATE TEMP TABLE seed AS
SELECT i AS person_key, band * 5 + CAST(floor(draw(i, 2) * 5) AS INTEGER) AS age,
       least(10, 1 + CAST(floor(power(draw(i, 3), 1.25) * 10) AS INTEGER)) AS decile,
       exp(1.35 * (draw(i, 4) + draw(i, 5) + draw(i, 6) + draw(i, 7) - 2) * 1.73) AS chance
FROM range()sql" + std::to_string(people) + R"sql() AS r(i) JOIN band ON draw(i, 1) >= low AND draw(i, 1) < high;
CREATE TEMP TABLE need AS
SELECT *, chance * exp((age - 45) / 34.0) * (1 + (5.5 - decile) * 0.06) * CASE WHEN age < 5 THEN 2.2 ELSE 1 END AS need FROM seed;
CREATE TEMP TABLE line AS
SELECT * FROM (VALUES
  ('inpatient', 'General medicine', 0.13, 245000, 'hospital', 11), ('inpatient', 'Trauma and orthopaedics', 0.035, 410000, 'hospital', 12),
  ('inpatient', 'General surgery', 0.04, 290000, 'hospital', 13), ('inpatient', 'Cardiology', 0.02, 350000, 'hospital', 14),
  ('inpatient', 'Geriatric medicine', 0.02, 380000, 'hospital', 15), ('inpatient', 'Obstetrics', 0.01, 260000, 'hospital', 16),
  ('inpatient', 'Paediatrics', 0.008, 130000, 'hospital', 17), ('inpatient', 'Clinical haematology', 0.006, 90000, 'hospital', 18), ('inpatient', 'Burns care', 0.00009, 1800000, 'hospital', 19),
  ('outpatient', 'Ophthalmology', 0.22, 11200, 'hospital', 21), ('outpatient', 'Trauma and orthopaedics', 0.2, 13800, 'hospital', 22),
  ('outpatient', 'Dermatology', 0.12, 12500, 'hospital', 23), ('outpatient', 'Cardiology', 0.11, 16400, 'hospital', 24), ('outpatient', 'Physiotherapy', 0.2, 7100, 'hospital', 25),
  ('emergency_department', 'Type 1', 0.28, 21500, 'hospital', 31), ('emergency_department', 'Urgent treatment centre', 0.12, 9100, 'hospital', 32),
  ('general_practice', 'GP surgery', 2.6, 4200, 'gp', 41), ('general_practice', 'GP telephone', 1.1, 2700, 'gp', 42), ('general_practice', 'Practice nurse', 1.3, 1900, 'gp', 43), ('general_practice', 'Home visit', 0.05, 9800, 'gp', 44),
  ('prescribing', 'Cardiovascular system', 3.0, 610, 'gp', 51), ('prescribing', 'Central nervous system', 2.4, 1050, 'gp', 52), ('prescribing', 'Endocrine system', 1.5, 1480, 'gp', 53), ('prescribing', 'Respiratory system', 0.9, 1900, 'gp', 54),
  ('community', 'District nursing', 0.5, 6700, 'community', 61), ('community', 'Community therapy', 0.2, 9600, 'community', 62), ('community', 'Podiatry', 0.08, 5600, 'community', 63),
  ('mental_health', 'Adult community team', 0.16, 19800, 'mental_health', 71), ('mental_health', 'Older people’s team', 0.05, 20800, 'mental_health', 72), ('mental_health', 'Talking therapies', 0.09, 11400, 'mental_health', 73),
  ('social_care', 'Home care', 0.35, 92000, 'social_care', 81), ('social_care', 'Residential care', 0.08, 338000, 'social_care', 82), ('social_care', 'Nursing care', 0.035, 410000, 'social_care', 83), ('social_care', 'Direct payment', 0.05, 131000, 'social_care', 84),
  ('housing', 'Tenancy support', 0.03, 0, 'housing', 91), ('voluntary', 'Befriending', 0.04, 2500, 'voluntary', 92), ('voluntary', 'Carer support', 0.02, 4000, 'voluntary', 93)
) AS v(setting, service_line, rate, price, partner, stream);
CREATE TABLE activity AS
SELECT person_key, CAST(DATE '2022-04-01' + CAST(least(1095, floor(power(draw(person_key * 97 + event, stream + 300), 0.93) * 1096)) AS INTEGER) AS DATE) AS date,
       setting, service_line, 1 AS units,
       CAST(price * (0.35 + 1.3 * draw(person_key * 89 + event, stream + 600)) AS BIGINT) AS cost_pence,
       draw(person_key * 83 + event, stream + 450) < CASE setting WHEN 'social_care' THEN 0.22 WHEN 'community' THEN 0.35 ELSE 0.01 END AS cost_defaulted,
       'X' AS provider, person_key * 1000 + stream AS source_row
FROM (SELECT n.*, l.*, CAST(floor(3 * rate * need / CASE WHEN setting IN ('social_care', 'community', 'housing', 'voluntary') THEN 0.25 ELSE 1.3 END
        * CASE WHEN setting IN ('social_care', 'community', 'mental_health', 'housing', 'voluntary')
               THEN CASE WHEN draw(n.person_key, stream + 150) < 0.05 + least(0.35, need * 0.03) THEN 1 ELSE 0 END ELSE 1 END
        * -ln(1 - 0.999 * draw(n.person_key, stream)) + draw(n.person_key, stream + 200) * 0.4) AS INTEGER) AS events
      FROM need n, line l) AS planned, range(0, 200) AS r(event)
WHERE event < events;
CREATE TABLE person AS
SELECT n.person_key, CASE WHEN draw(n.person_key, 900) < 0.0003 THEN 'U' WHEN draw(n.person_key, 900) < 0.505 THEN 'F' ELSE 'M' END AS sex,
       CAST(DATE '2025-03-01' - to_months(age * 12 + CAST(floor(draw(n.person_key, 901) * 12) AS INTEGER)) AS DATE) AS birth_month,
       CASE WHEN draw(n.person_key, 902) < 0.71 THEN 'A' WHEN draw(n.person_key, 902) < 0.80 THEN 'J' WHEN draw(n.person_key, 902) < 0.85 THEN 'N'
            WHEN draw(n.person_key, 902) < 0.88 THEN 'G' WHEN draw(n.person_key, 902) < 0.895 THEN 'S' WHEN draw(n.person_key, 902) < 0.93 THEN 'Z' END AS ethnicity,
       'E01000001' AS lsoa, CASE WHEN draw(n.person_key, 903) < 0.004 THEN NULL ELSE decile END AS imd_decile, 'P00001' AS practice,
       draw(n.person_key, 904) < 0.985 AS registered,
       CASE WHEN draw(n.person_key, 905) < 0.0009 * exp((age - 45) / 11.0) THEN CAST(DATE '2022-04-01' + CAST(floor(draw(n.person_key, 906) * 1096) AS INTEGER) AS DATE) END AS date_of_death,
       CAST(known_gp AS INTEGER) + CAST(known_hospital AS INTEGER) + CAST(known_community AS INTEGER) + CAST(known_mental_health AS INTEGER)
         + CAST(known_social_care AS INTEGER) + CAST(known_housing AS INTEGER) + CAST(known_voluntary AS INTEGER) AS partners_known,
       known_gp, known_hospital, known_community, known_mental_health, known_social_care, known_housing, known_voluntary,
       CAST(n.person_key % 64 AS INTEGER) AS bucket
FROM need n JOIN (
  SELECT n.person_key, TRUE AS known_gp, coalesce(bool_or(partner = 'hospital'), FALSE) AS known_hospital, coalesce(bool_or(partner = 'community'), FALSE) AS known_community,
         coalesce(bool_or(partner = 'mental_health'), FALSE) AS known_mental_health, coalesce(bool_or(partner = 'social_care'), FALSE) AS known_social_care,
         coalesce(bool_or(partner = 'housing'), FALSE) AS known_housing, coalesce(bool_or(partner = 'voluntary'), FALSE) AS known_voluntary
  FROM need n LEFT JOIN activity a USING (person_key) LEFT JOIN line l ON l.setting = a.setting AND l.service_line = a.service_line
  GROUP BY n.person_key) AS k USING (person_key);
CREATE TABLE person_month AS
SELECT person_key, CAST(date_trunc('month', date) AS DATE) AS month, setting, CAST(sum(units) AS BIGINT) AS units, CAST(sum(cost_pence) AS BIGINT) AS cost_pence
FROM activity GROUP BY ALL;
)sql";
}

}  // namespace joinedup::report
