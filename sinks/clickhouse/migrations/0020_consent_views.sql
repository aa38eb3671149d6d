-- Consents are touchpoints (consent.granted, consent.withdrawn) with attributes `purpose` and `channel`; the last one in event order
-- says what stands.  They follow the person: what two persons said apart is said by one when they turn out to be one.
CREATE VIEW IF NOT EXISTS consents_said
AS SELECT
    if(p.person_id = '', t.address_id, p.person_id) AS person_id, JSONExtractString(t.attributes, 'purpose') AS purpose,
    JSONExtractString(t.attributes, 'channel') AS channel, t.occurred_at AS occurred_at,
    argMax(if(t.action = 'consent.granted', 'granted', 'withdrawn'), (t.sequence, t.event_id, t.source)) AS state
FROM touchpoints_newest AS t
LEFT ANY JOIN people_newest AS p ON t.address_id = p.own_id
WHERE t.action IN ('consent.granted', 'consent.withdrawn')
GROUP BY person_id, purpose, channel, occurred_at
COMMENT 'What was said of a consent, one row a (person, purpose, channel, time).';

CREATE VIEW IF NOT EXISTS v_consents
(
    person_id String COMMENT 'The person, 32 hex digits.',
    purpose String COMMENT 'What the consent is to: the attribute `purpose`.',
    channel String COMMENT 'By which channel: the attribute `channel`; empty: none was named.',
    state String COMMENT 'granted or withdrawn, by the last touchpoint in the order of event time.',
    since DateTime64(3, 'UTC') COMMENT 'Since when: the first touchpoint that said so after the last that said otherwise.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH said AS
(
    SELECT person_id, purpose, channel, arraySort(groupArray((occurred_at, state))) AS said
    FROM consents_said
    GROUP BY person_id, purpose, channel
)
SELECT
    person_id, purpose, channel, said[-1].2 AS state, said[arrayLastIndex(each -> each.2 != said[-1].2, said) + 1].1 AS since
FROM said
COMMENT 'Consents as they are now, one row a (person, purpose, channel).';

CREATE VIEW IF NOT EXISTS v_journey_consents
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
AS WITH asked AS
(
    SELECT
        j.definition AS definition, j.instance AS instance, j.person_id AS person_id, j.journey_id AS journey_id,
        j.opened_at AS opened_at, c.purpose AS purpose, c.channel AS channel
    FROM journeys_visible AS j
    INNER JOIN (SELECT DISTINCT person_id, purpose, channel FROM consents_said) AS c ON c.person_id = j.person_id
)
SELECT
    a.definition AS definition, a.instance AS instance, a.person_id AS person_id, a.journey_id AS journey_id,
    a.opened_at AS opened_at, a.purpose AS purpose, a.channel AS channel, if(s.state = '', 'unknown', s.state) AS state,
    if(s.state = '', NULL, s.occurred_at) AS said_at
FROM asked AS a
ASOF LEFT JOIN consents_said AS s
    ON s.person_id = a.person_id AND s.purpose = a.purpose AND s.channel = a.channel AND s.occurred_at <= a.opened_at
COMMENT 'Consents of a person as they were when a journey opened, one row a (journey, purpose, channel).';
