-- grain: one row per care key with a registration: what its Patient says
CREATE TABLE person_shown AS
SELECT r.care_key, CAST(i.nhs_number AS BIGINT) AS nhs_number, i.nhs_status, i.family_name, i.given_name, i.middle_names, i.sex, i.birth_date,
       i.house, i.address_line_1, i.town, i.postcode, o.ods_code, r.registered, d.date_of_death
FROM registration r
JOIN staging.main.identity_record i ON i.identity_key = r.identity_key
LEFT JOIN (SELECT organisation_guid, min(ods_code) AS ods_code FROM staging.main.gp_organisation GROUP BY organisation_guid) o ON o.organisation_guid = r.organisation_guid
LEFT JOIN person_died d ON d.care_key = r.care_key
WHERE r.nth = 1;
