-- What the figures a minute count: one entry a thing that happened in it, sorted by minute, so that one minute is read alone.
-- An entry's key says what happened to whom, and its values say how that is counted, so a newer row overwrites it; where it
-- happened in another minute than in the row that it replaces, the old entry is overwritten by one that is `gone`.
CREATE TABLE IF NOT EXISTS minute_entries
(
    minute DateTime64(3, 'UTC') COMMENT 'The minute in which it happened.' CODEC(Delta, ZSTD(1)),
    definition LowCardinality(String) COMMENT 'Name of the definition.',
    kind LowCardinality(String) COMMENT 'opened, closed or broken.',
    rule LowCardinality(String) COMMENT 'The rule (broken); else empty.',
    instance String COMMENT 'Instance of the journey.' CODEC(ZSTD(1)),
    occurrence String COMMENT 'Occurrence of the breakage.' CODEC(ZSTD(1)),
    person_id String COMMENT 'The person.' CODEC(ZSTD(1)),
    address_id String COMMENT 'The identifier that it is about.' CODEC(ZSTD(1)),
    region LowCardinality(String) COMMENT 'Of the journey.',
    channel LowCardinality(String) COMMENT 'Of the journey.',
    severity LowCardinality(String) COMMENT 'Of the breakage; else empty.',
    name LowCardinality(String) COMMENT 'The outcome so far (opened), the outcome (closed) or the rule (broken).',
    state LowCardinality(String) COMMENT 'Of the journey or breakage.',
    duration_ms Nullable(Int64) COMMENT 'From opening to closing, from breaking to recovery.' CODEC(ZSTD(1)),
    gone Bool COMMENT 'It did not happen, or not in this minute.',
    redirects UInt64 COMMENT 'The highest redirect number that it rests on.' CODEC(T64, ZSTD(1)),
    version UInt64 COMMENT 'Of the journey or breakage; the highest of a key wins.' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (minute, definition, kind, rule, instance, occurrence, person_id)
SETTINGS index_granularity = 1024
COMMENT 'What the figures a minute count, filled from journeys and breakages.';

CREATE MATERIALIZED VIEW IF NOT EXISTS journeys_to_minute_entries TO minute_entries
AS WITH
    at -> toUnixTimestamp64Milli(at) AS ms_of,
    at -> fromUnixTimestamp64Milli(ms_of(at) - positiveModulo(ms_of(at), 60000), 'UTC') AS minute_of,
    [(minute_of(opened_at), 'opened')] AS opens,
    if(closed_at IS NULL, [], [(minute_of(assumeNotNull(closed_at)), 'closed')]) AS closes,
    if(replaced_opened_at IS NULL, [], [(minute_of(assumeNotNull(replaced_opened_at)), 'opened')]) AS opened,
    if(replaced_closed_at IS NULL, [], [(minute_of(assumeNotNull(replaced_closed_at)), 'closed')]) AS closed
SELECT
    entry.1 AS minute, definition, entry.2 AS kind, '' AS rule, instance, '' AS occurrence, person_id, address_id, region, channel,
    '' AS severity, outcome AS name, state, toUnixTimestamp64Milli(closed_at) - toUnixTimestamp64Milli(opened_at) AS duration_ms,
    state = 'moved' OR NOT has(arrayConcat(opens, closes), entry) AS gone, redirects, version
FROM journeys
ARRAY JOIN arrayDistinct(arrayConcat(opens, closes, opened, closed)) AS entry
COMMENT 'Fills minute_entries.';

CREATE MATERIALIZED VIEW IF NOT EXISTS breakages_to_minute_entries TO minute_entries
AS WITH
    at -> toUnixTimestamp64Milli(at) AS ms_of,
    at -> fromUnixTimestamp64Milli(ms_of(at) - positiveModulo(ms_of(at), 60000), 'UTC') AS minute_of,
    if(replaced_broken_at IS NULL, [], [minute_of(assumeNotNull(replaced_broken_at))]) AS broke
SELECT
    entry AS minute, definition, 'broken' AS kind, rule, instance, occurrence, person_id, address_id, region, channel,
    severity, rule AS name, state, toUnixTimestamp64Milli(recovered_at) - toUnixTimestamp64Milli(broken_at) AS duration_ms,
    state = 'moved' OR entry != minute_of(broken_at) AS gone, redirects, version
FROM breakages
ARRAY JOIN arrayDistinct(arrayPushFront(broke, minute_of(broken_at))) AS entry
COMMENT 'Fills minute_entries.';

CREATE VIEW IF NOT EXISTS minute_entries_newest
AS SELECT * FROM minute_entries FINAL
COMMENT 'The newest row of every entry.';

-- Seen as journeys and breakages are (0008): what counts here is what v_journeys and v_breakage_history show.
CREATE VIEW IF NOT EXISTS minute_entries_judged
AS WITH
    (SELECT number FROM redirects_landed) AS landed,
    (SELECT number FROM redirects_settled) AS settled
SELECT
    *,
    redirects <= landed
    AND (address_id NOT IN (SELECT own_id FROM redirects_newest WHERE number > settled)
        OR (address_id, person_id) IN
        (
            SELECT own_id, argMax(person_id, number) FROM redirects_newest WHERE number > settled GROUP BY own_id
        ))
    AND person_id NOT IN
    (
        SELECT own_id FROM redirects_newest WHERE number > settled
        GROUP BY own_id HAVING argMax(person_id, number) != own_id
    ) AS visible
FROM minute_entries_newest
WHERE NOT gone
COMMENT 'Entries that count, and whether readers see them at the moment.';
