-- Who is too large is quarantined: of that a row of `journeys` tells, the receipt, which is no journey.  It has no definition, its
-- instance is the type and id of an address, or the id of a person.  Only v_quarantined shows it.
ALTER TABLE journeys COMMENT COLUMN state 'open, closed, moved: the row went because its person changed; or quarantined: a receipt.';

CREATE OR REPLACE VIEW journeys_visible
AS WITH
    (SELECT number FROM redirects_landed) AS landed,
    (SELECT number FROM redirects_settled) AS settled
SELECT *
FROM journeys_newest
WHERE state NOT IN ('moved', 'quarantined')
    AND redirects <= landed
    AND (address_id NOT IN (SELECT own_id FROM redirects_newest WHERE number > settled)
        OR (address_id, person_id) IN
        (
            SELECT own_id, argMax(person_id, number) FROM redirects_newest WHERE number > settled GROUP BY own_id
        ))
    AND person_id NOT IN
    (
        SELECT own_id FROM redirects_newest WHERE number > settled
        GROUP BY own_id HAVING argMax(person_id, number) != own_id
    )
COMMENT 'Journeys as readers see them: none twice.';

CREATE VIEW IF NOT EXISTS quarantined_visible
AS WITH
    (SELECT number FROM redirects_landed) AS landed,
    (SELECT number FROM redirects_settled) AS settled
SELECT *
FROM journeys_newest
WHERE definition = '' AND state = 'quarantined'
    AND redirects <= landed
    AND (address_id NOT IN (SELECT own_id FROM redirects_newest WHERE number > settled)
        OR (address_id, person_id) IN
        (
            SELECT own_id, argMax(person_id, number) FROM redirects_newest WHERE number > settled GROUP BY own_id
        ))
    AND person_id NOT IN
    (
        SELECT own_id FROM redirects_newest WHERE number > settled
        GROUP BY own_id HAVING argMax(person_id, number) != own_id
    )
COMMENT 'Receipts of quarantine as readers see them: none twice.';

CREATE OR REPLACE VIEW minute_entries_judged
AS WITH
    (SELECT number FROM redirects_landed) AS landed,
    (SELECT number FROM redirects_settled) AS settled
SELECT
    *,
    redirects <= landed
    AND (address_id NOT IN (SELECT own_id FROM redirects_newest WHERE number > settled)
        OR (address_id, person_id) IN
        (
            SELECT own_id, argMax(person_id, number) FROM redirects_newest WHERE number > settled GROUP BY own_id
        ))
    AND person_id NOT IN
    (
        SELECT own_id FROM redirects_newest WHERE number > settled
        GROUP BY own_id HAVING argMax(person_id, number) != own_id
    ) AS visible
FROM minute_entries_newest
WHERE NOT gone AND state != 'quarantined'
COMMENT 'Entries that count, and whether readers see them at the moment.';

CREATE OR REPLACE VIEW v_merges
(
    kind String COMMENT 'merged: all of a person came to another; split: a part of it left.',
    decided_at DateTime64(3, 'UTC') COMMENT 'When identity decided.',
    left_person_id String COMMENT 'The person before.',
    joined_person_id String COMMENT 'The person afterwards.',
    identifiers UInt64 COMMENT 'Identifiers of persons that moved.',
    objects UInt64 COMMENT 'Objects that moved with them.',
    left_size UInt64 COMMENT 'Identifiers of the person before it lost them.',
    joined_size UInt64 COMMENT 'Identifiers of the person afterwards.',
    journeys UInt64 COMMENT 'Journeys of the person afterwards that rest on these redirects now.',
    weaker_type String COMMENT 'Type of the weaker identifier of the pair that did it.',
    weaker_value String COMMENT 'Its value.',
    stronger_type String COMMENT 'Type of the stronger one.',
    stronger_value String COMMENT 'Its value.',
    why String COMMENT 'linked, unlinked, or the guard that refuses the pair now.',
    occurred_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the touchpoint behind it happened.',
    source String COMMENT 'Source of that touchpoint.',
    event_id String COMMENT 'Event id of that touchpoint.',
    first_number UInt64 COMMENT 'Number of the first redirect of all that moved.',
    last_number UInt64 COMMENT 'Number of the last one.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH resting AS
(
    SELECT journeys.person_id AS person_id, groupArray(journeys.redirects) AS numbers
    FROM journeys FINAL
    WHERE journeys.redirects > 0 AND journeys.state NOT IN ('moved', 'quarantined')
    GROUP BY journeys.person_id
)
SELECT
    r.kind AS kind, r.decided_at AS decided_at, r.left_id AS left_person_id, r.joined_id AS joined_person_id,
    r.identifiers AS identifiers, r.objects AS objects, r.left_size AS left_size, r.joined_size AS joined_size,
    arrayCount(number -> number BETWEEN r.first_number AND r.last_number, j.numbers) AS journeys,
    w.identifier_type AS weaker_type, w.identifier_value AS weaker_value, s.identifier_type AS stronger_type,
    s.identifier_value AS stronger_value, r.why AS why, r.occurred_at AS occurred_at, r.source AS source, r.event_id AS event_id,
    r.first_number AS first_number, r.last_number AS last_number
FROM (SELECT * FROM receipts FINAL) AS r
LEFT ANY JOIN people_newest AS w ON w.own_id = r.weaker_id
LEFT ANY JOIN people_newest AS s ON s.own_id = r.stronger_id
LEFT ANY JOIN resting AS j ON j.person_id = r.joined_id
COMMENT 'Receipts: each time that a person, or a part of one, came to belong to another root, and why.';

CREATE VIEW IF NOT EXISTS v_quarantined
(
    scope String COMMENT 'address: one identifier has too many touchpoints; person: what looks at all of a person had too much.',
    person_id String COMMENT 'The person, 32 hex digits.',
    address_id String COMMENT 'The identifier that is too large, as an id; of a person as a whole its own.',
    address_type String COMMENT 'Type of the identifier; empty for a person as a whole.',
    touchpoints UInt32 COMMENT 'How many there were by then; of a person as a whole touchpoints, journeys and breakages together.',
    most_touchpoints UInt32 COMMENT 'How many there might have been: the setting, as it was then.',
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
    touchpoints, toUInt32(fact('most_touchpoints')) AS most_touchpoints, first_at, last_at,
    fromUnixTimestamp64Milli(fact('quarantined_at'), 'UTC') AS quarantined_at, landed_at
FROM quarantined_visible
COMMENT 'Who is too large and left out of journeys and breakages, one row an identifier or person.';
