-- The proofs say by which version of a definition they prove something, as every other row does.
CREATE OR REPLACE VIEW v_breakage_evidence
(
    definition String COMMENT 'Name of the definition.',
    definition_version UInt32 COMMENT 'Its version.',
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
    role String COMMENT 'Its role: after, of, made, revised, kept, released, healed, step, early, late, journey; broke: of a breakage before.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    definition, definition_version, rule, instance, occurrence, person_id, cause_key, state, broken_at,
    source, event_id, fromUnixTimestamp64Milli(occurred_ms, 'UTC') AS occurred_at, action, role
FROM breakages_visible
ARRAY JOIN
    `evidence.source` AS source, `evidence.event_id` AS event_id, `evidence.occurred_at` AS occurred_ms,
    `evidence.action` AS action, `evidence.role` AS role
WHERE state != 'withdrawn'
COMMENT 'The touchpoints that prove what v_breakages says, one row a proof.';
