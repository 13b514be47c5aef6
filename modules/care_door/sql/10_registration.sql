-- grain: one row per row of a practice's register that is not deleted
-- Whose it is for care: by the decisions of the vault, a row that was taken off its person standing for itself.
CREATE TABLE registration AS
WITH
-- Each register row with the identity that it counts as.
counted AS (
  SELECT g.*, coalesce(f.identity_key, g.identity_key) AS counts_as
  FROM staging.main.gp_registration g
  LEFT JOIN row_fork f ON f.staged_table = 'gp_registration' AND f.row_id = g.row_id
  WHERE NOT coalesce(g.deleted, FALSE)
)
-- The latest registration first: one that has not ended before one that has.
SELECT c.care_key, r.person_ref, r.source_row, r.identity_key, r.organisation_guid, r.registered_on, r.deregistered_on, r.date_of_death,
       r.registered_on <= p.data_to AND (r.deregistered_on IS NULL OR r.deregistered_on > p.data_to) AS registered,
       row_number() OVER (PARTITION BY c.care_key
                          ORDER BY CASE WHEN r.deregistered_on IS NULL THEN 0 ELSE 1 END, r.registered_on DESC, r.source_row DESC) AS nth
FROM counted r
JOIN care_identity c ON c.identity_key = r.counts_as
CROSS JOIN place_period p;
