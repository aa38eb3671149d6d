-- The day is in the key because a topic that was made anew counts its offsets from 0 again.
CREATE TABLE IF NOT EXISTS rejected_touchpoints
(
    received_at DateTime64(3, 'UTC') COMMENT 'When the broker stored it.' CODEC(Delta, ZSTD(1)),
    topic LowCardinality(String) COMMENT 'Topic where it lies.',
    partition UInt32 COMMENT 'Partition where it lies.' CODEC(T64, ZSTD(1)),
    offset UInt64 COMMENT 'Offset where it lies.' CODEC(T64, ZSTD(1)),
    reason LowCardinality(String) COMMENT 'Why, from a closed set.',
    detail String COMMENT 'What was wrong, without values of the record.' CODEC(ZSTD(1)),
    rejected_at DateTime64(3, 'UTC') COMMENT 'When intake rejected it.' CODEC(Delta, ZSTD(1)),
    key Nullable(String) COMMENT 'The key as it came, bytes.' CODEC(ZSTD(1)),
    value Nullable(String) COMMENT 'The value as it came, bytes.' CODEC(ZSTD(1)),
    headers Nested
    (
        name String,
        value Nullable(String)
    ) COMMENT 'The headers as they came, bytes.',
    load LowCardinality(String) COMMENT 'Name of the history load that brought it; empty for live traffic.',
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 MATERIALIZED toUInt64(toUnixTimestamp64Milli(rejected_at))
        COMMENT 'The latest rejection of a record wins.' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY (toDate32(received_at), topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Records that could not become touchpoints, with their bytes; one row a record.';
