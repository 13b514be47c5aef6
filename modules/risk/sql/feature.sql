-- grain: one row per member of the cohort (a person as of a day)
-- key: row_id
-- table: risk_feature
-- Everything here happened before index_date, and was known before it: a stay's length and diagnoses from its discharge on.
-- What depends on "now" (last practice, who knows the person, ethnicity as any feed ever told it) is not used.
-- {{first_index}} and {{last_index}} are the cohort's first and last day, as literals: rows that can matter to nobody are left
-- out while they are read, before any join.

CREATE TABLE risk_feature AS
WITH
-- Stays that began in the two years before.
stay_before AS (
  SELECT c.row_id, c.index_date, h.admission_type, h.day_case, h.length_of_stay, h.discharge_date, {{days_between(h.admission_date; c.index_date)}} AS days_before
  FROM hospital_spell h
  JOIN risk_cohort c ON c.person_key = h.person_key
  WHERE h.admission_date >= {{add_days({{first_index}}; -730)}} AND h.admission_date < {{last_index}} AND {{days_between(h.admission_date; c.index_date)}} BETWEEN 1 AND 730
),
stay AS (
  SELECT row_id,
         count(CASE WHEN admission_type = 'emergency' AND days_before <= 365 THEN 1 END) AS emergency_admissions_12m,
         count(CASE WHEN admission_type = 'emergency' AND days_before <= 90 THEN 1 END) AS emergency_admissions_3m,
         count(CASE WHEN admission_type <> 'emergency' AND NOT day_case AND days_before <= 365 THEN 1 END) AS other_admissions_12m,
         count(CASE WHEN day_case AND days_before <= 365 THEN 1 END) AS day_cases_12m,
         count(CASE WHEN admission_type = 'emergency' AND days_before > 365 THEN 1 END) AS emergency_admissions_year_before,
         count(CASE WHEN admission_type <> 'emergency' AND days_before > 365 THEN 1 END) AS other_admissions_year_before,
         sum(CASE WHEN discharge_date < index_date AND days_before <= 365 THEN length_of_stay END) AS bed_days_12m,
         min(CASE WHEN admission_type = 'emergency' AND days_before <= 365 THEN days_before END) AS days_since_emergency_admission,
         max(CASE WHEN discharge_date IS NULL OR discharge_date >= index_date THEN 1 ELSE 0 END) AS in_hospital
  FROM stay_before
  GROUP BY row_id
),
emergency_department AS (
  SELECT c.row_id, count(CASE WHEN {{days_between(e.arrival_date; c.index_date)}} <= 365 THEN 1 END) AS emergency_attendances_12m,
         count(CASE WHEN {{days_between(e.arrival_date; c.index_date)}} > 365 THEN 1 END) AS emergency_attendances_year_before,
         count(CASE WHEN {{days_between(e.arrival_date; c.index_date)}} <= 90 THEN 1 END) AS emergency_attendances_3m
  FROM emergency_attendance e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.arrival_date >= {{add_days({{first_index}}; -730)}} AND e.arrival_date < {{last_index}} AND {{days_between(e.arrival_date; c.index_date)}} BETWEEN 1 AND 730
  GROUP BY c.row_id
),
outpatient AS (
  SELECT c.row_id, count(CASE WHEN e.attended AND {{days_between(e.appointment_date; c.index_date)}} <= 365 THEN 1 END) AS outpatient_attended_12m,
         count(CASE WHEN e.did_not_attend AND {{days_between(e.appointment_date; c.index_date)}} <= 365 THEN 1 END) AS outpatient_not_attended_12m,
         count(CASE WHEN e.attended AND {{days_between(e.appointment_date; c.index_date)}} > 365 THEN 1 END) AS outpatient_attended_year_before
  FROM outpatient_attendance e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.appointment_date >= {{add_days({{first_index}}; -730)}} AND e.appointment_date < {{last_index}} AND {{days_between(e.appointment_date; c.index_date)}} BETWEEN 1 AND 730
  GROUP BY c.row_id
),
practice AS (
  SELECT c.row_id, count(CASE WHEN {{days_between(e.contact_date; c.index_date)}} <= 365 THEN 1 END) AS gp_contacts_12m, count(CASE WHEN {{days_between(e.contact_date; c.index_date)}} > 365 THEN 1 END) AS gp_contacts_year_before, count(CASE WHEN {{days_between(e.contact_date; c.index_date)}} <= 90 THEN 1 END) AS gp_contacts_3m
  FROM gp_contact e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.contact_date >= {{add_days({{first_index}}; -730)}} AND e.contact_date < {{last_index}} AND {{days_between(e.contact_date; c.index_date)}} BETWEEN 1 AND 730
  GROUP BY c.row_id
),
prescribed AS (
  SELECT c.row_id, count(*) AS prescription_items_12m, CAST(bit_count(bit_or(CASE WHEN e.bnf_chapter BETWEEN 0 AND 62 THEN {{bit(e.bnf_chapter)}} END)) AS BIGINT) AS bnf_chapters_12m
  FROM prescription_item e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.issue_date >= {{add_days({{first_index}}; -365)}} AND e.issue_date < {{last_index}} AND {{days_between(e.issue_date; c.index_date)}} BETWEEN 1 AND 365
  GROUP BY c.row_id
),
-- Different medicines: by the practice system's code, or by the code that a FHIR feed gives.
medicine AS (
  SELECT DISTINCT c.row_id, e.code_id, CASE WHEN e.code_id IS NULL THEN e.code END AS code
  FROM prescription_item e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.issue_date >= {{add_days({{first_index}}; -90)}} AND e.issue_date < {{last_index}} AND {{days_between(e.issue_date; c.index_date)}} BETWEEN 1 AND 90
    AND (e.code_id IS NOT NULL OR e.code IS NOT NULL)
),
medicines AS (
  SELECT row_id, count(*) AS medicines_3m
  FROM medicine
  GROUP BY row_id
),
community AS (
  SELECT c.row_id, count(*) AS community_contacts_12m
  FROM community_contact e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.attended AND e.contact_date >= {{add_days({{first_index}}; -365)}} AND e.contact_date < {{last_index}} AND {{days_between(e.contact_date; c.index_date)}} BETWEEN 1 AND 365
  GROUP BY c.row_id
),
mental_health AS (
  SELECT c.row_id, count(*) AS mental_health_contacts_12m
  FROM mental_health_contact e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.attended AND e.contact_date >= {{add_days({{first_index}}; -365)}} AND e.contact_date < {{last_index}} AND {{days_between(e.contact_date; c.index_date)}} BETWEEN 1 AND 365
  GROUP BY c.row_id
),
-- A package is open where it began before and had not ended; how it ends later is not looked at.
social_care AS (
  SELECT c.row_id,
         max(CASE WHEN e.starts_on < c.index_date AND (e.ends_on IS NULL OR e.ends_on >= c.index_date) AND e.service_type LIKE '%Nursing%' THEN 1 ELSE 0 END) AS nursing_home,
         max(CASE WHEN e.starts_on < c.index_date AND (e.ends_on IS NULL OR e.ends_on >= c.index_date) AND e.service_type LIKE '%Residential%' THEN 1 ELSE 0 END) AS residential_home,
         max(CASE WHEN e.starts_on < c.index_date AND (e.ends_on IS NULL OR e.ends_on >= c.index_date) AND e.service_type LIKE 'Long Term%Community%' THEN 1 ELSE 0 END) AS care_at_home,
         count(DISTINCT CASE WHEN e.service_type LIKE 'Short Term%' AND {{days_between(e.starts_on; c.index_date)}} <= 365 THEN e.starts_on END) AS short_term_care_12m
  FROM care_package e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.starts_on < c.index_date
  GROUP BY c.row_id
),
housing AS (
  SELECT c.row_id,
         count(CASE WHEN e.event_type = 'rent_arrears' AND {{days_between(e.event_date; c.index_date)}} <= 365 THEN 1 END) AS rent_arrears_12m,
         count(CASE WHEN e.event_type = 'repair_damp' AND {{days_between(e.event_date; c.index_date)}} <= 365 THEN 1 END) AS repairs_of_damp_12m,
         count(CASE WHEN e.event_type IN ('homelessness_application', 'temporary_accommodation') AND {{days_between(e.event_date; c.index_date)}} <= 365 THEN 1 END) AS homelessness_12m,
         max(1) AS social_tenant
  FROM housing_event e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.event_date < c.index_date
  GROUP BY c.row_id
),
voluntary AS (
  SELECT c.row_id, count(*) AS voluntary_contacts_12m
  FROM voluntary_contact e
  JOIN risk_cohort c ON c.person_key = e.person_key
  WHERE e.contact_date >= {{add_days({{first_index}}; -365)}} AND e.contact_date < {{last_index}} AND {{days_between(e.contact_date; c.index_date)}} BETWEEN 1 AND 365
  GROUP BY c.row_id
),
-- Conditions on record before; those of a stay from its discharge.
known_condition AS (
  SELECT DISTINCT c.row_id, r.condition
  FROM condition r
  JOIN risk_cohort c ON c.person_key = r.person_key
  LEFT JOIN spell_diagnosis d ON d.source = r.source AND d.episode_row = r.source_row AND d.position = r.part
  WHERE r.condition IS NOT NULL AND r.recorded_on < c.index_date AND (r.recorded_by <> 'hospital' OR d.discharge_date < c.index_date)
),
conditions AS (
  SELECT row_id, count(*) AS conditions,
{{conditions}}
  FROM known_condition
  GROUP BY row_id
),
-- The first day of each kind of event: before it the record holds none, which is not the same as there having been none.
known_since AS (
  SELECT (SELECT min(admission_date) FROM hospital_spell) AS stays, (SELECT min(arrival_date) FROM emergency_attendance) AS attendances,
         (SELECT min(appointment_date) FROM outpatient_attendance) AS appointments, (SELECT min(contact_date) FROM gp_contact) AS contacts
),
registered AS (
  SELECT c.row_id, max({{days_between(r.starts_on; c.index_date)}}) AS days_with_practice
  FROM registration_span r
  JOIN risk_cohort c ON c.person_key = r.person_key
  WHERE r.starts_on < c.index_date AND (r.ends_on IS NULL OR r.ends_on >= c.index_date)
  GROUP BY c.row_id
)
SELECT c.row_id, c.person_key, c.index_date,
       {{days_between(p.birth_month; c.index_date)}} / 365.25 AS age,
       CASE WHEN p.sex = 'M' THEN 1 WHEN p.sex = 'F' THEN 0 END AS male,
       p.imd_decile, least(registered.days_with_practice, 3650) AS days_with_practice,
       coalesce(stay.emergency_admissions_12m, 0) AS emergency_admissions_12m,
       coalesce(stay.emergency_admissions_3m, 0) AS emergency_admissions_3m,
       coalesce(stay.other_admissions_12m, 0) AS other_admissions_12m,
       coalesce(stay.day_cases_12m, 0) AS day_cases_12m,
       coalesce(CAST(stay.bed_days_12m AS BIGINT), 0) AS bed_days_12m,
       stay.days_since_emergency_admission AS days_since_emergency_admission,
       coalesce(stay.in_hospital, 0) AS in_hospital,
       coalesce(emergency_department.emergency_attendances_12m, 0) AS emergency_attendances_12m,
       coalesce(emergency_department.emergency_attendances_3m, 0) AS emergency_attendances_3m,
       coalesce(outpatient.outpatient_attended_12m, 0) AS outpatient_attended_12m,
       coalesce(outpatient.outpatient_not_attended_12m, 0) AS outpatient_not_attended_12m,
       coalesce(practice.gp_contacts_12m, 0) AS gp_contacts_12m,
       coalesce(practice.gp_contacts_3m, 0) AS gp_contacts_3m,
       coalesce(prescribed.prescription_items_12m, 0) AS prescription_items_12m,
       coalesce(medicines.medicines_3m, 0) AS medicines_3m,
       coalesce(prescribed.bnf_chapters_12m, 0) AS bnf_chapters_12m,
       coalesce(community.community_contacts_12m, 0) AS community_contacts_12m,
       coalesce(mental_health.mental_health_contacts_12m, 0) AS mental_health_contacts_12m,
       coalesce(social_care.nursing_home, 0) AS nursing_home,
       coalesce(social_care.residential_home, 0) AS residential_home,
       coalesce(social_care.care_at_home, 0) AS care_at_home,
       coalesce(social_care.short_term_care_12m, 0) AS short_term_care_12m,
       coalesce(housing.rent_arrears_12m, 0) AS rent_arrears_12m,
       coalesce(housing.repairs_of_damp_12m, 0) AS repairs_of_damp_12m,
       coalesce(housing.homelessness_12m, 0) AS homelessness_12m,
       coalesce(housing.social_tenant, 0) AS social_tenant,
       coalesce(voluntary.voluntary_contacts_12m, 0) AS voluntary_contacts_12m,
       CASE WHEN {{days_between(k.stays; c.index_date)}} >= 700 THEN coalesce(stay.emergency_admissions_year_before, 0) END AS emergency_admissions_year_before,
       CASE WHEN {{days_between(k.stays; c.index_date)}} >= 700 THEN coalesce(stay.other_admissions_year_before, 0) END AS other_admissions_year_before,
       CASE WHEN {{days_between(k.attendances; c.index_date)}} >= 700 THEN coalesce(emergency_department.emergency_attendances_year_before, 0) END AS emergency_attendances_year_before,
       CASE WHEN {{days_between(k.appointments; c.index_date)}} >= 700 THEN coalesce(outpatient.outpatient_attended_year_before, 0) END AS outpatient_attended_year_before,
       CASE WHEN {{days_between(k.contacts; c.index_date)}} >= 700 THEN coalesce(practice.gp_contacts_year_before, 0) END AS gp_contacts_year_before,
       coalesce(conditions.conditions, 0) AS conditions,
{{condition_columns}}
FROM risk_cohort c
JOIN person p ON p.person_key = c.person_key
CROSS JOIN known_since k
LEFT JOIN stay ON stay.row_id = c.row_id
LEFT JOIN emergency_department ON emergency_department.row_id = c.row_id
LEFT JOIN outpatient ON outpatient.row_id = c.row_id
LEFT JOIN practice ON practice.row_id = c.row_id
LEFT JOIN prescribed ON prescribed.row_id = c.row_id
LEFT JOIN medicines ON medicines.row_id = c.row_id
LEFT JOIN community ON community.row_id = c.row_id
LEFT JOIN mental_health ON mental_health.row_id = c.row_id
LEFT JOIN social_care ON social_care.row_id = c.row_id
LEFT JOIN housing ON housing.row_id = c.row_id
LEFT JOIN voluntary ON voluntary.row_id = c.row_id
LEFT JOIN conditions ON conditions.row_id = c.row_id
LEFT JOIN registered ON registered.row_id = c.row_id
ORDER BY c.row_id;
