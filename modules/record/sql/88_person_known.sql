-- Helper: which kinds of partner hold anything about a person.

{{temporary(person_known)}} AS
SELECT DISTINCT person_key, 'gp' AS kind FROM door.gp_registration
UNION ALL
SELECT DISTINCT person_key, 'hospital' FROM door.inpatient_episode
UNION ALL
SELECT DISTINCT person_key, 'social_care' FROM door.social_care_event;
