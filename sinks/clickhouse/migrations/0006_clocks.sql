CREATE TABLE IF NOT EXISTS clocks
(
    topic LowCardinality(String) COMMENT 'Topic whose clock has landed, without the namespace.',
    partition UInt32 COMMENT 'Partition of that topic.',
    source UInt32 COMMENT 'Source partition that the time is about; 0 where the clock is one for all.',
    clock_ms Int64 COMMENT 'How far event time has advanced, epoch milliseconds.',
    final_ms Int64 COMMENT 'Up to here the books are closed, epoch milliseconds.',
    redirects UInt64 COMMENT 'Rows that had to go because of a redirect up to this number had gone before it.',
    partitions UInt32 COMMENT 'How many partitions the topic has.',
    sources UInt32 COMMENT 'How many sources speak on each of them.',
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.',
    version UInt64 COMMENT 'The highest of a key wins.'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (topic, partition, source)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Clocks that have landed behind the rows below them, one row a (topic, partition, source).';
