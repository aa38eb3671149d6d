-- Hours are sums of minutes: a table and two materialized views less that every insert has to feed.
CREATE OR REPLACE VIEW v_journey_hours
(
    hour DateTime64(3, 'UTC') COMMENT 'The hour, UTC.',
    definition String COMMENT 'Name of the definition.',
    region String COMMENT 'Of the journey.',
    channel String COMMENT 'Of the journey.',
    kind String COMMENT 'opened, closed or broken.',
    name String COMMENT 'The outcome (closed) or the rule (broken); empty for opened.',
    n UInt64 COMMENT 'How many.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT toStartOfHour(minute) AS hour, definition, region, channel, kind, if(kind = 'opened', '', name) AS name, sum(n) AS n
FROM v_journey_minutes
WHERE kind != 'withdrawn'
GROUP BY ALL
SETTINGS enable_extended_results_for_datetime_functions = 1
COMMENT 'Journeys opened, closed by outcome and broken by rule an hour of event time: sums of v_journey_minutes.';

DROP VIEW IF EXISTS journeys_to_hour_entries;
DROP VIEW IF EXISTS breakages_to_hour_entries;
DROP VIEW IF EXISTS hour_entries_visible;
DROP VIEW IF EXISTS hour_entries_newest;
DROP TABLE IF EXISTS hour_entries;
