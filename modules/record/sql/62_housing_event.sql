-- grain: one row per housing event
-- key: source, source_row
-- table: housing_event

CREATE TABLE housing_event AS
SELECT h.person_key, CAST(10 AS SMALLINT) AS source, h.source_row, h.landlord, h.event_type, h.event_date, h.end_date,
       h.tenure, h.weekly_rent_pence,
       h.event_date BETWEEN t.data_from AND t.data_to AS in_period
FROM door.housing_row h
CROSS JOIN period t
WHERE h.person_key IS NOT NULL
ORDER BY h.source_row;
