CREATE VIEW IF NOT EXISTS v_journeys
(
    definition String COMMENT 'Name of the definition.',
    definition_version UInt32 COMMENT 'Its version.',
    instance String COMMENT 'Its instance: the order number, the case number.',
    person_id String COMMENT 'The person, 32 hex digits.',
    journey_id String COMMENT 'The instance of the definition, 32 hex digits.',
    state String COMMENT 'open or closed.',
    outcome String COMMENT 'Name under `closes`, expired, or empty.',
    opened_at DateTime64(3, 'UTC') COMMENT 'When it opened.',
    closed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it closed.',
    duration_s Nullable(Float64) COMMENT 'From opening to closing, seconds.',
    first_at DateTime64(3, 'UTC') COMMENT 'Earliest touchpoint that belongs to it.',
    last_at DateTime64(3, 'UTC') COMMENT 'Latest touchpoint that belongs to it.',
    touchpoints UInt32 COMMENT 'How many touchpoints belong to it.',
    opened_by String COMMENT 'Event id of the opening touchpoint.',
    region String COMMENT 'Of the opening touchpoint.',
    channel String COMMENT 'Of the opening touchpoint.',
    effort Float64 COMMENT 'Sum of the efforts that its touchpoints cost the person.',
    backfilled Bool COMMENT 'Opened by a history load.',
    clock_at Nullable(DateTime64(3, 'UTC')) COMMENT 'The clock that judged; empty: none had spoken yet.',
    emitted_at DateTime64(3, 'UTC') COMMENT 'When it was judged.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When it was inserted here.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    definition, definition_version, instance, person_id, journey_id, state, outcome, opened_at, closed_at,
    (toUnixTimestamp64Milli(closed_at) - toUnixTimestamp64Milli(opened_at)) / 1000 AS duration_s,
    first_at, last_at, touchpoints, opened_by, region, channel, effort, backfilled,
    if(clock_at < toDateTime64('1900-01-02 00:00:00', 3, 'UTC'), NULL, clock_at) AS clock_at, emitted_at, landed_at
FROM journeys_visible
COMMENT 'Journeys as they stand, one row a (definition, instance).';

CREATE VIEW IF NOT EXISTS v_stages
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
    stage String COMMENT 'Name under `stages`.',
    entry UInt32 COMMENT '1 for the first time, 2 for the second.',
    started_at DateTime64(3, 'UTC') COMMENT 'Its beginning.',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Its end.',
    duration_s Nullable(Float64) COMMENT 'End minus beginning, seconds; negative when the touchpoints came against their order.',
    working_s Nullable(Float64) COMMENT 'The same in the hours of its calendar.',
    started_by String COMMENT 'Event id of the beginning.',
    ended_by String COMMENT 'Event id of the end, or empty.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    definition, definition_version, instance, person_id, journey_id, region, channel, outcome, opened_at, backfilled,
    stage.name AS stage, stage.entry AS entry, stage.started_at AS started_at, stage.ended_at AS ended_at,
    stage.duration_s AS duration_s, stage.working_s AS working_s, stage.started_by AS started_by, stage.ended_by AS ended_by
FROM journeys_visible
ARRAY JOIN stages AS stage
COMMENT 'Stages of journeys, one row an entry.';

CREATE VIEW IF NOT EXISTS v_promises
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
    promise String COMMENT 'Name under `promises`.',
    occurrence String COMMENT 'The touchpoint that made it, when each is its own; else empty.',
    state String COMMENT 'open, kept, kept_late, overdue or released.',
    made_at DateTime64(3, 'UTC') COMMENT 'When it was made.',
    first_due_at DateTime64(3, 'UTC') COMMENT 'The first due.',
    due_at DateTime64(3, 'UTC') COMMENT 'The last due.',
    settled_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was kept or released.',
    margin_s Nullable(Float64) COMMENT 'Kept minus due, seconds; early is negative.',
    revisions UInt32 COMMENT 'How often the due was changed.',
    made_by String COMMENT 'Event id that made it.',
    settled_by String COMMENT 'Event id that settled it, or empty.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    definition, definition_version, instance, person_id, journey_id, region, channel, outcome, opened_at, backfilled,
    promise.name AS promise, promise.occurrence AS occurrence, promise.state AS state, promise.made_at AS made_at,
    promise.first_due_at AS first_due_at, promise.due_at AS due_at, promise.settled_at AS settled_at, promise.margin_s AS margin_s,
    promise.revisions AS revisions, promise.made_by AS made_by, promise.settled_by AS settled_by
FROM (SELECT * EXCEPT (state) FROM journeys_visible)
ARRAY JOIN promises AS promise
COMMENT 'Promises made in journeys, one row a promise.';

CREATE VIEW IF NOT EXISTS v_journey_facts
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
    fact String COMMENT 'Name under `keeps`.',
    value_string Nullable(String) COMMENT 'Its value, if it is a text.',
    value_number Nullable(Float64) COMMENT 'Its value, if it is a number.',
    value_integer Nullable(Int64) COMMENT 'Its value, if it is a whole number: exact also beyond 2^53.',
    value_boolean Nullable(Bool) COMMENT 'Its value, if it is true or false.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    definition, definition_version, instance, person_id, journey_id, region, channel, outcome, opened_at, backfilled,
    kept.name AS fact,
    if(JSONType(kept.value) = 'String', JSONExtractString(kept.value), NULL) AS value_string,
    if(JSONType(kept.value) IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(kept.value), NULL) AS value_number,
    if(JSONType(kept.value) = 'Int64', JSONExtractInt(kept.value), NULL) AS value_integer,
    if(JSONType(kept.value) = 'Bool', JSONExtractBool(kept.value), NULL) AS value_boolean
FROM journeys_visible
ARRAY JOIN facts AS kept
COMMENT 'Named facts of journeys, one row a fact.';
