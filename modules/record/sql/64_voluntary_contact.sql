-- grain: one row per contact with a voluntary organisation
-- key: source, source_row
-- table: voluntary_contact

CREATE TABLE voluntary_contact AS
SELECT v.person_key, CAST(11 AS SMALLINT) AS source, v.source_row, v.organisation, v.contact_date, v.service, v.contact_type,
       v.duration_minutes,
       CAST(coalesce(p.pence, d.pence, 0) AS BIGINT) AS cost_pence,
       p.service IS NULL AS cost_defaulted,
       v.contact_date BETWEEN t.data_from AND t.data_to AS in_period
FROM door.voluntary_row v
CROSS JOIN period t
LEFT JOIN price_voluntary p ON p.service = lower(v.service) AND p.service <> '*'
LEFT JOIN price_voluntary d ON d.service = '*'
WHERE v.person_key IS NOT NULL
ORDER BY v.source_row;
