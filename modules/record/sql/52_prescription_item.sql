-- grain: one row per prescription item issued
-- key: source, source_row
-- table: prescription_item

-- Each drug once, with its BNF chapter and the price of an item where the feed gives none.
{{temporary(drug)}} AS
WITH
-- The chapter is the number before the first dot; 0 where there is none.
chaptered AS (
  SELECT code_id, dmd_code,
         CAST(right(regexp_replace(concat('0', coalesce(trim(bnf_chapter), '')), '[^0-9].*$', ''), 3) AS SMALLINT) AS chapter,
         row_number() OVER (PARTITION BY code_id ORDER BY source_row DESC) AS place_in_order
  FROM door.drug_code
)
SELECT c.code_id, c.dmd_code, c.chapter AS bnf_chapter, coalesce(p.pence, d.pence, 0) AS default_pence
FROM chaptered c
LEFT JOIN price_prescription_default p ON p.bnf_chapter = CAST(c.chapter AS STRING)
LEFT JOIN price_prescription_default d ON d.bnf_chapter = '*'
WHERE c.place_in_order = 1;

CREATE TABLE prescription_item AS
SELECT i.person_key, CAST(6 AS SMALLINT) AS source, i.source_row, i.effective_date AS issue_date,
       i.code_id, CAST(NULL AS STRING) AS code, CAST(NULL AS STRING) AS code_system, g.dmd_code, coalesce(g.bnf_chapter, CAST(0 AS SMALLINT)) AS bnf_chapter, i.quantity,
       CAST(coalesce(i.estimated_nhs_cost_pence, g.default_pence, d.pence, 0) AS BIGINT) AS cost_pence,
       i.estimated_nhs_cost_pence IS NULL AS cost_defaulted,
       i.effective_date BETWEEN t.data_from AND t.data_to AS in_period
FROM door.gp_issue i
CROSS JOIN period t
LEFT JOIN drug g ON g.code_id = i.code_id
LEFT JOIN price_prescription_default d ON d.bnf_chapter = '*'
WHERE i.person_key IS NOT NULL AND NOT coalesce(i.deleted, FALSE);
