-- A query bounded in time reads the months and days concerned: partitions by month, the day first in the sorting key.
-- Of copies at one address and day the newest `version` stays, which is made so that the smallest content hash wins,
-- and among equal content not late before late before too late, live before loaded.
CREATE TABLE IF NOT EXISTS touchpoints
(
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened.' CODEC(Delta, ZSTD(1)),
    source LowCardinality(String) COMMENT 'System that recorded it.',
    event_id String COMMENT 'Unique within the source.' CODEC(ZSTD(1)),
    address String COMMENT 'Identifier, type:value, that decided where it travelled.' CODEC(ZSTD(1)),
    address_id String COMMENT 'The address as a person of its own: 32 hex digits.' CODEC(ZSTD(1)),
    sequence Int64 COMMENT 'The order of the source among touchpoints of the same time.' CODEC(T64, ZSTD(1)),
    origin LowCardinality(String) COMMENT 'Who acted: product, human or system.',
    channel LowCardinality(String) COMMENT 'Where it happened.',
    action LowCardinality(String) COMMENT 'What happened, dotted.',
    direction LowCardinality(String) COMMENT 'inbound, outbound or empty.',
    identifiers_json String EPHEMERAL COMMENT 'Identifiers as JSON, [[type, value], ...]: how the sink sends them, not stored.',
    identifiers Array(Tuple(type LowCardinality(String), value String))
        DEFAULT JSONExtract(identifiers_json, 'Array(Tuple(type LowCardinality(String), value String))')
        COMMENT 'What it can be found by, as normalised by intake.' CODEC(ZSTD(1)),
    attributes String COMMENT 'Everything else: a JSON object of scalars.' CODEC(ZSTD(1)),
    region LowCardinality(String) COMMENT 'Country or region code.',
    locale LowCardinality(String) COMMENT 'Language tag.',
    agent LowCardinality(String) COMMENT 'The human agent or system that handled it; a pseudonym.',
    team LowCardinality(String) COMMENT 'The team that handled it.',
    content_hash UInt64 COMMENT '64 bits of the content.' CODEC(NONE),
    late_ms Int64 COMMENT 'How far behind the clock that intake had sent, milliseconds; 0 is not late.' CODEC(T64, ZSTD(1)),
    too_late Bool COMMENT 'Beyond the late horizon: it changed no journey.',
    load LowCardinality(String) COMMENT 'Name of the history load that brought it; empty for live traffic.',
    received_at DateTime64(3, 'UTC') COMMENT 'When the broker stored it on the input topic.' CODEC(Delta, ZSTD(1)),
    source_partition UInt32 COMMENT 'Partition of the input topic.' CODEC(T64, ZSTD(1)),
    source_offset UInt64 COMMENT 'Offset on the input topic.' CODEC(T64, ZSTD(1)),
    log_partition UInt32 COMMENT 'Partition of person.log.' CODEC(T64, ZSTD(1)),
    log_version UInt64 COMMENT 'Its place on person.log: (epoch, offset, step) packed into 8, 40 and 16 bits.' CODEC(T64, ZSTD(1)),
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 MATERIALIZED bitOr(bitAnd(bitNot(content_hash), 0xFFFFFFFFFFFFFFF8),
                                      multiIf(late_ms = 0, 4, NOT too_late, 2, 0) + (load = ''))
        COMMENT 'The highest of a key wins: 61 bits against the content hash, 2 against lateness, 1 against loads.' CODEC(NONE),
    INDEX by_address address_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_identifier identifiers.value TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (toDate32(occurred_at), source, event_id, address)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Touchpoints as person.log carries them, one row a (day, source, event id, address).';
