-- Applications for a loan (BPI Challenge 2012): loan_events, one row an event of an application; times are UTC.
-- `event_index` counts the events of an application in the order of the file, and settles those of the same millisecond.
-- Nobody is named: an application is a thing without an owner.  Resource 112 is the automaton; W_ is work that people do.
SELECT
  'loans' AS source,
  case_id || '/' || event_index AS event_id,
  "timestamp" AS occurred_at,
  event_index AS sequence,
  CASE
    WHEN activity = 'A_SUBMITTED' THEN 'product'
    WHEN starts_with(activity, 'W_') THEN 'human'
    WHEN resource = '112' THEN 'system'
    ELSE 'human'
  END AS origin,
  CASE WHEN activity = 'A_SUBMITTED' THEN 'web' WHEN starts_with(activity, 'W_Nabellen') THEN 'phone' END AS channel,
  activity AS action,
  CASE
    WHEN activity IN ('A_SUBMITTED', 'O_SENT_BACK') THEN 'inbound'
    WHEN activity = 'O_SENT' OR (starts_with(activity, 'W_Nabellen') AND lifecycle = 'START') THEN 'outbound'
    ELSE 'none'
  END AS direction,
  'NL' AS region,
  'nl-NL' AS locale,
  resource AS agent,
  case_id AS identifier_application,
  lifecycle AS attribute_lifecycle,
  CASE activity WHEN 'A_SUBMITTED' THEN CAST(case_AMOUNT_REQ AS DOUBLE) END AS attribute_amount,
FROM loan_events
ORDER BY occurred_at, case_id, event_index
