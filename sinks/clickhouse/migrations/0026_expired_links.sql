-- A type of identifiers may expire: links that came after its time are refused by a guard of their own.
ALTER TABLE pairs COMMENT COLUMN guard 'Which guard refuses it: denied, expired, crowded, too_large, too_many_TYPE; empty if none does.';

CREATE OR REPLACE VIEW v_links
(
    weaker_type String COMMENT 'Type of the identifier of lower rank.',
    weaker_value String COMMENT 'Its value.',
    stronger_type String COMMENT 'Type of the identifier of higher rank.',
    stronger_value String COMMENT 'Its value.',
    state String COMMENT 'linked; unlinked on purpose; refused by a guard.',
    guard String COMMENT 'Which guard refuses it: denied, expired, crowded, too_large, too_many_TYPE; empty if none does.',
    person_id String COMMENT 'The person of the stronger identifier.',
    weaker_person_id String COMMENT 'The person of the weaker one: the same where they are linked.',
    occurred_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the touchpoint happened that says so.',
    source String COMMENT 'Source of that touchpoint.',
    event_id String COMMENT 'Event id of that touchpoint.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When it was inserted here.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    l.weaker_type AS weaker_type, w.identifier_value AS weaker_value, l.stronger_type AS stronger_type,
    s.identifier_value AS stronger_value, l.state AS state, l.guard AS guard, s.person_id AS person_id,
    w.person_id AS weaker_person_id, l.occurred_at AS occurred_at, l.source AS source, l.event_id AS event_id,
    l.landed_at AS landed_at
FROM (SELECT * FROM pairs FINAL) AS l
LEFT ANY JOIN people_newest AS w ON w.own_id = l.weaker_id
LEFT ANY JOIN people_newest AS s ON s.own_id = l.stronger_id
COMMENT 'Pairs of identifiers of persons and what stands between them, one row a pair; refused ones are those of a guard.';
