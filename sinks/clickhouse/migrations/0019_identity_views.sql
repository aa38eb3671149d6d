DROP VIEW IF EXISTS v_people;

CREATE VIEW IF NOT EXISTS v_identifiers
(
    identifier_type String COMMENT 'Type of the identifier.',
    identifier_value String COMMENT 'Its value, normalised; hashed where identity.yaml says so.',
    identifier_id String COMMENT 'The id of a person of which it is the root, 32 hex digits.',
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
    identifier_type, identifier_value, own_id AS identifier_id, kind, person_id, root_type, root_value, number, linked_at,
    linked_by_source, linked_by_event, landed_at
FROM people_newest
COMMENT 'Which person an identifier belongs to, one row an identifier that was ever seen with another.';

CREATE VIEW IF NOT EXISTS v_persons
(
    person_id String COMMENT 'The person, 32 hex digits.',
    root_type String COMMENT 'Type of the identifier that the id comes from.',
    root_value String COMMENT 'Value of that identifier.',
    identifiers UInt64 COMMENT 'Identifiers of persons that are this one, the root too.',
    objects UInt64 COMMENT 'Objects that belong to it: orders, cases.',
    touchpoints UInt64 COMMENT 'Touchpoints that belong to it.',
    first_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the first of them happened.',
    last_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the last of them happened.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    lived AS
    (
        SELECT
            t.address_id AS own_id, any(t.address) AS address, count() AS touchpoints, min(t.occurred_at) AS first_at,
            max(t.occurred_at) AS last_at
        FROM touchpoints_newest AS t
        GROUP BY t.address_id
    ),
    known AS
    (
        SELECT
            if(p.own_id = '', lived.own_id, p.own_id) AS own_id,
            if(p.own_id = '', lived.own_id, p.person_id) AS person_id,
            if(p.own_id = '', substringIndex(lived.address, ':', 1), p.root_type) AS root_type,
            if(p.own_id = '', substring(lived.address, length(root_type) + 2), p.root_value) AS root_value,
            p.kind AS kind, lived.touchpoints AS touchpoints,
            if(lived.own_id = '', NULL, lived.first_at) AS first_at, if(lived.own_id = '', NULL, lived.last_at) AS last_at
        FROM people_newest AS p
        FULL JOIN lived ON lived.own_id = p.own_id
    )
SELECT
    person_id, any(root_type) AS root_type, any(root_value) AS root_value, greatest(countIf(kind != 'object'), 1) AS identifiers,
    countIf(kind = 'object') AS objects, sum(touchpoints) AS touchpoints, min(first_at) AS first_at, max(last_at) AS last_at
FROM known
GROUP BY person_id
COMMENT 'Persons as they are now, one row a person; one who was only ever known by one identifier too.';

CREATE VIEW IF NOT EXISTS v_links
(
    weaker_type String COMMENT 'Type of the identifier of lower rank.',
    weaker_value String COMMENT 'Its value.',
    stronger_type String COMMENT 'Type of the identifier of higher rank.',
    stronger_value String COMMENT 'Its value.',
    state String COMMENT 'linked; unlinked on purpose; refused by a guard.',
    guard String COMMENT 'Which guard refuses it: denied, crowded, too_large, too_many_TYPE; empty if none does.',
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

CREATE VIEW IF NOT EXISTS v_merges
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
    WHERE journeys.redirects > 0 AND journeys.state != 'moved'
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
