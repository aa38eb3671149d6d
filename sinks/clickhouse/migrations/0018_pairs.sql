-- A pair is named by its two identifiers, as ids of persons of their own; their values are in people.
CREATE TABLE IF NOT EXISTS pairs
(
    weaker_id String COMMENT 'The identifier of lower rank, as the id of a person of its own.' CODEC(ZSTD(1)),
    stronger_id String COMMENT 'The identifier of higher rank, the same way.' CODEC(ZSTD(1)),
    weaker_type LowCardinality(String) COMMENT 'Type of the weaker identifier.',
    stronger_type LowCardinality(String) COMMENT 'Type of the stronger identifier.',
    state LowCardinality(String) COMMENT 'linked; unlinked on purpose; refused by a guard.',
    guard LowCardinality(String) COMMENT 'Which guard refuses it: denied, crowded, too_large, too_many_TYPE; empty if none does.',
    occurred_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Event time of the touchpoint that says so.' CODEC(ZSTD(1)),
    source LowCardinality(String) COMMENT 'Source of that touchpoint.',
    event_id String COMMENT 'Event id of that touchpoint.' CODEC(ZSTD(1)),
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT '(epoch, offset, step) packed; the highest of a pair wins.' CODEC(T64, ZSTD(1)),
    INDEX by_stronger stronger_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (weaker_id, stronger_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Pairs of identifiers of persons and what stands between them, one row a pair.';

CREATE TABLE IF NOT EXISTS receipts
(
    first_number UInt64 COMMENT 'Number of the first redirect of all that moved.' CODEC(Delta, ZSTD(1)),
    last_number UInt64 COMMENT 'Number of the last one.' CODEC(Delta, ZSTD(1)),
    kind LowCardinality(String) COMMENT 'merged: all of a person came to another; split: a part of it left.',
    left_id String COMMENT 'Person before.' CODEC(ZSTD(1)),
    joined_id String COMMENT 'Person now.' CODEC(ZSTD(1)),
    identifiers UInt64 COMMENT 'Identifiers of persons that moved.' CODEC(T64, ZSTD(1)),
    objects UInt64 COMMENT 'Objects that moved with them.' CODEC(T64, ZSTD(1)),
    left_size UInt64 COMMENT 'Identifiers of the person before it lost them.' CODEC(T64, ZSTD(1)),
    joined_size UInt64 COMMENT 'Identifiers of the person afterwards.' CODEC(T64, ZSTD(1)),
    weaker_id String COMMENT 'The weaker identifier of the pair that did it.' CODEC(ZSTD(1)),
    stronger_id String COMMENT 'The stronger one.' CODEC(ZSTD(1)),
    why LowCardinality(String) COMMENT 'linked, unlinked, or the guard that refuses the pair now.',
    occurred_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Event time of the touchpoint behind it.' CODEC(ZSTD(1)),
    source LowCardinality(String) COMMENT 'Source of that touchpoint.',
    event_id String COMMENT 'Event id of that touchpoint.' CODEC(ZSTD(1)),
    decided_at DateTime64(3, 'UTC') COMMENT 'When identity decided.' CODEC(Delta, ZSTD(1)),
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT '(epoch, offset, step) packed.' CODEC(T64, ZSTD(1)),
    INDEX by_left left_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_joined joined_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (first_number, left_id, joined_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What became of persons: a receipt each time that one belonged to another root.';
