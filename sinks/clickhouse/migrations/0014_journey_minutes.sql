-- A minute is one row, so that recomputing it replaces it whole: figures that vanished need no zeros, and no reader ever sees a
-- minute half new.
CREATE TABLE IF NOT EXISTS journey_minutes
(
    minute DateTime64(3, 'UTC') COMMENT 'The minute.' CODEC(Delta, ZSTD(1)),
    figures Array(Tuple(
            definition LowCardinality(String), region LowCardinality(String), channel LowCardinality(String),
            severity LowCardinality(String), kind LowCardinality(String), name LowCardinality(String),
            state LowCardinality(String), n UInt64, durations UInt64, duration_ms Int64))
        COMMENT 'What happened in it, counted; empty: nothing that stands.' CODEC(ZSTD(1)),
    hidden UInt64 COMMENT 'Entries that readers did not see when it was computed; it is computed again because of them.' CODEC(T64, ZSTD(1)),
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was computed.' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT '(epoch, offset, 0) of minutes.touched, packed; the highest of a minute wins.' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY minute
SETTINGS index_granularity = 1024
COMMENT 'Figures a minute, one row a minute, each computed whole.';

CREATE VIEW IF NOT EXISTS journey_minutes_newest
AS SELECT
    minute, figures.definition, figures.region, figures.channel, figures.severity, figures.kind, figures.name, figures.state,
    figures.n, figures.durations, figures.duration_ms, landed_at
FROM journey_minutes FINAL
COMMENT 'The newest row of every minute.';

CREATE VIEW IF NOT EXISTS v_journey_minutes
(
    minute DateTime64(3, 'UTC') COMMENT 'The minute of event time, UTC.',
    definition String COMMENT 'Name of the definition.',
    region String COMMENT 'Of the journey.',
    channel String COMMENT 'Of the journey.',
    severity String COMMENT 'Of the breakage: info, warning or critical; empty for journeys.',
    kind String COMMENT 'opened: journeys that opened in it. closed: that closed in it. broken: breakages of it. withdrawn: breakages that a late touchpoint refuted.',
    name String COMMENT 'The outcome (opened: so far, empty while open; closed) or the rule (broken, withdrawn).',
    state String COMMENT 'What has become of them: open or closed (opened), closed (closed), open or recovered (broken), withdrawn.',
    n UInt64 COMMENT 'How many.',
    durations UInt64 COMMENT 'How many of them have a duration: those that closed or recovered.',
    duration_s Float64 COMMENT 'Sum of these durations, seconds: opening to closing, breaking to recovery.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When the minute was computed.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    minute, definition, region, channel, severity, kind, name, state, n, durations, duration_ms / 1000 AS duration_s, landed_at
FROM journey_minutes_newest
ARRAY JOIN
    `figures.definition` AS definition, `figures.region` AS region, `figures.channel` AS channel, `figures.severity` AS severity,
    `figures.kind` AS kind, `figures.name` AS name, `figures.state` AS state, `figures.n` AS n,
    `figures.durations` AS durations, `figures.duration_ms` AS duration_ms
COMMENT 'Figures a minute of event time, one row a (minute, definition, region, channel, severity, kind, name, state); a second or two behind v_journeys and v_breakages.';
