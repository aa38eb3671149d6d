-- What queries of a day waited for that read every touchpoint: three columns more, so that they read little of each.
-- `event_key` and `place_key` are for whoever looks for copies, which may lie on any day; 128 bits say that two are copies as safely as
-- ids tell persons apart.  `said` has what a touchpoint says of its person, attributes and consents, with all that decides between
-- several: it is empty in most rows, and of those nothing else is read.
ALTER TABLE touchpoints
    ADD COLUMN IF NOT EXISTS event_key UInt128 MATERIALIZED reinterpretAsUInt128(sipHash128(source, event_id))
        COMMENT 'Source and event id as 128 bits: the same for all copies.' CODEC(NONE),
    ADD COLUMN IF NOT EXISTS place_key UInt64 MATERIALIZED sipHash64(toDate32(occurred_at), address)
        COMMENT 'Day and address as 64 bits: the same for copies of which only one stays.' CODEC(NONE),
    ADD COLUMN IF NOT EXISTS said Array(Tuple(
            about LowCardinality(String), name String, channel String, value String, address_id String,
            occurred_at DateTime64(3, 'UTC'), sequence Int64, event_id String, source LowCardinality(String), content_hash UInt64))
        MATERIALIZED arrayMap(each -> (each.1, each.2, each.3, each.4, address_id, occurred_at, sequence, event_id, source,
                                       content_hash),
                              arrayConcat(if(too_late AND late_ms = 0, [],
                                             arrayMap(each -> ('attribute', toString(each.1), '', each.2), person_attributes)),
                                          if(action NOT IN ('consent.granted', 'consent.withdrawn'), [],
                                             [('consent', JSONExtractString(attributes, 'purpose'),
                                               JSONExtractString(attributes, 'channel'), substring(action, 9))])))
        COMMENT 'What it says of its person: attributes, unless its purpose is excluded, and consents; with what decides between several.'
        CODEC(ZSTD(1));

-- The side that a bound on occurred_at makes small is on the right, so that the join keeps it and lets the other one pass by.
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
    SELECT event_key, place_key, source, event_id, occurred_at, address, action, content_hash FROM touchpoints FINAL
)
SELECT
    s.source AS source, s.event_id AS event_id, s.occurred_at AS occurred_at, substringIndex(s.address, ':', 1) AS address_type,
    substring(s.address, length(address_type) + 2) AS address_value, s.action AS action,
    leftPad(lower(hex(s.content_hash)), 16, '0') AS content_hash, 1 + uniqExact(t.place_key) AS copies
FROM touchpoints AS t
INNER JOIN standing AS s ON s.event_key = t.event_key
WHERE t.place_key != s.place_key
GROUP BY s.source, s.event_id, s.occurred_at, s.address, s.action, s.content_hash
COMMENT 'Copies of one (source, event id) with another address or on another day: each stays as a row and is listed here.';

-- What is said may have lost against another copy at the same place, also against one that says nothing, until a merge takes it away:
-- which one stands is asked of the places where anything is said, so that nobody has to put every touchpoint together.
CREATE VIEW IF NOT EXISTS said_newest
AS WITH standing AS
(
    SELECT event_key, place_key, max(version)
    FROM touchpoints
    WHERE place_key IN (SELECT place_key FROM touchpoints WHERE notEmpty(said))
    GROUP BY event_key, place_key
)
SELECT
    each.about AS about, each.name AS name, each.channel AS channel, each.value AS value, each.address_id AS address_id,
    each.occurred_at AS occurred_at, each.sequence AS sequence, each.event_id AS event_id, each.source AS source,
    each.content_hash AS content_hash
FROM touchpoints
ARRAY JOIN said AS each
PREWHERE notEmpty(said)
WHERE (event_key, place_key, version) IN (SELECT * FROM standing)
COMMENT 'What the newest row of every touchpoint says of its person; what was inserted twice may be there twice.';

-- What is said is on the right of the join, because it is few beside all identifiers.
CREATE VIEW IF NOT EXISTS said_of_persons
AS SELECT
    if(p.person_id = '', t.address_id, p.person_id) AS person_id, t.about AS about, t.name AS name, t.channel AS channel,
    t.value AS value, t.occurred_at AS occurred_at, (t.sequence, t.event_id, t.source, bitNot(t.content_hash)) AS weight
FROM people_newest AS p
RIGHT ANY JOIN said_newest AS t ON t.address_id = p.own_id
COMMENT 'What was said of persons as they are now; of what was said at one time what weighs most holds.';

CREATE OR REPLACE VIEW attributes_said
AS WITH once AS
(
    SELECT person_id, name, occurred_at, argMax(value, weight) AS value
    FROM said_of_persons
    WHERE about = 'attribute'
    GROUP BY person_id, name, occurred_at
)
SELECT person_id, name, arraySort(groupArray((occurred_at, value))) AS said
FROM once
GROUP BY person_id, name
COMMENT 'All that was said of an attribute of a person, in event order, one row a (person, name).';

CREATE OR REPLACE VIEW consents_said
AS WITH once AS
(
    SELECT person_id, name AS purpose, channel, occurred_at, argMax(value, weight) AS state
    FROM said_of_persons
    WHERE about = 'consent'
    GROUP BY person_id, purpose, channel, occurred_at
)
SELECT person_id, purpose, channel, arraySort(groupArray((occurred_at, state))) AS said
FROM once
GROUP BY person_id, purpose, channel
COMMENT 'All that was said of a consent, in event order, one row a (person, purpose, channel).';

CREATE OR REPLACE VIEW v_consents
(
    person_id String COMMENT 'The person, 32 hex digits.',
    purpose String COMMENT 'What the consent is to: the attribute `purpose`.',
    channel String COMMENT 'By which channel: the attribute `channel`; empty: none was named.',
    state String COMMENT 'granted or withdrawn, by the last touchpoint in the order of event time.',
    since DateTime64(3, 'UTC') COMMENT 'Since when: the first touchpoint that said so after the last that said otherwise.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    person_id, purpose, channel, said[-1].2 AS state, said[arrayLastIndex(each -> each.2 != said[-1].2, said) + 1].1 AS since
FROM consents_said
COMMENT 'Consents as they are now, one row a (person, purpose, channel).';

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
    j.definition AS definition, j.instance AS instance, j.person_id AS person_id, any(j.journey_id) AS journey_id,
    j.opened_at AS opened_at, s.name AS purpose, s.channel AS channel,
    argMaxIf((s.value, s.occurred_at), (s.occurred_at, s.weight), s.occurred_at <= j.opened_at) AS stood,
    if(stood.1 = '', 'unknown', stood.1) AS state, if(stood.1 = '', NULL, stood.2) AS said_at
FROM said_of_persons AS s
INNER JOIN journeys_visible AS j ON j.person_id = s.person_id
WHERE s.about = 'consent'
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
    any(j.definition_version) AS definition_version, any(j.journey_id) AS journey_id, any(j.region) AS region,
    any(j.channel) AS channel, any(j.outcome) AS outcome, any(j.backfilled) AS backfilled,
    j.definition AS definition, j.instance AS instance, j.person_id AS person_id, j.opened_at AS opened_at, s.name AS name,
    argMax((s.value, s.occurred_at), (s.occurred_at, s.weight)) AS stood, stood.1 AS value,
    if(isFinite(toFloat64OrNull(value)), toFloat64OrNull(value), NULL) AS value_number, stood.2 AS said_at
FROM said_of_persons AS s
INNER JOIN journeys_visible AS j ON j.person_id = s.person_id
WHERE s.about = 'attribute' AND s.occurred_at <= j.opened_at
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
    any(b.definition_version) AS definition_version, any(b.journey_id) AS journey_id, any(b.cause_key) AS cause_key,
    any(b.state) AS state, any(b.severity) AS severity, any(b.region) AS region, any(b.channel) AS channel,
    any(b.backfilled) AS backfilled, b.definition AS definition, b.rule AS rule, b.instance AS instance,
    b.occurrence AS occurrence, b.person_id AS person_id, b.broken_at AS broken_at, s.name AS name,
    argMax((s.value, s.occurred_at), (s.occurred_at, s.weight)) AS stood, stood.1 AS value,
    if(isFinite(toFloat64OrNull(value)), toFloat64OrNull(value), NULL) AS value_number, stood.2 AS said_at
FROM said_of_persons AS s
INNER JOIN breakages_visible AS b ON b.person_id = s.person_id
WHERE b.state != 'withdrawn' AND s.about = 'attribute' AND s.occurred_at <= b.broken_at
GROUP BY definition, rule, instance, occurrence, person_id, broken_at, name
HAVING value != ''
COMMENT 'Attributes of a person as they were when it broke, one row a (breakage, name); none where nothing was said by then.';

-- What landed before is written once, in the background; until then it is computed when it is read.
ALTER TABLE touchpoints MATERIALIZE COLUMN event_key, MATERIALIZE COLUMN place_key, MATERIALIZE COLUMN said;
