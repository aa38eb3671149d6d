-- Incidents of a service desk (UCI, "Incident management process enriched event log"): incident_events, one row an update.
-- An incident opens with its first row and is resolved and closed by its last; the order is the desk's own (sys_mod_count).
-- What the caller gets to hear goes out: a question back, and the solution.
-- `--set ends_at=TIME` moves everything in time so that the last touchpoint happens in that minute; `ends_at=loaded_at`: now.
WITH
  numbered AS (
    SELECT *, row_number() OVER () AS place FROM incident_events
  ),
  updates AS (
    SELECT
      *,
      row_number() OVER desk AS update_number,
      lead(place) OVER desk IS NULL AS is_last,
      lag(incident_state) OVER desk AS state_before,
    FROM numbered
    WINDOW desk AS (PARTITION BY number ORDER BY sys_mod_count, place)
  ),
  steps AS (
    SELECT *, 'case.opened' AS action, 'opened' AS step, opened_at AS occurred_at, 0 AS sequence
    FROM updates WHERE update_number = 1
    UNION ALL
    SELECT *, 'case.updated', CAST(update_number AS VARCHAR), sys_updated_at, update_number
    FROM updates
    UNION ALL
    SELECT *, 'case.resolved', 'resolved', resolved_at, update_number + 1
    FROM updates WHERE is_last AND resolved_at IS NOT NULL
    UNION ALL
    SELECT *, 'case.closed', 'closed', closed_at, update_number + 2
    FROM updates WHERE is_last AND closed_at IS NOT NULL
  ),
  chosen AS (
    SELECT if(getvariable('ends_at') = 'loaded_at', getvariable('loaded_at'), getvariable('ends_at')) AS ends_at
  ),
  moved AS (
    SELECT date_trunc('minute', CAST(any_value(ends_at) AS TIMESTAMPTZ))::TIMESTAMP - max(occurred_at) AS by_time
    FROM steps, chosen
  )
SELECT
  'servicenow' AS source,
  number || '/' || step AS event_id,
  occurred_at + coalesce(by_time, INTERVAL 0 SECOND) AS occurred_at,
  sequence,
  CASE
    WHEN action = 'case.closed' THEN 'system'
    WHEN action <> 'case.opened' THEN 'human'
    WHEN contact_type = 'Phone' THEN 'human'
    WHEN contact_type IN ('Self service', 'Direct opening') THEN 'product'
    ELSE 'system'
  END AS origin,
  CASE contact_type WHEN 'Phone' THEN 'phone' WHEN 'Email' THEN 'mail' WHEN 'IVR' THEN 'ivr' ELSE 'web' END AS channel,
  action,
  CASE
    WHEN action = 'case.opened' THEN 'inbound'
    WHEN action = 'case.resolved' THEN 'outbound'
    WHEN action = 'case.updated' AND incident_state IN ('Awaiting User Info', 'Resolved')
      AND incident_state IS DISTINCT FROM state_before THEN 'outbound'
  END AS direction,
  nullif(assigned_to, '?') AS agent,
  nullif(assignment_group, '?') AS team,
  number AS identifier_case,
  CASE WHEN action IN ('case.opened', 'case.updated') THEN nullif(caller_id, '?') END AS identifier_customer,
  nullif(category, '?') AS attribute_category,
  nullif(subcategory, '?') AS attribute_subcategory,
  nullif(location, '?') AS attribute_location,
  priority AS attribute_priority,
  CASE WHEN action = 'case.updated' THEN incident_state END AS attribute_state,
  CASE WHEN action = 'case.updated' THEN made_sla END AS attribute_made_sla,
  CASE WHEN action = 'case.updated' THEN reassignment_count END AS attribute_reassignment_count,
  CASE WHEN action = 'case.updated' THEN reopen_count END AS attribute_reopen_count,
FROM steps, moved
ORDER BY occurred_at, number, sequence
