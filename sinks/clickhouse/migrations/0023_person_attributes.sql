-- An attribute of a touchpoint that begins with `person_` is one of its person, from that event time on; an empty value ends it.  Like
-- consents they follow the person, and late arrival.  What a touchpoint says is taken out of its JSON when it lands: whoever asks then
-- reads one column that is empty in most rows.  What landed before is written once, in the background.
ALTER TABLE touchpoints ADD COLUMN IF NOT EXISTS person_attributes Array(Tuple(name LowCardinality(String), value String))
    MATERIALIZED if(position(attributes, '"person_') = 0, [],
                    arrayMap(each -> (substring(each.1, 8), if(startsWith(each.2, '"'), JSONExtractString(each.2), each.2)),
                             arrayFilter(each -> startsWith(each.1, 'person_') AND length(each.1) > 7,
                                         JSONExtractKeysAndValuesRaw(attributes))))
    COMMENT 'What it says of its person: attributes whose names begin with person_, without that, as text.' CODEC(ZSTD(1));

ALTER TABLE touchpoints MATERIALIZE COLUMN person_attributes;

ALTER TABLE touchpoints COMMENT COLUMN late_ms 'How far behind the clock that intake had sent, milliseconds; 0 is not late, -1 a description.';

ALTER TABLE touchpoints COMMENT COLUMN too_late 'It changed no journey: beyond the late horizon, or, where late_ms is 0, its purpose is excluded, or, where it is -1, it only describes its person.';

CREATE OR REPLACE VIEW v_touchpoints
(
    source String COMMENT 'System that recorded it.',
    event_id String COMMENT 'Unique within the source.',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened.',
    sequence Int64 COMMENT 'The order of the source among touchpoints of the same time.',
    person_id String COMMENT 'The person that it belongs to, 32 hex digits.',
    origin String COMMENT 'Who acted: product, human or system.',
    channel String COMMENT 'Where it happened.',
    action String COMMENT 'What happened, dotted.',
    direction String COMMENT 'inbound, outbound or empty.',
    region String COMMENT 'Country or region code.',
    locale String COMMENT 'Language tag.',
    agent String COMMENT 'The human agent or system that handled it; a pseudonym.',
    team String COMMENT 'The team that handled it.',
    address_type String COMMENT 'Type of the identifier that decided where it travelled.',
    address_value String COMMENT 'Value of that identifier.',
    attributes String COMMENT 'Everything else: a JSON object, for JSONExtract…(attributes, name).',
    late_s Float64 COMMENT 'How far behind the clock it came, seconds; 0 is not late.',
    too_late Bool COMMENT 'It changed no journey: beyond the late horizon, its purpose is excluded, or it only describes its person.',
    unused_because String COMMENT 'late, purpose or description, where it changed no journey; else empty.',
    load String COMMENT 'Name of the history load that brought it; empty for live traffic.',
    received_at DateTime64(3, 'UTC') COMMENT 'When the broker stored it.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When it was inserted here.',
    source_partition UInt32 COMMENT 'Partition of the input topic.',
    source_offset UInt64 COMMENT 'Offset on the input topic.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    t.source AS source, t.event_id AS event_id, t.occurred_at AS occurred_at, t.sequence AS sequence,
    if(p.person_id = '', t.address_id, p.person_id) AS person_id,
    t.origin AS origin, t.channel AS channel, t.action AS action, t.direction AS direction,
    t.region AS region, t.locale AS locale, t.agent AS agent, t.team AS team,
    substringIndex(t.address, ':', 1) AS address_type,
    substring(t.address, length(address_type) + 2) AS address_value,
    t.attributes AS attributes, greatest(t.late_ms, 0) / 1000 AS late_s, t.too_late AS too_late,
    multiIf(NOT t.too_late, '', t.late_ms > 0, 'late', t.late_ms = 0, 'purpose', 'description') AS unused_because, t.load AS load,
    t.received_at AS received_at, t.landed_at AS landed_at,
    t.source_partition AS source_partition, t.source_offset AS source_offset
FROM touchpoints_newest AS t
LEFT ANY JOIN people_newest AS p ON t.address_id = p.own_id
COMMENT 'Touchpoints with the person that they belong to, one row a (source, event id); see v_conflicts for the exceptions.';

-- For purposes that are excluded nothing is put together: what such a touchpoint says counts for nobody.
CREATE VIEW IF NOT EXISTS attributes_newest
AS SELECT
    address_id, occurred_at, sequence, event_id, source, content_hash, said.name AS name, said.value AS value
FROM touchpoints FINAL
ARRAY JOIN person_attributes AS said
WHERE NOT (too_late AND late_ms = 0)
COMMENT 'What the newest row of every touchpoint says of its person, one row an attribute.';

CREATE VIEW IF NOT EXISTS attributes_said
AS WITH once AS
(
    SELECT
        if(p.person_id = '', t.address_id, p.person_id) AS person_id, t.name AS name, t.occurred_at AS occurred_at,
        argMax(t.value, (t.sequence, t.event_id, t.source, bitNot(t.content_hash))) AS value
    FROM attributes_newest AS t
    LEFT ANY JOIN people_newest AS p ON t.address_id = p.own_id
    GROUP BY person_id, name, occurred_at
)
SELECT person_id, name, arraySort(groupArray((occurred_at, value))) AS said
FROM once
GROUP BY person_id, name
COMMENT 'All that was said of an attribute of a person, in event order, one row a (person, name).';

CREATE VIEW IF NOT EXISTS v_person_attributes
(
    person_id String COMMENT 'The person, 32 hex digits.',
    name String COMMENT 'Name of the attribute: `tier` of the attribute `person_tier`.',
    value String COMMENT 'Its value as text.',
    value_number Nullable(Float64) COMMENT 'The same, if it is a number.',
    since DateTime64(3, 'UTC') COMMENT 'Since when: the first touchpoint that said so after one that said otherwise.',
    until Nullable(DateTime64(3, 'UTC')) COMMENT 'When another value, or none, took its place; empty: it stands.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH changed AS
(
    SELECT
        person_id, name, arrayFilter((each, n) -> n = 1 OR said[n - 1].2 != each.2, said, arrayEnumerate(said)) AS changes
    FROM attributes_said
)
SELECT
    person_id, name, change.2 AS value, if(isFinite(toFloat64OrNull(value)), toFloat64OrNull(value), NULL) AS value_number,
    change.1 AS since, next AS until
FROM changed
ARRAY JOIN changes AS change, arrayPushBack(arrayMap(each -> toNullable(each.1), arrayPopFront(changes)), NULL) AS next
WHERE value != ''
COMMENT 'Attributes of persons and when they held, one row a (person, name, since); those with an empty until hold now.';

CREATE VIEW IF NOT EXISTS v_journey_attributes
(
    definition String COMMENT 'Name of the definition.',
    definition_version UInt32 COMMENT 'Its version.',
    instance String COMMENT 'Instance of the journey.',
    person_id String COMMENT 'The person, 32 hex digits.',
    journey_id String COMMENT 'The journey, 32 hex digits.',
    region String COMMENT 'Of the journey.',
    channel String COMMENT 'Of the journey.',
    outcome String COMMENT 'Of the journey.',
    opened_at DateTime64(3, 'UTC') COMMENT 'When the journey opened.',
    backfilled Bool COMMENT 'The journey was opened by a history load.',
    name String COMMENT 'Name of the attribute: `tier` of the attribute `person_tier`.',
    value String COMMENT 'Its value as text, when the journey opened.',
    value_number Nullable(Float64) COMMENT 'The same, if it is a number.',
    said_at DateTime64(3, 'UTC') COMMENT 'When that was said last by then.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    j.definition AS definition, j.definition_version AS definition_version, j.instance AS instance, j.person_id AS person_id,
    j.journey_id AS journey_id, j.region AS region, j.channel AS channel, j.outcome AS outcome, j.opened_at AS opened_at,
    j.backfilled AS backfilled, s.name AS name, s.said[arrayLastIndex(each -> each.1 <= j.opened_at, s.said)] AS stood,
    stood.2 AS value, if(isFinite(toFloat64OrNull(value)), toFloat64OrNull(value), NULL) AS value_number, stood.1 AS said_at
FROM journeys_visible AS j
INNER JOIN attributes_said AS s ON s.person_id = j.person_id
WHERE value != ''
COMMENT 'Attributes of a person as they were when a journey opened, one row a (journey, name); none where nothing was said by then.';

CREATE VIEW IF NOT EXISTS v_breakage_attributes
(
    definition String COMMENT 'Name of the definition.',
    definition_version UInt32 COMMENT 'Its version.',
    rule String COMMENT 'Name under `breakages`.',
    instance String COMMENT 'Instance of the journey.',
    occurrence String COMMENT 'Occurrence of the breakage.',
    person_id String COMMENT 'The person, 32 hex digits.',
    journey_id String COMMENT 'The journey, 32 hex digits.',
    cause_key String COMMENT 'The cause, 32 hex digits.',
    state String COMMENT 'Of the breakage: open or recovered.',
    severity String COMMENT 'info, warning or critical.',
    broken_at DateTime64(3, 'UTC') COMMENT 'From when it is broken, event time.',
    region String COMMENT 'Of the journey.',
    channel String COMMENT 'Of the journey.',
    backfilled Bool COMMENT 'The journey was opened by a history load.',
    name String COMMENT 'Name of the attribute: `tier` of the attribute `person_tier`.',
    value String COMMENT 'Its value as text, when it broke.',
    value_number Nullable(Float64) COMMENT 'The same, if it is a number.',
    said_at DateTime64(3, 'UTC') COMMENT 'When that was said last by then.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    b.definition AS definition, b.definition_version AS definition_version, b.rule AS rule, b.instance AS instance,
    b.occurrence AS occurrence, b.person_id AS person_id, b.journey_id AS journey_id, b.cause_key AS cause_key, b.state AS state,
    b.severity AS severity, b.broken_at AS broken_at, b.region AS region, b.channel AS channel, b.backfilled AS backfilled,
    s.name AS name, s.said[arrayLastIndex(each -> each.1 <= b.broken_at, s.said)] AS stood, stood.2 AS value,
    if(isFinite(toFloat64OrNull(value)), toFloat64OrNull(value), NULL) AS value_number, stood.1 AS said_at
FROM breakages_visible AS b
INNER JOIN attributes_said AS s ON s.person_id = b.person_id
WHERE b.state != 'withdrawn' AND value != ''
COMMENT 'Attributes of a person as they were when it broke, one row a (breakage, name); none where nothing was said by then.';
