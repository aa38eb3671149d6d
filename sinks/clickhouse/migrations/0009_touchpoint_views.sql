-- Views of readers run with the rights of whoever migrated: a reader needs to be granted these views, and no table.
-- A touchpoint's person is looked up when it is read; an address that people does not know is a person of its own.
CREATE VIEW IF NOT EXISTS touchpoints_newest
AS SELECT * FROM touchpoints FINAL
COMMENT 'The newest row of every touchpoint.';

CREATE VIEW IF NOT EXISTS people_newest
AS SELECT * FROM people FINAL
COMMENT 'The newest row of every identifier.';

CREATE VIEW IF NOT EXISTS v_touchpoints
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
    too_late Bool COMMENT 'Beyond the late horizon: it changed no journey.',
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
    t.attributes AS attributes, t.late_ms / 1000 AS late_s, t.too_late AS too_late, t.load AS load,
    t.received_at AS received_at, t.landed_at AS landed_at,
    t.source_partition AS source_partition, t.source_offset AS source_offset
FROM touchpoints_newest AS t
LEFT ANY JOIN people_newest AS p ON t.address_id = p.own_id
COMMENT 'Touchpoints with the person that they belong to, one row a (source, event id); see v_conflicts for the exceptions.';

CREATE VIEW IF NOT EXISTS v_touchpoint_identifiers
(
    source String COMMENT 'System that recorded the touchpoint.',
    event_id String COMMENT 'Unique within the source.',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened.',
    action String COMMENT 'What happened.',
    identifier_type String COMMENT 'Type of the identifier.',
    identifier_value String COMMENT 'Its value, as normalised by intake.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT source, event_id, occurred_at, action, identifier.type AS identifier_type, identifier.value AS identifier_value
FROM touchpoints_newest
ARRAY JOIN identifiers AS identifier
COMMENT 'What touchpoints can be found by, one row an identifier.';

CREATE VIEW IF NOT EXISTS v_touchpoint_attributes
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
    source, event_id, occurred_at, action, name,
    if(JSONType(attributes, name) = 'String', JSONExtractString(attributes, name), NULL) AS value_string,
    if(JSONType(attributes, name) IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(attributes, name), NULL) AS value_number,
    if(JSONType(attributes, name) = 'Int64', JSONExtractInt(attributes, name), NULL) AS value_integer,
    if(JSONType(attributes, name) = 'Bool', JSONExtractBool(attributes, name), NULL) AS value_boolean
FROM touchpoints_newest
ARRAY JOIN JSONExtractKeys(attributes) AS name
COMMENT 'What else touchpoints carry, one row an attribute.';

CREATE VIEW IF NOT EXISTS v_conflicts
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
AS SELECT
    source, event_id, copy.1 AS occurred_at, substringIndex(copy.2, ':', 1) AS address_type,
    substring(copy.2, length(address_type) + 2) AS address_value, copy.3 AS action,
    leftPad(lower(hex(copy.4)), 16, '0') AS content_hash, copies
FROM
(
    SELECT source, event_id, groupArray((occurred_at, address, toString(action), content_hash)) AS found, count() AS copies
    FROM touchpoints_newest
    GROUP BY source, event_id
    HAVING copies > 1
)
ARRAY JOIN found AS copy
COMMENT 'Copies of one (source, event id) with another address or on another day: each stays as a row and is listed here.';
