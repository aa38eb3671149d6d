-- What the hourly figures count: one entry a thing that happened in an hour.  A row's entries are keyed by what they count, so
-- a newer row overwrites them; where it counts in another hour or under another name than the row that it replaces, the old
-- entry is overwritten by one that is `gone`.  Nothing is ever added up twice, whatever is inserted again.
CREATE TABLE IF NOT EXISTS hour_entries
(
    hour DateTime64(3, 'UTC') COMMENT 'The hour in which it happened.' CODEC(Delta, ZSTD(1)),
    definition LowCardinality(String) COMMENT 'Name of the definition.',
    kind LowCardinality(String) COMMENT 'opened, closed or broken.',
    name LowCardinality(String) COMMENT 'The outcome (closed) or the rule (broken).',
    instance String COMMENT 'Instance of the journey.' CODEC(ZSTD(1)),
    occurrence String COMMENT 'Occurrence of the breakage.' CODEC(ZSTD(1)),
    person_id String COMMENT 'The person.' CODEC(ZSTD(1)),
    address_id String COMMENT 'The identifier that it is about.' CODEC(ZSTD(1)),
    region LowCardinality(String) COMMENT 'Of the journey.',
    channel LowCardinality(String) COMMENT 'Of the journey.',
    gone Bool COMMENT 'It no longer counts here.',
    redirects UInt64 COMMENT 'The highest redirect number that it rests on.' CODEC(T64, ZSTD(1)),
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'Of the journey or breakage; the highest of a key wins.' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, definition, kind, name, instance, occurrence, person_id)
COMMENT 'What the hourly figures count, filled from journeys and breakages.';

CREATE MATERIALIZED VIEW IF NOT EXISTS journeys_to_hour_entries TO hour_entries
AS WITH
    at -> toUnixTimestamp64Milli(at) AS ms_of,
    at -> fromUnixTimestamp64Milli(ms_of(at) - positiveModulo(ms_of(at), 3600000), 'UTC') AS hour_of,
    [(hour_of(opened_at), 'opened', '')] AS opens,
    if(closed_at IS NULL, [], [(hour_of(assumeNotNull(closed_at)), 'closed', toString(outcome))]) AS closes,
    if(replaced_opened_at IS NULL, [], [(hour_of(assumeNotNull(replaced_opened_at)), 'opened', '')]) AS opened,
    if(replaced_closed_at IS NULL, [],
       [(hour_of(assumeNotNull(replaced_closed_at)), 'closed', toString(replaced_outcome))]) AS closed
SELECT
    entry.1 AS hour, definition, entry.2 AS kind, entry.3 AS name, instance, '' AS occurrence, person_id, address_id, region,
    channel, state = 'moved' OR NOT has(arrayConcat(opens, closes), entry) AS gone, redirects, version
FROM journeys
ARRAY JOIN arrayDistinct(arrayConcat(opens, closes, opened, closed)) AS entry
COMMENT 'Fills hour_entries.';

CREATE MATERIALIZED VIEW IF NOT EXISTS breakages_to_hour_entries TO hour_entries
AS WITH
    at -> toUnixTimestamp64Milli(at) AS ms_of,
    at -> fromUnixTimestamp64Milli(ms_of(at) - positiveModulo(ms_of(at), 3600000), 'UTC') AS hour_of,
    if(replaced_broken_at IS NULL, [], [hour_of(assumeNotNull(replaced_broken_at))]) AS broke
SELECT
    entry AS hour, definition, 'broken' AS kind, rule AS name, instance, occurrence, person_id, address_id, region, channel,
    state IN ('withdrawn', 'moved') OR entry != hour_of(broken_at) AS gone, redirects, version
FROM breakages
ARRAY JOIN arrayDistinct(arrayPushFront(broke, hour_of(broken_at))) AS entry
COMMENT 'Fills hour_entries.';
