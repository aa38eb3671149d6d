-- What is excluded by its purpose is stamped as too late, and is not late: so it is neither linked nor judged anywhere.
ALTER TABLE touchpoints COMMENT COLUMN too_late 'It changed no journey: beyond the late horizon, or, where late_ms is 0, its purpose is excluded.';

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
    too_late Bool COMMENT 'It changed no journey: beyond the late horizon, or its purpose is excluded.',
    unused_because String COMMENT 'late or purpose, where it changed no journey; else empty.',
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
    t.attributes AS attributes, t.late_ms / 1000 AS late_s, t.too_late AS too_late,
    if(t.too_late, if(t.late_ms = 0, 'purpose', 'late'), '') AS unused_because, t.load AS load,
    t.received_at AS received_at, t.landed_at AS landed_at,
    t.source_partition AS source_partition, t.source_offset AS source_offset
FROM touchpoints_newest AS t
LEFT ANY JOIN people_newest AS p ON t.address_id = p.own_id
COMMENT 'Touchpoints with the person that they belong to, one row a (source, event id); see v_conflicts for the exceptions.';
