-- The lists of a row come as JSON and are taken apart here: several times cheaper for the sink than sending them as arrays.
CREATE TABLE IF NOT EXISTS breakages
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
    INDEX by_cause cause_key TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (definition, rule, instance, occurrence, person_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Breakages as they stand, one row a (definition, rule, instance, occurrence, person).';
