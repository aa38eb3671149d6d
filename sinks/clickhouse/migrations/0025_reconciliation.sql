-- What became of every record of the input topic: sets of offsets by day, partition and kind.  A set that is told twice, or in other
-- pieces after a crash, is the same set, so nothing is ever counted twice; about a bit a record.
CREATE TABLE IF NOT EXISTS received_offsets
(
    day DateTime64(3, 'UTC') COMMENT 'Beginning of the day on which the broker stored them.' CODEC(Delta, ZSTD(1)),
    partition UInt32 COMMENT 'Partition of the input topic.' CODEC(T64, ZSTD(1)),
    kind LowCardinality(String) COMMENT 'received: intake read them; dropped: they carry somebody who was erased; as_of: they move the clock.',
    first_offset UInt64 COMMENT 'The first of consecutive offsets.' CODEC(Delta, ZSTD(1)),
    last_offset UInt64 COMMENT 'The last of them.' CODEC(Delta, ZSTD(1)),
    told_at DateTime64(3, 'UTC') COMMENT 'When it was told.' CODEC(Delta, ZSTD(1)),
    landed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was inserted.' CODEC(Delta, ZSTD(1)),
    version UInt64 MATERIALIZED toUInt64(toUnixTimestamp64Milli(told_at)) COMMENT 'The latest wins.' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (day, partition, kind, first_offset, last_offset)
TTL toDateTime(landed_at) + INTERVAL 7 DAY
COMMENT 'What intake and land tell of offsets of the input topic, on its way into offset_accounts.';

CREATE TABLE IF NOT EXISTS offset_accounts
(
    day Date COMMENT 'Day on which the broker stored them, UTC.',
    partition UInt32 COMMENT 'Partition of the input topic.',
    kind LowCardinality(String) COMMENT 'received, dropped, as_of; accepted: became touchpoints; rejected; erased: touchpoints erased later.',
    source LowCardinality(String) COMMENT 'System that recorded them (accepted, erased); else empty.',
    offsets AggregateFunction(groupBitmap, UInt64) COMMENT 'Their offsets.'
)
ENGINE = AggregatingMergeTree
ORDER BY (day, partition, kind, source)
COMMENT 'What became of the records of the input topic: sets of offsets.';

CREATE MATERIALIZED VIEW IF NOT EXISTS received_to_offset_accounts TO offset_accounts
AS SELECT toDate(day) AS day, partition, kind, '' AS source, groupBitmapState(offset) AS offsets
FROM
(
    SELECT r.day AS day, r.partition AS partition, r.kind AS kind, arrayJoin(range(r.first_offset, r.last_offset + 1)) AS offset
    FROM received_offsets AS r
)
GROUP BY day, partition, kind
COMMENT 'Fills offset_accounts.';

CREATE MATERIALIZED VIEW IF NOT EXISTS touchpoints_to_offset_accounts TO offset_accounts
AS SELECT
    toDate(received_at) AS day, source_partition AS partition, 'accepted' AS kind, source, groupBitmapState(source_offset) AS offsets
FROM touchpoints
GROUP BY day, partition, source
COMMENT 'Fills offset_accounts, copies of one touchpoint included.';

CREATE MATERIALIZED VIEW IF NOT EXISTS rejected_to_offset_accounts TO offset_accounts
AS SELECT toDate(received_at) AS day, partition, 'rejected' AS kind, '' AS source, groupBitmapState(offset) AS offsets
FROM rejected_touchpoints
GROUP BY day, partition
COMMENT 'Fills offset_accounts.';

CREATE VIEW IF NOT EXISTS offset_sets
AS SELECT
    day, partition,
    groupBitmapMergeStateIf(offsets, kind = 'received') AS received_set,
    groupBitmapMergeStateIf(offsets, kind = 'accepted') AS accepted_set,
    groupBitmapMergeStateIf(offsets, kind = 'rejected') AS rejected_set,
    groupBitmapMergeStateIf(offsets, kind = 'dropped') AS dropped_set,
    groupBitmapMergeStateIf(offsets, kind = 'as_of') AS as_of_set,
    groupBitmapMergeStateIf(offsets, kind = 'erased') AS erased_set,
    groupBitmapMergeStateIf(offsets, kind != 'received') AS known_set
FROM offset_accounts
GROUP BY day, partition
COMMENT 'The sets of a day and partition side by side.';

CREATE VIEW IF NOT EXISTS v_reconciliation
(
    day DateTime64(3, 'UTC') COMMENT 'Beginning of the day on which the broker stored the records, UTC.',
    partition UInt32 COMMENT 'Partition of the input topic.',
    received UInt64 COMMENT 'Records that intake read: landed + duplicates + rejected + dropped + erased + as_of + missing.',
    landed Int64 COMMENT 'Touchpoints that stand.',
    duplicates Int64 COMMENT 'Accepted, and another copy of the same touchpoint stands, of this day or another.',
    rejected UInt64 COMMENT 'In the dead letters, tried again or not.',
    dropped UInt64 COMMENT 'Carried somebody who had been erased.',
    erased UInt64 COMMENT 'Touchpoints that were erased with a person.',
    as_of UInt64 COMMENT 'Moved the clock, and are no touchpoints.',
    missing UInt64 COMMENT 'Nothing of it landed: on its way; or lost, if that stays.',
    skipped UInt64 COMMENT 'Offsets that intake passed over: marks of transactions; or records that it never saw.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    counted AS
    (
        SELECT
            day, partition, bitmapMin(received_set) AS first, bitmapMax(received_set) AS last, bitmapCardinality(received_set) AS n,
            bitmapAnd(accepted_set, received_set) AS taken_set,
            bitmapCardinality(taken_set) AS taken,
            bitmapCardinality(bitmapAnd(erased_set, taken_set)) AS gone,
            bitmapCardinality(bitmapAnd(bitmapAndnot(rejected_set, taken_set), received_set)) AS refused,
            bitmapCardinality(bitmapAnd(bitmapAndnot(dropped_set, bitmapOr(taken_set, rejected_set)), received_set)) AS left_out,
            bitmapCardinality(bitmapAnd(bitmapAndnot(as_of_set, bitmapOr(taken_set, rejected_set)), received_set)) AS clocks,
            bitmapCardinality(bitmapAndnot(received_set, known_set)) AS lacking
        FROM offset_sets
        WHERE bitmapCardinality(received_set) > 0
    ),
    standing AS
    (
        SELECT c.day AS day, c.partition AS partition, toInt64(countIf(t.source_offset >= c.first)) AS stands
        FROM (SELECT toDate(received_at) AS day, source_partition AS partition, source_offset FROM touchpoints FINAL) AS t
        INNER JOIN (SELECT day, partition, first FROM counted) AS c ON c.day = t.day AND c.partition = t.partition
        GROUP BY day, partition
    ),
    ordered AS
    (
        SELECT
            c.day AS at, c.partition AS part, c.n AS n, s.stands AS stands, toInt64(c.taken) - s.stands - toInt64(c.gone) AS copies,
            c.refused AS refused, c.left_out AS left_out, c.gone AS gone, c.clocks AS clocks, c.lacking AS lacking, c.first AS first,
            c.last AS last, lagInFrame(toInt64(c.last), 1, toInt64(c.first) - 1) OVER days AS before
        FROM counted AS c
        LEFT ANY JOIN standing AS s ON s.day = c.day AND s.partition = c.partition
        WINDOW days AS (PARTITION BY c.partition ORDER BY c.day ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
SELECT
    toDateTime64(at, 3, 'UTC') AS day, part AS partition, n AS received, stands AS landed, copies AS duplicates, refused AS rejected,
    left_out AS dropped, gone AS erased, clocks AS as_of, lacking AS missing,
    toUInt64(greatest(0, toInt64(last) - before - toInt64(n))) AS skipped
FROM ordered
COMMENT 'What became of every record of the input topic, one row a day and partition.';

CREATE VIEW IF NOT EXISTS v_reconciliation_sources
(
    day DateTime64(3, 'UTC') COMMENT 'Beginning of the day on which the broker stored the records, UTC.',
    source String COMMENT 'System that recorded the touchpoints.',
    accepted UInt64 COMMENT 'Records that became touchpoints: landed + duplicates + erased.',
    landed Int64 COMMENT 'Touchpoints that stand.',
    duplicates Int64 COMMENT 'Accepted, and another copy of the same touchpoint stands, of this day or another.',
    erased UInt64 COMMENT 'Touchpoints that were erased with a person.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    sets AS
    (
        SELECT
            day, partition, source, groupBitmapMergeStateIf(offsets, kind = 'accepted') AS accepted_set,
            groupBitmapMergeStateIf(offsets, kind = 'erased') AS erased_set
        FROM offset_accounts
        WHERE kind IN ('accepted', 'erased')
        GROUP BY day, partition, source
    ),
    counted AS
    (
        SELECT
            day, source, sum(bitmapCardinality(accepted_set)) AS taken,
            sum(bitmapCardinality(bitmapAnd(erased_set, accepted_set))) AS gone
        FROM sets
        GROUP BY day, source
        HAVING taken > 0
    ),
    begins AS
    (
        SELECT day, partition, bitmapMin(accepted_set) AS first FROM offset_sets WHERE bitmapCardinality(accepted_set) > 0
    ),
    standing AS
    (
        SELECT b.day AS day, t.source AS source, toInt64(countIf(t.source_offset >= b.first)) AS stands
        FROM
        (
            SELECT toDate(received_at) AS day, source_partition AS partition, source, source_offset FROM touchpoints FINAL
        ) AS t
        INNER JOIN begins AS b ON b.day = t.day AND b.partition = t.partition
        GROUP BY day, source
    )
SELECT
    toDateTime64(c.day, 3, 'UTC') AS day, c.source AS source, c.taken AS accepted, s.stands AS landed,
    toInt64(c.taken) - s.stands - toInt64(c.gone) AS duplicates, c.gone AS erased
FROM counted AS c
LEFT ANY JOIN standing AS s ON s.day = c.day AND s.source = c.source
COMMENT 'What became of the touchpoints that intake accepted, one row a day and source.';
