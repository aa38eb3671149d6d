-- Rights for people and tools that read.  Run once by an administrator, in the database, after `throughline migrate`:
--
--     clickhouse-client --database throughline --queries-file roles.sql
--     GRANT throughline_reader TO somebody
--
-- Readers are granted views and no table; the views run with the rights of who migrated, the wide ones of who applied definitions:
-- the owner in both cases, so that who lands needs no right to make views.

-- Journeys, breakages and figures.  Instances are order and case numbers; no view here shows an address, name or number of a person,
-- as long as no attribute of persons (person_…) is one.
CREATE ROLE IF NOT EXISTS throughline_reader SETTINGS readonly = 2;
GRANT SELECT ON v_journeys TO throughline_reader;
GRANT SELECT ON v_stages TO throughline_reader;
GRANT SELECT ON v_promises TO throughline_reader;
GRANT SELECT ON v_journey_facts TO throughline_reader;
GRANT SELECT ON v_breakages TO throughline_reader;
GRANT SELECT ON v_breakage_history TO throughline_reader;
GRANT SELECT ON v_breakage_evidence TO throughline_reader;
GRANT SELECT ON v_journey_consents TO throughline_reader;
GRANT SELECT ON v_consents TO throughline_reader;
GRANT SELECT ON v_person_attributes TO throughline_reader;
GRANT SELECT ON v_journey_attributes TO throughline_reader;
GRANT SELECT ON v_breakage_attributes TO throughline_reader;
GRANT SELECT ON v_journey_minutes TO throughline_reader;
GRANT SELECT ON v_journey_hours TO throughline_reader;
-- The wide views of definitions, v_journey_order and so on, also those that are activated later.
GRANT SELECT ON v_journey_* TO throughline_reader;
GRANT SELECT ON v_quarantined TO throughline_reader;
GRANT SELECT ON v_clocks TO throughline_reader;
GRANT SELECT ON v_freshness TO throughline_reader;
GRANT SELECT ON v_dead_letters TO throughline_reader;
GRANT SELECT ON v_reconciliation TO throughline_reader;
GRANT SELECT ON v_reconciliation_sources TO throughline_reader;

-- Touchpoints, identifiers and rejected records besides, which may identify people: for those who look after single persons.
CREATE ROLE IF NOT EXISTS throughline_investigator SETTINGS readonly = 2;
GRANT throughline_reader TO throughline_investigator;
GRANT SELECT ON v_touchpoints TO throughline_investigator;
GRANT SELECT ON v_touchpoint_identifiers TO throughline_investigator;
GRANT SELECT ON v_touchpoint_attributes TO throughline_investigator;
GRANT SELECT ON v_conflicts TO throughline_investigator;
GRANT SELECT ON v_identifiers TO throughline_investigator;
GRANT SELECT ON v_persons TO throughline_investigator;
GRANT SELECT ON v_links TO throughline_investigator;
GRANT SELECT ON v_merges TO throughline_investigator;
GRANT SELECT ON v_rejected TO throughline_investigator;
