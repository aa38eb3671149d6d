"""A year of history, made by the database itself: each journey has five touchpoints, a customer, three stages, a promise and two
facts, every tenth a breakage; the first touchpoint of every tenth says an attribute of its person, the last of every twentieth a
consent.  The tables hold it as land would have inserted it."""

from clickhouse_driver import Client

from tests.bench.world import HISTORY_MS

YEAR_MS = 365 * 24 * 3_600_000
EACH = 5  # touchpoints of a journey
CHUNK = 200_000  # journeys of one insert
AT = f"{HISTORY_MS} + number * intDiv({YEAR_MS}, {{journeys}})"
INSTANCE = "lower(hex(sipHash128(number)))"
CUSTOMERS = "intDiv({journeys} * 6, 10)"
CUSTOMER = f"lower(hex(sipHash128('customer', number % {CUSTOMERS})))"
TIME = "fromUnixTimestamp64Milli(toInt64({ms}), 'UTC')"
TIER, CONSENT = "step = 0 AND number % 10 = 0", f"step = {EACH - 1} AND number % 20 = 0"
SHARED = f"""
    1 AS redirects, now64(3) AS clock_at, now64(3) AS emitted_at, number + 1 AS version,
    'order' AS definition, {INSTANCE} AS instance, {CUSTOMER} AS person_id, lower(hex(sipHash128('order', number))) AS address_id,
    lower(hex(sipHash128('journey', number))) AS journey_id, 1 AS definition_version,
    ['BR', 'DE', 'PT', 'US'][1 + number % 4] AS region, ['app', 'web', 'store'][1 + number % 3] AS channel
"""
INSERTS = {
    "touchpoints": f"""
        SELECT
            {TIME.format(ms="at_ms + step * 20 * 3600000")} AS occurred_at, 'web_system' AS source,
            concat(instance, '-', toString(step)) AS event_id, concat('order:', instance) AS address, address_id,
            'product' AS origin, channel, 'inbound' AS direction,
            if({CONSENT}, 'consent.granted', concat('order.step', toString(step))) AS action,
            [('order', instance), ('customer', person_id)] AS identifiers,
            multiIf({CONSENT}, '{{{{"purpose": "marketing"}}}}', {TIER}, '{{{{"amount": 12.5, "person_tier": "gold"}}}}',
                '{{{{"amount": 12.5, "method": "card", "place": "front door"}}}}') AS attributes, region, 'pt-BR' AS locale,
            sipHash64(event_id) AS content_hash, occurred_at AS received_at, toUInt32(number % 8) AS source_partition,
            number * {EACH} + step AS source_offset, toUInt32(number % 8) AS log_partition, number * {EACH} + step AS log_version
        FROM (SELECT number, {AT} AS at_ms, arrayJoin(range({EACH})) AS step, {SHARED} FROM numbers({{first}}, {{count}}))""",
    "journeys": f"""
        SELECT
            {SHARED}, 'closed' AS state, if(number % 20 = 0, 'cancelled', 'delivered') AS outcome,
            {TIME.format(ms="at_ms")} AS opened_at, {TIME.format(ms="at_ms + 80 * 3600000")} AS closed_at, opened_at AS first_at,
            closed_at AS last_at, {EACH} AS touchpoints, concat(instance, '-0') AS opened_by, 1.5 AS effort,
            arrayMap(i -> (['paid', 'sent', 'delivered'][i], 1, at_ms + i * 72000000, at_ms + i * 72000000 + 3600000, 3600., 3600.,
                opened_by, opened_by), [1, 2, 3]) AS stages,
            [('delivery', '', 'kept', at_ms, at_ms + 300000000, at_ms + 300000000, at_ms + 288000000, -12000., 0, opened_by,
                opened_by)] AS promises,
            [('amount', '12.5'), ('method', '"card"')] AS facts
        FROM (SELECT number, {AT} AS at_ms FROM numbers({{first}}, {{count}}))""",
    "breakages": f"""
        SELECT
            {SHARED}, 'late_delivery' AS rule, '' AS occurrence, lower(hex(sipHash128('cause', number))) AS cause_key,
            if(number % 30 = 0, 'recovered', 'open') AS state, 'warning' AS severity, 'logistics' AS owner,
            {TIME.format(ms="at_ms + 70 * 3600000")} AS broken_at, broken_at AS due_at, broken_at AS detected_at,
            [('web_system', concat(instance, '-0'), at_ms, 'order.step0', 'promise')] AS evidence, [('amount', '12.5')] AS facts
        FROM (SELECT number, {AT} AS at_ms FROM numbers({{first}}, {{count}}) WHERE number % 10 = 0)""",
    "people": f"""
        SELECT
            own_id, if(own_id = person_id, 'customer', 'order') AS identifier_type,
            if(own_id = person_id, person_id, instance) AS identifier_value,
            if(own_id = person_id, 'person', 'object') AS kind, person_id, 'customer' AS root_type, person_id AS root_value,
            own_id != person_id AS number, version
        FROM (SELECT number < {CUSTOMERS} AS is_first, {SHARED} FROM numbers({{first}}, {{count}}))
        ARRAY JOIN if(is_first, [address_id, person_id], [address_id]) AS own_id""",
}


def fill(client: Client, journeys: int) -> None:
    """In chunks, so that a table has parts of several times; journeys of one chunk end before the next chunk begins."""
    for first in range(0, journeys, CHUNK):
        for table, select in INSERTS.items():
            text = select.format(first=first, count=min(CHUNK, journeys - first), journeys=journeys)
            columns = [name for name, *_ in client.execute(f"DESCRIBE ({text})")]
            client.execute(f"INSERT INTO {table} ({', '.join(columns)}) {text}")
