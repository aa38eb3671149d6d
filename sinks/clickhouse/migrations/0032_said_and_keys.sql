-- What queries of a day and of a week waited for on two million journeys: identifiers looked up as texts, what is said of persons
-- looked for in every touchpoint, and attributes taken out of their JSON again for each of them.

-- Ids of 32 hex digits as the 128 bits that they are: a quarter of the time to look some of them up among all.
ALTER TABLE people
    ADD COLUMN IF NOT EXISTS own_key UInt128 MATERIALIZED reinterpretAsUInt128(unhex(own_id))
        COMMENT 'own_id as 128 bits.' CODEC(NONE),
    ADD COLUMN IF NOT EXISTS person_key UInt128 MATERIALIZED reinterpretAsUInt128(unhex(person_id))
        COMMENT 'person_id as 128 bits.' CODEC(NONE);

ALTER TABLE people MATERIALIZE COLUMN own_key, MATERIALIZE COLUMN person_key;

-- Grouped and not FINAL, so that a join takes out what it does not look for before the rows of an identifier are put together.
CREATE OR REPLACE VIEW owners
AS SELECT own_key, argMax(person_key, version) AS person_key FROM people GROUP BY own_key
COMMENT 'Which person an identifier belongs to, both as 128 bits.';

-- 32 bits find almost all that are no copies, for a quarter of the bytes.
ALTER TABLE touchpoints
    ADD COLUMN IF NOT EXISTS event_short UInt32 MATERIALIZED toUInt32(event_key)
        COMMENT 'The lowest 32 bits of event_key.' CODEC(NONE);

-- A column `said` had to be looked through in every touchpoint; this table holds what is said alone.  It may hold what has lost against
-- another copy at its place: `version` and the keys say which copy it came from, and that is asked when it is read.
CREATE TABLE IF NOT EXISTS said
(
    about LowCardinality(String) COMMENT 'attribute or consent.',
    name String COMMENT 'Name of the attribute without person_; purpose of the consent.' CODEC(ZSTD(1)),
    channel String COMMENT 'Channel of the consent.' CODEC(ZSTD(1)),
    value String COMMENT 'Value of the attribute as text; granted or withdrawn.' CODEC(ZSTD(1)),
    address_id String COMMENT 'Address of the touchpoint as a person of its own.' CODEC(ZSTD(1)),
    address_key UInt128 COMMENT 'The same as 128 bits.' CODEC(NONE),
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it was said.' CODEC(Delta, ZSTD(1)),
    sequence Int64 COMMENT 'The order of the source among touchpoints of the same time.' CODEC(T64, ZSTD(1)),
    event_id String COMMENT 'Event id of the touchpoint.' CODEC(ZSTD(1)),
    source LowCardinality(String) COMMENT 'Its source.',
    region LowCardinality(String) COMMENT 'Its region, which says how long it is kept.',
    content_hash UInt64 COMMENT 'Its content hash.' CODEC(NONE),
    event_key UInt128 COMMENT 'Its source and event id as 128 bits.' CODEC(NONE),
    place_key UInt64 COMMENT 'Its day and address as 64 bits.' CODEC(NONE),
    version UInt64 COMMENT 'Its version in touchpoints.' CODEC(NONE)
)
ENGINE = ReplacingMergeTree
ORDER BY (address_id, about, name, channel, occurred_at, source, event_id, version)
COMMENT 'What touchpoints say of their persons, filled from touchpoints: attributes, unless their purpose is excluded, and consents.';

CREATE MATERIALIZED VIEW IF NOT EXISTS touchpoints_to_said TO said
AS WITH
    arrayMap(each -> ('attribute', substring(each.1, 8), '', if(startsWith(each.2, '"'), JSONExtractString(each.2), each.2)),
             arrayFilter(each -> startsWith(each.1, 'person_') AND length(each.1) > 7,
                         JSONExtractKeysAndValuesRaw(attributes))) AS attributes_of_person,
    [('consent', JSONExtractString(attributes, 'purpose'), JSONExtractString(attributes, 'channel'), substring(action, 9))]
        AS consents_of_person
SELECT
    each.1 AS about, each.2 AS name, each.3 AS channel, each.4 AS value, address_id,
    reinterpretAsUInt128(unhex(address_id)) AS address_key, occurred_at, sequence, event_id, source, region, content_hash,
    event_key, place_key, version
FROM touchpoints
ARRAY JOIN arrayConcat(if(too_late AND late_ms = 0 OR position(attributes, '"person_') = 0, [], attributes_of_person),
                       if(action IN ('consent.granted', 'consent.withdrawn'), consents_of_person, [])) AS each
COMMENT 'Fills said.';

INSERT INTO said
WITH
    arrayMap(each -> ('attribute', substring(each.1, 8), '', if(startsWith(each.2, '"'), JSONExtractString(each.2), each.2)),
             arrayFilter(each -> startsWith(each.1, 'person_') AND length(each.1) > 7,
                         JSONExtractKeysAndValuesRaw(attributes))) AS attributes_of_person,
    [('consent', JSONExtractString(attributes, 'purpose'), JSONExtractString(attributes, 'channel'), substring(action, 9))]
        AS consents_of_person
SELECT
    each.1 AS about, each.2 AS name, each.3 AS channel, each.4 AS value, address_id,
    reinterpretAsUInt128(unhex(address_id)) AS address_key, occurred_at, sequence, event_id, source, region, content_hash,
    event_key, place_key, version
FROM touchpoints
ARRAY JOIN arrayConcat(if(too_late AND late_ms = 0 OR position(attributes, '"person_') = 0, [], attributes_of_person),
                       if(action IN ('consent.granted', 'consent.withdrawn'), consents_of_person, [])) AS each;

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
    if(o.own_key = 0, t.address_id, lower(hex(reinterpretAsFixedString(o.person_key)))) AS person_id,
    t.origin AS origin, t.channel AS channel, t.action AS action, t.direction AS direction,
    t.region AS region, t.locale AS locale, t.agent AS agent, t.team AS team,
    substringIndex(t.address, ':', 1) AS address_type,
    substring(t.address, length(address_type) + 2) AS address_value,
    t.attributes AS attributes, greatest(t.late_ms, 0) / 1000 AS late_s, t.too_late AS too_late,
    multiIf(NOT t.too_late, '', t.late_ms > 0, 'late', t.late_ms = 0, 'purpose', 'description') AS unused_because, t.load AS load,
    t.received_at AS received_at, t.landed_at AS landed_at,
    t.source_partition AS source_partition, t.source_offset AS source_offset
FROM touchpoints_newest AS t
LEFT ANY JOIN owners AS o ON reinterpretAsUInt128(unhex(t.address_id)) = o.own_key
COMMENT 'Touchpoints with the person that they belong to, one row a (source, event id); see v_conflicts for the exceptions.';

-- JSON is taken apart once a touchpoint.  The raw value of 3.0 is 3, so that only its JSON says whether a number is an integer.
CREATE OR REPLACE VIEW v_touchpoint_attributes
(
    source String COMMENT 'System that recorded the touchpoint.',
    event_id String COMMENT 'Unique within the source.',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened.',
    action String COMMENT 'What happened.',
    name String COMMENT 'Name of the attribute.',
    value_string Nullable(String) COMMENT 'Its value, if it is a text.',
    value_number Nullable(Float64) COMMENT 'Its value, if it is a number.',
    value_integer Nullable(Int64) COMMENT 'Its value, if it is an integer: exact also beyond 2^53.',
    value_boolean Nullable(Bool) COMMENT 'Its value, if it is true or false.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    source, event_id, occurred_at, action, each.1 AS name,
    if(startsWith(each.2, '"'), JSONExtractString(each.2), NULL) AS value_string,
    if(match(each.2, '^[-0-9]'), JSONExtractFloat(each.2), NULL) AS value_number,
    if(match(each.2, '^[-0-9]') AND JSONType(attributes, name) = 'Int64', JSONExtractInt(attributes, name), NULL) AS value_integer,
    if(each.2 IN ('true', 'false'), each.2 = 'true', NULL)::Nullable(Bool) AS value_boolean
FROM touchpoints_newest
ARRAY JOIN JSONExtractKeysAndValuesRaw(attributes) AS each
COMMENT 'What else touchpoints carry, one row an attribute.';

CREATE OR REPLACE VIEW v_conflicts
(
    source String COMMENT 'System that recorded them.',
    event_id String COMMENT 'The event id that stands on several touchpoints.',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When this copy happened.',
    address_type String COMMENT 'Type of the identifier that decided where this copy travelled.',
    address_value String COMMENT 'Value of that identifier.',
    action String COMMENT 'What this copy says to have happened.',
    content_hash String COMMENT '64 bits of the content of this copy, 16 hex digits.',
    copies UInt64 COMMENT 'How many copies of the event id there are.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH standing AS
(
    SELECT event_short, event_key, place_key, source, event_id, occurred_at, address, action, content_hash FROM touchpoints FINAL
)
SELECT
    s.source AS source, s.event_id AS event_id, s.occurred_at AS occurred_at, substringIndex(s.address, ':', 1) AS address_type,
    substring(s.address, length(address_type) + 2) AS address_value, s.action AS action,
    leftPad(lower(hex(s.content_hash)), 16, '0') AS content_hash, 1 + uniqExact(t.place_key) AS copies
FROM touchpoints AS t
INNER JOIN standing AS s ON s.event_short = t.event_short AND s.event_key = t.event_key
WHERE t.place_key != s.place_key
GROUP BY s.source, s.event_id, s.occurred_at, s.address, s.action, s.content_hash
COMMENT 'Copies of one (source, event id) with another address or on another day: each stays as a row and is listed here.';

CREATE OR REPLACE VIEW said_newest
AS SELECT * EXCEPT (rival_event, rival_place, rival_version)
FROM (SELECT event_key AS rival_event, place_key AS rival_place, version AS rival_version FROM touchpoints) AS r
INNER JOIN (SELECT * EXCEPT (region) FROM said) AS s ON rival_place = place_key AND rival_event = event_key
GROUP BY ALL
HAVING max(rival_version) = version
COMMENT 'What the newest row of every touchpoint says of its person.';

CREATE OR REPLACE VIEW said_of_persons
AS SELECT
    if(o.own_key = 0, t.address_id, lower(hex(reinterpretAsFixedString(o.person_key)))) AS person_id, t.about AS about,
    t.name AS name, t.channel AS channel, t.value AS value, t.occurred_at AS occurred_at,
    (t.sequence, t.event_id, t.source, bitNot(t.content_hash)) AS weight
FROM owners AS o
RIGHT ANY JOIN said_newest AS t ON t.address_key = o.own_key
COMMENT 'What was said of persons as they are now; of what was said at one time what weighs most holds.';

-- From few to many, because a bound in time makes the journeys few: to all identifiers that ever were of their persons, to what was
-- said at those, then away with those that have another owner now, and with what lost against another copy.  At each step what is
-- few stands on the right, and the join lets pass what it does not look for while it reads.
CREATE OR REPLACE VIEW journeys_said
AS WITH addressed AS
(
    SELECT * EXCEPT (known_key, known_person), arrayJoin([known_key, person_key]) AS address_key
    FROM (SELECT own_key AS known_key, person_key AS known_person FROM people) AS p
    RIGHT JOIN
    (
        SELECT
            definition, definition_version, instance, person_id, journey_id, region, channel, outcome, opened_at, backfilled,
            reinterpretAsUInt128(unhex(person_id)) AS person_key
        FROM journeys_visible
    ) AS j ON known_person = person_key
),
spoken AS
(
    SELECT * EXCEPT (said_key)
    FROM
    (
        SELECT
            address_key AS said_key, about, name, channel AS said_channel, value, occurred_at AS said_at,
            (sequence, event_id, source, bitNot(content_hash)) AS weight, event_key, place_key, version
        FROM said
    ) AS s
    INNER JOIN addressed AS a ON said_key = address_key
),
owned AS
(
    SELECT * EXCEPT (own_key, owner_key)
    FROM (SELECT own_key, person_key AS owner_key FROM owners) AS o
    RIGHT ANY JOIN spoken AS s ON own_key = address_key
    WHERE if(own_key = 0, address_key, owner_key) = person_key
)
SELECT * EXCEPT (rival_event, rival_place, rival_version)
FROM (SELECT event_key AS rival_event, place_key AS rival_place, version AS rival_version FROM touchpoints) AS r
INNER JOIN owned AS w ON rival_place = place_key AND rival_event = event_key
GROUP BY ALL
HAVING max(rival_version) = version
COMMENT 'What is said of the persons of journeys, at whatever time, one row a (journey, what is said).';

CREATE OR REPLACE VIEW breakages_said
AS WITH addressed AS
(
    SELECT * EXCEPT (known_key, known_person), arrayJoin([known_key, person_key]) AS address_key
    FROM (SELECT own_key AS known_key, person_key AS known_person FROM people) AS p
    RIGHT JOIN
    (
        SELECT
            definition, definition_version, rule, instance, occurrence, person_id, journey_id, cause_key, state, severity,
            broken_at, region, channel, backfilled, reinterpretAsUInt128(unhex(person_id)) AS person_key
        FROM breakages_visible
        WHERE state != 'withdrawn'
    ) AS j ON known_person = person_key
),
spoken AS
(
    SELECT * EXCEPT (said_key)
    FROM
    (
        SELECT
            address_key AS said_key, about, name, channel AS said_channel, value, occurred_at AS said_at,
            (sequence, event_id, source, bitNot(content_hash)) AS weight, event_key, place_key, version
        FROM said
    ) AS s
    INNER JOIN addressed AS a ON said_key = address_key
),
owned AS
(
    SELECT * EXCEPT (own_key, owner_key)
    FROM (SELECT own_key, person_key AS owner_key FROM owners) AS o
    RIGHT ANY JOIN spoken AS s ON own_key = address_key
    WHERE if(own_key = 0, address_key, owner_key) = person_key
)
SELECT * EXCEPT (rival_event, rival_place, rival_version)
FROM (SELECT event_key AS rival_event, place_key AS rival_place, version AS rival_version FROM touchpoints) AS r
INNER JOIN owned AS w ON rival_place = place_key AND rival_event = event_key
GROUP BY ALL
HAVING max(rival_version) = version
COMMENT 'What is said of the persons of breakages, at whatever time, one row a (breakage, what is said).';

CREATE OR REPLACE VIEW v_journey_consents
(
    definition String COMMENT 'Name of the definition.',
    instance String COMMENT 'Instance of the journey.',
    person_id String COMMENT 'The person, 32 hex digits.',
    journey_id String COMMENT 'The journey, 32 hex digits.',
    opened_at DateTime64(3, 'UTC') COMMENT 'When the journey opened.',
    purpose String COMMENT 'What the consent is to.',
    channel String COMMENT 'By which channel; empty: none was named.',
    state String COMMENT 'When the journey opened: granted or withdrawn; unknown: nothing had been said by then.',
    said_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When that was said last.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    definition, instance, person_id, any(s.journey_id) AS journey_id, opened_at, name AS purpose, said_channel AS channel,
    argMaxIf((s.value, s.said_at), (s.said_at, s.weight), s.said_at <= opened_at) AS stood,
    if(stood.1 = '', 'unknown', stood.1) AS state, if(stood.1 = '', NULL, stood.2) AS said_at
FROM journeys_said AS s
WHERE about = 'consent'
GROUP BY definition, instance, person_id, opened_at, purpose, channel
COMMENT 'Consents of a person as they were when a journey opened, one row a (journey, purpose, channel).';

CREATE OR REPLACE VIEW v_journey_attributes
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
    any(s.definition_version) AS definition_version, any(s.journey_id) AS journey_id, any(s.region) AS region,
    any(s.channel) AS channel, any(s.outcome) AS outcome, any(s.backfilled) AS backfilled, definition, instance, person_id, opened_at,
    name, argMax((s.value, s.said_at), (s.said_at, s.weight)) AS stood, stood.1 AS value,
    if(isFinite(toFloat64OrNull(value)), toFloat64OrNull(value), NULL) AS value_number, stood.2 AS said_at
FROM journeys_said AS s
WHERE about = 'attribute' AND s.said_at <= opened_at
GROUP BY definition, instance, person_id, opened_at, name
HAVING value != ''
COMMENT 'Attributes of a person as they were when a journey opened, one row a (journey, name); none where nothing was said by then.';

CREATE OR REPLACE VIEW v_breakage_attributes
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
    any(s.definition_version) AS definition_version, any(s.journey_id) AS journey_id, any(s.cause_key) AS cause_key,
    any(s.state) AS state, any(s.severity) AS severity, any(s.region) AS region, any(s.channel) AS channel,
    any(s.backfilled) AS backfilled, definition, rule, instance, occurrence, person_id, broken_at, name,
    argMax((s.value, s.said_at), (s.said_at, s.weight)) AS stood, stood.1 AS value,
    if(isFinite(toFloat64OrNull(value)), toFloat64OrNull(value), NULL) AS value_number, stood.2 AS said_at
FROM breakages_said AS s
WHERE about = 'attribute' AND s.said_at <= broken_at
GROUP BY definition, rule, instance, occurrence, person_id, broken_at, name
HAVING value != ''
COMMENT 'Attributes of a person as they were when it broke, one row a (breakage, name); none where nothing was said by then.';

-- For one person the touchpoints of its addresses alone are read, so their JSON may be taken apart then.
CREATE OR REPLACE VIEW attributes_newest
AS SELECT
    address_id, occurred_at, sequence, event_id, source, content_hash, substring(each.1, 8) AS name,
    if(startsWith(each.2, '"'), JSONExtractString(each.2), each.2) AS value
FROM touchpoints FINAL
ARRAY JOIN if(position(attributes, '"person_') = 0, [], JSONExtractKeysAndValuesRaw(attributes)) AS each
WHERE NOT (too_late AND late_ms = 0) AND startsWith(each.1, 'person_') AND length(each.1) > 7
COMMENT 'What the newest row of every touchpoint says of its person, one row an attribute.';

-- Behind all that was to be rewritten before, because a column that is being written cannot go.  What nobody reads costs every insert.
ALTER TABLE touchpoints MATERIALIZE COLUMN event_short SETTINGS mutations_sync = 2;

ALTER TABLE touchpoints DROP COLUMN IF EXISTS said, DROP COLUMN IF EXISTS person_attributes;
