CREATE VIEW IF NOT EXISTS v_breakage_history
(
    definition String COMMENT 'Name of the definition.',
    definition_version UInt32 COMMENT 'Its version.',
    rule String COMMENT 'Name under `breakages`.',
    instance String COMMENT 'Instance of the journey.',
    occurrence String COMMENT 'Which violation, where a rule can be broken more than once; else empty.',
    person_id String COMMENT 'The person, 32 hex digits.',
    journey_id String COMMENT 'The journey, 32 hex digits.',
    cause_key String COMMENT 'The same cause whoever the person is, 32 hex digits.',
    state String COMMENT 'open, recovered, or withdrawn: a late touchpoint showed that nothing was broken.',
    severity String COMMENT 'info, warning or critical.',
    owner String COMMENT 'Who is to act.',
    runbook String COMMENT 'Link to what to do.',
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when it could still have been met.',
    broken_at DateTime64(3, 'UTC') COMMENT 'From when it is broken, event time.',
    detected_at DateTime64(3, 'UTC') COMMENT 'When it was first told, wall time.',
    recovered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it recovered, event time.',
    region String COMMENT 'Of the journey.',
    channel String COMMENT 'Of the journey.',
    backfilled Bool COMMENT 'The journey was opened by a history load.',
    clock_at Nullable(DateTime64(3, 'UTC')) COMMENT 'The clock that judged; empty: none had spoken yet.',
    emitted_at DateTime64(3, 'UTC') COMMENT 'When it was last told.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When it was inserted here.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH toDateTime64('1900-01-02 00:00:00', 3, 'UTC') AS earliest -- clients read what lies under a NULL, and fail before it
SELECT
    definition, definition_version, rule, instance, occurrence, person_id, journey_id, cause_key, state, severity, owner, runbook,
    due_at, broken_at, detected_at, recovered_at, region, channel, backfilled,
    if(clock_at < earliest, NULL, greatest(clock_at, earliest)) AS clock_at, emitted_at, landed_at
FROM breakages_visible
COMMENT 'Breakages with those that were withdrawn, one row a (definition, rule, instance, occurrence).';

CREATE VIEW IF NOT EXISTS v_breakages
(
    definition String COMMENT 'Name of the definition.',
    definition_version UInt32 COMMENT 'Its version.',
    rule String COMMENT 'Name under `breakages`.',
    instance String COMMENT 'Instance of the journey.',
    occurrence String COMMENT 'Which violation, where a rule can be broken more than once; else empty.',
    person_id String COMMENT 'The person, 32 hex digits.',
    journey_id String COMMENT 'The journey, 32 hex digits.',
    cause_key String COMMENT 'The same cause whoever the person is, 32 hex digits.',
    state String COMMENT 'open or recovered.',
    severity String COMMENT 'info, warning or critical.',
    owner String COMMENT 'Who is to act.',
    runbook String COMMENT 'Link to what to do.',
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when it could still have been met.',
    broken_at DateTime64(3, 'UTC') COMMENT 'From when it is broken, event time.',
    detected_at DateTime64(3, 'UTC') COMMENT 'When it was first told, wall time.',
    recovered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it recovered, event time.',
    region String COMMENT 'Of the journey.',
    channel String COMMENT 'Of the journey.',
    backfilled Bool COMMENT 'The journey was opened by a history load.',
    clock_at Nullable(DateTime64(3, 'UTC')) COMMENT 'The clock that judged; empty: none had spoken yet.',
    emitted_at DateTime64(3, 'UTC') COMMENT 'When it was last told.',
    landed_at DateTime64(3, 'UTC') COMMENT 'When it was inserted here.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * FROM v_breakage_history WHERE state != 'withdrawn'
COMMENT 'What is broken and what was and recovered, one row a (definition, rule, instance, occurrence).';

CREATE VIEW IF NOT EXISTS v_breakage_evidence
(
    definition String COMMENT 'Name of the definition.',
    rule String COMMENT 'Name under `breakages`.',
    instance String COMMENT 'Instance of the journey.',
    occurrence String COMMENT 'Occurrence of the breakage.',
    person_id String COMMENT 'The person, 32 hex digits.',
    cause_key String COMMENT 'The cause, 32 hex digits.',
    state String COMMENT 'Of the breakage: open or recovered.',
    broken_at DateTime64(3, 'UTC') COMMENT 'Of the breakage.',
    source String COMMENT 'Source of the proving touchpoint.',
    event_id String COMMENT 'Its event id.',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened.',
    action String COMMENT 'What happened.',
    role String COMMENT 'Its role in the proof: opened, after, of, made, revised, kept, released.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    definition, rule, instance, occurrence, person_id, cause_key, state, broken_at,
    source, event_id, fromUnixTimestamp64Milli(occurred_ms, 'UTC') AS occurred_at, action, role
FROM breakages_visible
ARRAY JOIN
    `evidence.source` AS source, `evidence.event_id` AS event_id, `evidence.occurred_at` AS occurred_ms,
    `evidence.action` AS action, `evidence.role` AS role
WHERE state != 'withdrawn'
COMMENT 'The touchpoints that prove what v_breakages says, one row a proof.';

CREATE VIEW IF NOT EXISTS v_journey_hours
(
    hour DateTime64(3, 'UTC') COMMENT 'The hour, UTC.',
    definition String COMMENT 'Name of the definition.',
    region String COMMENT 'Of the journey.',
    channel String COMMENT 'Of the journey.',
    kind String COMMENT 'opened, closed or broken.',
    name String COMMENT 'The outcome (closed) or the rule (broken); empty for opened.',
    n UInt64 COMMENT 'How many.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT hour, definition, region, channel, kind, name, count() AS n
FROM hour_entries_visible
GROUP BY hour, definition, region, channel, kind, name
COMMENT 'Journeys opened, closed by outcome and broken by rule an hour of event time; a bound on hour reads only its months.';
