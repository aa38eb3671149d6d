CREATE VIEW IF NOT EXISTS v_people
(
    identifier_type String COMMENT 'Type of the identifier.',
    identifier_value String COMMENT 'Its value, normalised.',
    kind String COMMENT 'person links people, object belongs to one.',
    person_id String COMMENT 'The person that it belongs to, 32 hex digits.',
    root_type String COMMENT 'Type of the root of that person.',
    root_value String COMMENT 'Value of the root of that person.',
    number UInt64 COMMENT 'Number of the redirect that says so; 0: its own root since it was seen.',
    linked_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the deciding touchpoint happened.',
    linked_by_source String COMMENT 'Source of the deciding touchpoint.',
    linked_by_event String COMMENT 'Event id of the deciding touchpoint.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When it was inserted here.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    identifier_type, identifier_value, kind, person_id, root_type, root_value, number, linked_at, linked_by_source, linked_by_event,
    landed_at
FROM people_newest
COMMENT 'Which person an identifier belongs to, one row an identifier.';

CREATE VIEW IF NOT EXISTS v_rejected
(
    reason String COMMENT 'Why, from a closed set.',
    detail String COMMENT 'What was wrong, without values of the record.',
    topic String COMMENT 'Topic where it lies.',
    partition UInt32 COMMENT 'Partition where it lies.',
    offset UInt64 COMMENT 'Offset where it lies.',
    received_at DateTime64(3, 'UTC') COMMENT 'When the broker stored it.',
    rejected_at DateTime64(3, 'UTC') COMMENT 'When intake rejected it.',
    key_base64 Nullable(String) COMMENT 'The key as it came, base64.',
    value_base64 Nullable(String) COMMENT 'The value as it came, base64.',
    value_text Nullable(String) COMMENT 'The value, where it is readable as UTF-8.',
    load String COMMENT 'Name of the history load that brought it; empty for live traffic.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When it was inserted here.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    reason, detail, topic, partition, offset, received_at, rejected_at, base64Encode(key) AS key_base64,
    base64Encode(value) AS value_base64, if(isValidUTF8(assumeNotNull(value)), value, NULL) AS value_text, load, landed_at
FROM rejected_touchpoints FINAL
COMMENT 'Records that could not become touchpoints, one row a record.';

CREATE VIEW IF NOT EXISTS v_clocks
(
    topic String COMMENT 'Topic whose clock has landed, without the namespace.',
    complete Bool COMMENT 'Every partition and source has spoken.',
    clock_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Everything up to here has landed; empty: somebody has not spoken.',
    final_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Up to here the books are closed; empty: nowhere yet.',
    clock_ms Int64 COMMENT 'The same as clock_at, epoch milliseconds; the lowest number: unknown.',
    final_ms Int64 COMMENT 'The same as final_at, epoch milliseconds; the lowest number: unknown.',
    redirects UInt64 COMMENT 'All redirects up to this number were applied before it.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When the newest clock of the topic was inserted.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    toInt64(-4611686018427387904) AS never,
    heard AS
    (
        SELECT
            topic, partition, min(clock_ms) AS clock_ms, min(final_ms) AS final_ms, max(redirects) AS redirects,
            count() >= max(sources) AS complete, max(partitions) AS expected, max(landed_at) AS landed_at
        FROM clocks FINAL
        GROUP BY topic, partition
    ),
    topics AS
    (
        SELECT
            topic, min(complete) AND count() >= max(expected) AS complete, min(clock_ms) AS clock_ms, min(final_ms) AS final_ms,
            min(redirects) AS redirects, max(landed_at) AS landed_at
        FROM heard
        GROUP BY topic
    )
SELECT
    topic, complete,
    if(clock_ms > never, fromUnixTimestamp64Milli(if(clock_ms > never, clock_ms, 0), 'UTC'), NULL) AS clock_at,
    if(final_ms > never, fromUnixTimestamp64Milli(if(final_ms > never, final_ms, 0), 'UTC'), NULL) AS final_at,
    if(topics.complete, topics.clock_ms, never) AS clock_ms,
    if(topics.complete, topics.final_ms, never) AS final_ms,
    if(topics.complete, topics.redirects, 0) AS redirects,
    landed_at
FROM topics
COMMENT 'How far event time has landed, one row a topic.';

CREATE VIEW IF NOT EXISTS v_freshness
(
    table String COMMENT 'Name of the table.',
    newest_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Newest event time in it.',
    clock_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Everything up to here has landed in it; empty: not known yet.',
    landed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When a row was last inserted.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT newest.table AS table, newest.newest_at AS newest_at, c.clock_at AS clock_at, newest.landed_at AS landed_at
FROM
(
    SELECT 'touchpoints' AS table, 'person.log' AS topic, maxOrNull(occurred_at) AS newest_at, maxOrNull(landed_at) AS landed_at
    FROM touchpoints
    UNION ALL SELECT 'journeys', 'journeys', maxOrNull(last_at), maxOrNull(landed_at) FROM journeys
    UNION ALL SELECT 'breakages', 'breakages', maxOrNull(broken_at), maxOrNull(landed_at) FROM breakages
    UNION ALL SELECT 'people', 'identity.people', maxOrNull(linked_at), maxOrNull(landed_at) FROM people
    UNION ALL SELECT 'rejected_touchpoints', 'touchpoints.rejected', maxOrNull(received_at), maxOrNull(landed_at)
    FROM rejected_touchpoints
) AS newest
LEFT ANY JOIN v_clocks AS c ON c.topic = newest.topic
COMMENT 'How fresh each table is: newest event, clock, last insert.';
