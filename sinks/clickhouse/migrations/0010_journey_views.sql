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
AS WITH toDateTime64('1900-01-02 00:00:00', 3, 'UTC') AS earliest -- clients read what lies under a NULL, and fail before it
SELECT
    definition, definition_version, instance, person_id, journey_id, state, outcome, opened_at, closed_at,
    (toUnixTimestamp64Milli(closed_at) - toUnixTimestamp64Milli(opened_at)) / 1000 AS duration_s,
    first_at, last_at, touchpoints, opened_by, region, channel, effort, backfilled,
    if(clock_at < earliest, NULL, greatest(clock_at, earliest)) AS clock_at, emitted_at, landed_at
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
    stage, entry, fromUnixTimestamp64Milli(started_ms, 'UTC') AS started_at, fromUnixTimestamp64Milli(ended_ms, 'UTC') AS ended_at,
    duration_s, working_s, started_by, ended_by
FROM journeys_visible
ARRAY JOIN
    `stages.name` AS stage, `stages.entry` AS entry, `stages.started_at` AS started_ms, `stages.ended_at` AS ended_ms,
    `stages.duration_s` AS duration_s, `stages.working_s` AS working_s, `stages.started_by` AS started_by,
    `stages.ended_by` AS ended_by
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
    promise, occurrence, promise_state AS state, fromUnixTimestamp64Milli(made_ms, 'UTC') AS made_at,
    fromUnixTimestamp64Milli(first_due_ms, 'UTC') AS first_due_at, fromUnixTimestamp64Milli(due_ms, 'UTC') AS due_at,
    fromUnixTimestamp64Milli(settled_ms, 'UTC') AS settled_at, margin_s, revisions, made_by, settled_by
FROM journeys_visible
ARRAY JOIN
    `promises.name` AS promise, `promises.occurrence` AS occurrence, `promises.state` AS promise_state,
    `promises.made_at` AS made_ms, `promises.first_due_at` AS first_due_ms, `promises.due_at` AS due_ms,
    `promises.settled_at` AS settled_ms, `promises.margin_s` AS margin_s, `promises.revisions` AS revisions,
    `promises.made_by` AS made_by, `promises.settled_by` AS settled_by
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
    value_integer Nullable(Int64) COMMENT 'Its value, if it is an integer: exact also beyond 2^53.',
    value_boolean Nullable(Bool) COMMENT 'Its value, if it is true or false.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    definition, definition_version, instance, person_id, journey_id, region, channel, outcome, opened_at, backfilled,
    fact,
    if(JSONType(value) = 'String', JSONExtractString(value), NULL) AS value_string,
    if(JSONType(value) IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(value), NULL) AS value_number,
    if(JSONType(value) = 'Int64', JSONExtractInt(value), NULL) AS value_integer,
    if(JSONType(value) = 'Bool', JSONExtractBool(value), NULL) AS value_boolean
FROM journeys_visible
ARRAY JOIN `facts.name` AS fact, `facts.value` AS value
COMMENT 'Named facts of journeys, one row a fact.';
