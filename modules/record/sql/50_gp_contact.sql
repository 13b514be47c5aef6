-- grain: one row per consultation that is a contact with the person
-- key: source, source_row
-- table: gp_contact

-- Each kind of consultation once, with the worker, the minutes assumed and the price; a kind that the list lacks has its default.
{{temporary(consultation_kind)}} AS
WITH
-- The kinds that the feed uses.
kind AS (
  SELECT DISTINCT consultation_type FROM door.gp_consultation
)
SELECT k.consultation_type,
       p.kind IS NULL AS kind_defaulted,
       coalesce(p.worker, d.worker) AS worker,
       coalesce(p.default_minutes, d.default_minutes, 0) AS minutes,
       coalesce(p.pence_per_minute, d.pence_per_minute, 0) AS pence_per_minute
FROM kind k
LEFT JOIN price_contact p ON p.setting = 'general_practice' AND p.kind = lower(trim(k.consultation_type)) AND p.kind <> '*'
LEFT JOIN price_contact d ON d.setting = 'general_practice' AND d.kind = '*';

CREATE TABLE gp_contact AS
SELECT c.person_key, CAST(5 AS SMALLINT) AS source, c.source_row, c.effective_date AS contact_date, c.consultation_type,
       k.worker, CAST(k.minutes AS INTEGER) AS minutes, k.kind_defaulted,
       CAST(k.minutes * k.pence_per_minute AS BIGINT) AS cost_pence,
       TRUE AS cost_defaulted,  -- the feed has no duration: the minutes are always the list's
       c.effective_date BETWEEN t.data_from AND t.data_to AS in_period
FROM door.gp_consultation c
CROSS JOIN period t
LEFT JOIN consultation_kind k ON k.consultation_type IS NOT DISTINCT FROM c.consultation_type
WHERE c.person_key IS NOT NULL AND NOT coalesce(c.deleted, FALSE) AND coalesce(k.worker, '') <> 'Admin';
