-- Keyed like the rejected record that was tried again, in a table of its own: who rejects it once more after a crash forgets nothing.
CREATE TABLE IF NOT EXISTS replayed_touchpoints
(
    received_at DateTime64(3, 'UTC') COMMENT 'When the broker stored the rejected record.' CODEC(Delta, ZSTD(1)),
    topic LowCardinality(String) COMMENT 'Topic where it lies.',
    partition UInt32 COMMENT 'Partition where it lies.' CODEC(T64, ZSTD(1)),
    offset UInt64 COMMENT 'Offset where it lies.' CODEC(T64, ZSTD(1)),
    replayed_at DateTime64(3, 'UTC') COMMENT 'When intake read the record that was sent in its place.' CODEC(Delta, ZSTD(1)),
    replayed_partition UInt32 COMMENT 'Partition of that record on the input topic.' CODEC(T64, ZSTD(1)),
    replayed_offset UInt64 COMMENT 'Offset of that record on the input topic.' CODEC(T64, ZSTD(1)),
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 MATERIALIZED toUInt64(toUnixTimestamp64Milli(replayed_at)) COMMENT 'The latest try wins.' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY (toDate32(received_at), topic, partition, offset)
COMMENT 'Rejected records that were sent once more, and where; one row a rejected record.';

CREATE VIEW IF NOT EXISTS v_dead_letters
(
    reason String COMMENT 'Why, from a closed set.',
    detail String COMMENT 'What was wrong, without values of the record.',
    state String COMMENT 'open, or replayed: what became of it is told at the place of the later record.',
    topic String COMMENT 'Topic where it lies.',
    partition UInt32 COMMENT 'Partition where it lies.',
    offset UInt64 COMMENT 'Offset where it lies.',
    received_at DateTime64(3, 'UTC') COMMENT 'When the broker stored it.',
    rejected_at DateTime64(3, 'UTC') COMMENT 'When intake rejected it.',
    load String COMMENT 'Name of the history load that brought it; empty for live traffic.',
    replayed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When intake read the record that was sent in its place.',
    replayed_partition Nullable(UInt32) COMMENT 'Partition of that record on the input topic.',
    replayed_offset Nullable(UInt64) COMMENT 'Offset of that record on the input topic.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    d.reason AS reason, d.detail AS detail, if(r.version > 0, 'replayed', 'open') AS state, d.topic AS topic,
    d.partition AS partition, d.offset AS offset, d.received_at AS received_at, d.rejected_at AS rejected_at, d.load AS load,
    if(r.version > 0, r.replayed_at, NULL) AS replayed_at, if(r.version > 0, r.replayed_partition, NULL) AS replayed_partition,
    if(r.version > 0, r.replayed_offset, NULL) AS replayed_offset
FROM rejected_touchpoints AS d FINAL
LEFT ANY JOIN
(
    SELECT received_at, topic, partition, offset, replayed_at, replayed_partition, replayed_offset, version
    FROM replayed_touchpoints FINAL
) AS r ON r.received_at = d.received_at AND r.topic = d.topic AND r.partition = d.partition AND r.offset = d.offset
COMMENT 'Records that could not become touchpoints, without their bytes, and whether they were tried again; one row a record.';
