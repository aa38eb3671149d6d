-- The receipt says by which of the two limits somebody was too large.
CREATE OR REPLACE VIEW v_quarantined
(
    scope String COMMENT 'address: one identifier has too many touchpoints, or larger ones; person: what looks at all of a person had too much.',
    person_id String COMMENT 'The person, 32 hex digits.',
    address_id String COMMENT 'The identifier that is too large, as an id; of a person as a whole its own.',
    address_type String COMMENT 'Type of the identifier; empty for a person as a whole.',
    touchpoints UInt32 COMMENT 'How many there were by then; of a person as a whole touchpoints, journeys and breakages together.',
    most_touchpoints UInt32 COMMENT 'How many there might have been: the setting, as it was then.',
    kept_bytes UInt64 COMMENT 'How much state it would have been, where that was the reason; 0: there were too many touchpoints.',
    most_kept_bytes UInt64 COMMENT 'How much it might have been: the setting, as it was then; 0: there were too many touchpoints.',
    first_at DateTime64(3, 'UTC') COMMENT 'Event time of the earliest of them.',
    last_at DateTime64(3, 'UTC') COMMENT 'Event time of the latest of them: since then nothing is judged.',
    quarantined_at DateTime64(3, 'UTC') COMMENT 'Wall time at which that was found.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When the receipt was inserted here.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH name -> toInt64OrZero(`facts.value`[indexOf(`facts.name`, name)]) AS fact
SELECT
    if(instance = person_id, 'person', 'address') AS scope, person_id, address_id,
    if(instance = person_id, '', substringIndex(instance, ':', 1)) AS address_type,
    touchpoints, toUInt32(fact('most_touchpoints')) AS most_touchpoints,
    toUInt64(fact('kept_bytes')) AS kept_bytes, toUInt64(fact('most_kept_bytes')) AS most_kept_bytes, first_at, last_at,
    fromUnixTimestamp64Milli(fact('quarantined_at'), 'UTC') AS quarantined_at, landed_at
FROM quarantined_visible
COMMENT 'Who is too large and left out of journeys and breakages, one row an identifier or person.';
