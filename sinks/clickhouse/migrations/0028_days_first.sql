-- The day first in the sorting key: a query bounded in time reads the days concerned, as it does of touchpoints, and not every row.
-- Of a row that counts on another day than the one that it replaces land inserts two: itself, and one that is `moved` on that day.
-- Each statement fills a new table and puts it in the place of the old one in one step, so it may be repeated.
CREATE OR REPLACE TABLE journeys
(
    definition LowCardinality(String) COMMENT 'Name of the definition.',
    instance String COMMENT 'Its instance: the order number, the case number.' CODEC(ZSTD(1)),
    person_id String COMMENT 'The person, 32 hex digits.' CODEC(ZSTD(1)),
    address_id String COMMENT 'The identifier that it is about: own_id in people. Its owner is the person.' CODEC(ZSTD(1)),
    journey_id String COMMENT 'The instance of the definition, 32 hex digits; the same whoever the person is.' CODEC(ZSTD(1)),
    definition_version UInt32 COMMENT 'Version of the definition.',
    state LowCardinality(String) COMMENT 'open, closed, moved: the row went because its person changed; or quarantined: a receipt.',
    outcome LowCardinality(String) COMMENT 'Name under `closes`, expired, or empty.',
    opened_at DateTime64(3, 'UTC') COMMENT 'Event time of the opening touchpoint.' CODEC(Delta, ZSTD(1)),
    closed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Event time of the closing.' CODEC(ZSTD(1)),
    first_at DateTime64(3, 'UTC') COMMENT 'Earliest touchpoint that belongs to it.' CODEC(Delta, ZSTD(1)),
    last_at DateTime64(3, 'UTC') COMMENT 'Latest touchpoint that belongs to it.' CODEC(Delta, ZSTD(1)),
    touchpoints UInt32 COMMENT 'How many touchpoints belong to it.' CODEC(T64, ZSTD(1)),
    opened_by String COMMENT 'Event id of the opening touchpoint.' CODEC(ZSTD(1)),
    region LowCardinality(String) COMMENT 'Of the opening touchpoint.',
    channel LowCardinality(String) COMMENT 'Of the opening touchpoint.',
    effort Float64 COMMENT 'Sum of the efforts that its touchpoints cost the person.' CODEC(ZSTD(1)),
    stages_json String EPHEMERAL COMMENT 'The stages as JSON: how the sink sends them, not stored.',
    stages Array(Tuple(
            name LowCardinality(String), entry UInt32, started_at Int64, ended_at Nullable(Int64), duration_s Nullable(Float64),
            working_s Nullable(Float64), started_by String, ended_by String))
        DEFAULT JSONExtract(stages_json, 'Array(Tuple(
            name LowCardinality(String), entry UInt32, started_at Int64, ended_at Nullable(Int64), duration_s Nullable(Float64),
            working_s Nullable(Float64), started_by String, ended_by String))')
        COMMENT 'Stages entered; times are epoch milliseconds.' CODEC(ZSTD(1)),
    promises_json String EPHEMERAL COMMENT 'The promises as JSON: how the sink sends them, not stored.',
    promises Array(Tuple(
            name LowCardinality(String), occurrence String, state LowCardinality(String), made_at Int64, first_due_at Int64,
            due_at Int64, settled_at Nullable(Int64), margin_s Nullable(Float64), revisions UInt32, made_by String,
            settled_by String))
        DEFAULT JSONExtract(promises_json, 'Array(Tuple(
            name LowCardinality(String), occurrence String, state LowCardinality(String), made_at Int64, first_due_at Int64,
            due_at Int64, settled_at Nullable(Int64), margin_s Nullable(Float64), revisions UInt32, made_by String,
            settled_by String))')
        COMMENT 'Promises made in it; times are epoch milliseconds.' CODEC(ZSTD(1)),
    facts_json String EPHEMERAL COMMENT 'The facts as JSON, [[name, value as JSON], ...]: how the sink sends them, not stored.',
    facts Array(Tuple(name LowCardinality(String), value String))
        DEFAULT JSONExtract(facts_json, 'Array(Tuple(name LowCardinality(String), value String))')
        COMMENT 'Named facts; each value as a JSON scalar, so that its type is kept.' CODEC(ZSTD(1)),
    backfilled Bool COMMENT 'Opened by a history load: nobody is to be alerted.',
    redirects UInt64 COMMENT 'The highest redirect number that this row rests on; 0 for none.' CODEC(T64, ZSTD(1)),
    clock_at DateTime64(3, 'UTC') COMMENT 'The clock that judged; before 1900: none had spoken yet.' CODEC(Delta, ZSTD(1)),
    emitted_at DateTime64(3, 'UTC') COMMENT 'Wall time of emission.' CODEC(Delta, ZSTD(1)),
    replaced_version UInt64 COMMENT 'Version of the row that this one replaces; 0 for none.' CODEC(T64, ZSTD(1)),
    replaced_state LowCardinality(String) COMMENT 'Its state.',
    replaced_outcome LowCardinality(String) COMMENT 'Its outcome.',
    replaced_opened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Its opening.' CODEC(ZSTD(1)),
    replaced_closed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Its closing.' CODEC(ZSTD(1)),
    replaced_region LowCardinality(String) COMMENT 'Its region.',
    replaced_channel LowCardinality(String) COMMENT 'Its channel.',
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT '(epoch, offset, step) packed into 8, 40 and 16 bits; the highest of a key wins.' CODEC(T64, ZSTD(1)),
    INDEX by_person person_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_instance instance TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (toDate32(opened_at), definition, instance, person_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Journeys as they stand, one row a (definition, instance, person); one that is moved also on each day on which it opened before.'
AS SELECT * FROM journeys FINAL;

CREATE OR REPLACE TABLE breakages
(
    definition LowCardinality(String) COMMENT 'Name of the definition.',
    rule LowCardinality(String) COMMENT 'Name under `breakages`.',
    instance String COMMENT 'The instance of the journey: the order number, the case number.' CODEC(ZSTD(1)),
    occurrence String COMMENT 'Which violation, where a rule can be broken more than once; else empty.' CODEC(ZSTD(1)),
    person_id String COMMENT 'The person, 32 hex digits.' CODEC(ZSTD(1)),
    address_id String COMMENT 'The identifier that it is about: own_id in people. Its owner is the person.' CODEC(ZSTD(1)),
    journey_id String COMMENT 'The instance of the definition, 32 hex digits; the same whoever the person is.' CODEC(ZSTD(1)),
    cause_key String COMMENT '(definition, rule, instance, occurrence), 32 hex digits; the same for all persons.' CODEC(ZSTD(1)),
    definition_version UInt32 COMMENT 'Version of the definition.',
    state LowCardinality(String) COMMENT 'open, recovered, withdrawn (nothing was broken), or moved: its person changed.',
    severity LowCardinality(String) COMMENT 'info, warning or critical.',
    owner LowCardinality(String) COMMENT 'Who is to act.',
    runbook LowCardinality(String) COMMENT 'Link to what to do.',
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when it could still have been met.' CODEC(ZSTD(1)),
    broken_at DateTime64(3, 'UTC') COMMENT 'Event time from which it is broken.' CODEC(Delta, ZSTD(1)),
    detected_at DateTime64(3, 'UTC') COMMENT 'Wall time of the first emission.' CODEC(Delta, ZSTD(1)),
    recovered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Event time of the recovery.' CODEC(ZSTD(1)),
    region LowCardinality(String) COMMENT 'Of the journey.',
    channel LowCardinality(String) COMMENT 'Of the journey.',
    evidence_json String EPHEMERAL COMMENT 'The evidence as JSON: how the sink sends them, not stored.',
    evidence Array(Tuple(
            source LowCardinality(String), event_id String, occurred_at Int64, action LowCardinality(String),
            role LowCardinality(String)))
        DEFAULT JSONExtract(evidence_json, 'Array(Tuple(
            source LowCardinality(String), event_id String, occurred_at Int64, action LowCardinality(String),
            role LowCardinality(String)))')
        COMMENT 'The touchpoints that prove it; times are epoch milliseconds.' CODEC(ZSTD(1)),
    facts_json String EPHEMERAL COMMENT 'The facts as JSON, [[name, value as JSON], ...]: how the sink sends them, not stored.',
    facts Array(Tuple(name LowCardinality(String), value String))
        DEFAULT JSONExtract(facts_json, 'Array(Tuple(name LowCardinality(String), value String))')
        COMMENT 'Facts of the journey carried along; each value as a JSON scalar.' CODEC(ZSTD(1)),
    backfilled Bool COMMENT 'The journey was opened by a history load: nobody is to be alerted.',
    redirects UInt64 COMMENT 'The highest redirect number that this row rests on; 0 for none.' CODEC(T64, ZSTD(1)),
    clock_at DateTime64(3, 'UTC') COMMENT 'The clock that judged; before 1900: none had spoken yet.' CODEC(Delta, ZSTD(1)),
    emitted_at DateTime64(3, 'UTC') COMMENT 'Wall time of emission.' CODEC(Delta, ZSTD(1)),
    replaced_version UInt64 COMMENT 'Version of the row that this one replaces; 0 for none.' CODEC(T64, ZSTD(1)),
    replaced_state LowCardinality(String) COMMENT 'Its state.',
    replaced_broken_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Its time.' CODEC(ZSTD(1)),
    replaced_severity LowCardinality(String) COMMENT 'Its severity.',
    replaced_region LowCardinality(String) COMMENT 'Its region.',
    replaced_channel LowCardinality(String) COMMENT 'Its channel.',
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT '(epoch, offset, step) packed into 8, 40 and 16 bits; the highest of a key wins.' CODEC(T64, ZSTD(1)),
    INDEX by_person person_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_instance instance TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_cause cause_key TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (toDate32(broken_at), definition, rule, instance, occurrence, person_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Breakages as they stand, one row a (definition, rule, instance, occurrence, person); one that is moved also on each day on which it broke before.'
AS SELECT * FROM breakages FINAL;
