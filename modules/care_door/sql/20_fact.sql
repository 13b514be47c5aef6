-- grain: one row per resource to be shared about somebody whose care record is open
-- The tables care_<staged table> hold the staged rows of those people only, with their care key; a feed that may not be used for
-- care, or that the place has not got, has left them empty. source_key names the fact within its feed: the sender's own number
-- where there is one, else what does not change about it.
CREATE TABLE fact(care_key BIGINT, feed VARCHAR, kind VARCHAR, source_key VARCHAR, status VARCHAR, class VARCHAR, type VARCHAR, code_system VARCHAR,
                  code VARCHAR, display VARCHAR, starts DATE, ends DATE, provider VARCHAR, label VARCHAR, rows BIGINT);

-- Hospital: one Encounter a provider spell, from all its episodes.
INSERT INTO fact
SELECT care_key, 'hes_apc_sus', 'encounter', concat(provider, '|', provider_spell), CASE WHEN max(spell_end) IS NULL THEN 'in-progress' ELSE 'finished' END, 'IMP',
       CASE WHEN min(admission_method) IN ('21', '22', '23', '24', '25', '28', '2A', '2B', '2D') THEN 'Emergency admission'
            WHEN min(admission_method) IN ('11', '12', '13') THEN 'Planned admission'
            WHEN min(admission_method) IN ('31', '32', '82', '83', '2C') THEN 'Maternity or birth' ELSE 'Admission' END,
       'http://hl7.org/fhir/sid/icd-10', arg_min(diagnosis_01, (episode_start, coalesce(episode_number, 99))), NULL, min(spell_start), max(spell_end), provider, 'normal', count(*)
FROM care_inpatient_episode
GROUP BY care_key, provider, provider_spell;

INSERT INTO fact
SELECT care_key, 'ecds', 'encounter', CAST(ec_ident AS VARCHAR), 'finished', 'EMER', 'Emergency department attendance', 'http://snomed.info/sct', CAST(max(chief_complaint) AS VARCHAR), NULL,
       min(arrival_date), min(arrival_date), max(provider), 'normal', count(*)
FROM care_ecds_attendance
GROUP BY care_key, ec_ident;

INSERT INTO fact
SELECT care_key, 'ae_sus', 'encounter', row_id, 'finished', 'EMER', 'Emergency department attendance', 'http://hl7.org/fhir/sid/icd-10', max(diagnosis_01), NULL, min(arrival_date), min(arrival_date), max(provider), 'normal',
       count(*)
FROM care_ae_attendance
GROUP BY care_key, row_id;

-- Appointments that were kept (5: seen; 6: seen though late).
INSERT INTO fact
SELECT care_key, 'hes_op_sus', 'encounter', row_id, 'finished', 'AMB', 'Outpatient attendance', NULL, NULL, NULL, min(appointment_date), min(appointment_date), max(provider), 'normal', count(*)
FROM care_outpatient_appointment
WHERE attended IN ('5', '6')
GROUP BY care_key, row_id;

-- Practices send no number with a consultation here: person, day and kind name it, the second of a day by its number.
INSERT INTO fact
SELECT care_key, 'gp_event', 'encounter', concat(person_ref, '|', effective_date, '|', coalesce(consultation_type, ''), '|', nth), 'finished',
       CASE WHEN lower(coalesce(consultation_type, '')) LIKE '%home%' THEN 'HH' WHEN lower(coalesce(consultation_type, '')) LIKE '%phone%' OR lower(coalesce(consultation_type, '')) LIKE '%online%' THEN 'VR' ELSE 'AMB' END,
       concat('General practice: ', coalesce(consultation_type, 'consultation')), NULL, NULL, NULL, effective_date, effective_date, practice, 'normal', 1
FROM (SELECT c.*, r.practice, row_number() OVER (PARTITION BY c.person_ref, c.effective_date, c.consultation_type ORDER BY c.source_row) AS nth
      FROM care_gp_consultation c LEFT JOIN practice_of r ON r.person_ref = c.person_ref
      WHERE NOT coalesce(c.deleted, FALSE));

INSERT INTO fact
SELECT care_key, 'csds', 'encounter', row_id, 'finished', CASE WHEN max(consultation_mechanism) IS NULL OR max(consultation_mechanism) IN ('01', '1') THEN 'AMB' ELSE 'VR' END,
       concat('Community contact', CASE WHEN max(team) IS NULL THEN '' ELSE concat(': ', max(team)) END), NULL, NULL, NULL, min(contact_date), min(contact_date), max(provider), 'normal', count(*)
FROM care_csds_contact
WHERE attendance_status IN ('5', '6')
GROUP BY care_key, row_id;

INSERT INTO fact
SELECT care_key, 'mhsds', 'encounter', row_id, 'finished', CASE WHEN max(consultation_mechanism) IS NULL OR max(consultation_mechanism) IN ('01', '1') THEN 'AMB' ELSE 'VR' END,
       'Mental health contact', NULL, NULL, NULL, min(contact_date), min(contact_date), max(provider), 'mental_health', count(*)
FROM care_mhsds_contact
WHERE attendance_status IN ('5', '6')
GROUP BY care_key, row_id;

INSERT INTO fact
SELECT care_key, 'voluntary', 'encounter', row_id, 'finished', 'AMB', concat('Voluntary sector: ', replace(max(service), '_', ' ')), NULL, NULL, NULL, min(contact_date), min(contact_date), max(organisation),
       CASE WHEN max(service) IN ('debt_advice', 'food_support') THEN 'social_care' ELSE 'normal' END, count(*)
FROM care_voluntary_row
GROUP BY care_key, row_id;

-- One Condition a listed concept and registration, from its first record.
INSERT INTO fact
SELECT o.care_key, 'gp_event', 'condition', concat(o.person_ref, '|', k.snomed_concept), 'active', NULL, NULL, 'http://snomed.info/sct', CAST(k.snomed_concept AS VARCHAR), max(k.term), min(o.effective_date), NULL, NULL,
       CASE WHEN max(m.condition) IN ('depression', 'anxiety', 'severe_mental_illness') THEN 'mental_health' WHEN max(m.condition) = 'alcohol_dependence' THEN 'substance_use' ELSE 'normal' END, count(*)
FROM care_gp_observation o
JOIN (SELECT code_id, min(snomed_concept) AS snomed_concept, min(term) AS term FROM staging.main.clinical_code GROUP BY code_id) k ON k.code_id = o.code_id
JOIN code_condition m ON m.snomed_concept = k.snomed_concept
WHERE NOT coalesce(o.deleted, FALSE)
GROUP BY o.care_key, o.person_ref, k.snomed_concept;

-- One MedicationStatement a medicine and registration, from its first issue to its last; taken while the last is at most 90 days old.
INSERT INTO fact
SELECT i.care_key, 'gp_event', 'medication', concat(i.person_ref, '|', i.code_id), CASE WHEN max(i.effective_date) >= max(p.data_to) - 90 THEN 'active' ELSE 'completed' END, NULL, NULL, 'https://dmd.nhs.uk',
       CAST(max(d.dmd_code) AS VARCHAR), coalesce(max(d.term), concat('Medicine ', i.code_id)), min(i.effective_date), max(i.effective_date), NULL, 'normal', count(*)
FROM care_gp_issue i
CROSS JOIN place_period p
LEFT JOIN (SELECT code_id, min(dmd_code) AS dmd_code, min(term) AS term FROM staging.main.drug_code GROUP BY code_id) d ON d.code_id = i.code_id
WHERE NOT coalesce(i.deleted, FALSE)
GROUP BY i.care_key, i.person_ref, i.code_id;

-- One ServiceRequest a care package: the latest word of the council on it.
INSERT INTO fact
SELECT care_key, 'asc_cld', 'package', concat(local_authority, '|', coalesce(event_reference, concat(event_start, '|', service_type)), '|', coalesce(service_component, '')),
       CASE WHEN arg_max(event_end, (period_end, source_row)) <= max(data_to) THEN 'completed' ELSE 'active' END, NULL,
       coalesce(arg_max(service_type, (period_end, source_row)), 'Social care'), NULL, NULL, arg_max(service_component, (period_end, source_row)), min(event_start),
       arg_max(event_end, (period_end, source_row)), local_authority, 'social_care', count(*)
FROM care_social_care_event
CROSS JOIN place_period
WHERE event_type = 'Service'
GROUP BY care_key, local_authority, coalesce(event_reference, concat(event_start, '|', service_type)), coalesce(service_component, '');
