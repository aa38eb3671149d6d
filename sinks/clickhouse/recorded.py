"""Touchpoints as they have landed, back as the pipeline carried them."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
from clickhouse_driver import Client

from sinks.clickhouse.asking import Asking
from sinks.clickhouse.read import landed_clocks
from streams.core.touchpoint import Scalar, Touchpoint, identifier_key, identifiers_of
from streams.core.verdict import NEVER

BLOCK_ROWS = 50_000
COLUMNS = """
    toUnixTimestamp64Milli(occurred_at), sequence, event_id, source, origin, channel, action, direction, identifiers, attributes,
    region, locale, agent, team, address, content_hash, late_ms, too_late, load,
    toUnixTimestamp64Milli(received_at), source_partition, source_offset
"""
RECORDED = f"SELECT {COLUMNS} FROM touchpoints_newest"
# All rows, whether they are merged or not: of copies the reader takes the better one, as stitch does, and the index is of use.
CARRYING = f"""
SELECT {COLUMNS}
FROM touchpoints
WHERE hasAny(identifiers.value, %(values)s) AND NOT too_late
    AND occurred_at BETWEEN fromUnixTimestamp64Milli(%(first_ms)s, 'UTC') AND fromUnixTimestamp64Milli(%(last_ms)s, 'UTC')
"""
LOG = "person.log"
_attributes = msgspec.json.Decoder(dict[str, Scalar]).decode


def recorded(client: Client) -> Iterator[Touchpoint]:
    """Every touchpoint that has landed, also what came too late, in no order; without the copies for other objects."""
    return map(carried_as, client.execute_iter(RECORDED, settings={"max_block_size": BLOCK_ROWS}))


def carried_as(values: Sequence[Any]) -> Touchpoint:
    """A touchpoint of the values of `COLUMNS`."""
    at_ms, sequence, event_id, source, origin, channel, action, direction, pairs, attributes, *rest = values
    region, locale, agent, team, address, content_hash, late_ms, too_late, load, received_at, partition, offset = rest
    return Touchpoint(
        at_ms, sequence, event_id, source, origin, channel, action, direction, tuple(pairs), _attributes(attributes),
        region, locale, agent, team, address, content_hash, late_ms, bool(too_late), load,
        received_at, partition, offset,
    )  # fmt: skip


class ClickHouseRecorded(Asking):
    """See the contract."""

    waits = "gives no touchpoints back"

    def landed_ms(self) -> int:
        """See the contract."""
        clock = self.ask(landed_clocks).get(LOG)
        return clock.clock_ms if clock is not None else NEVER

    def carrying(self, identifiers: Collection[str], first_ms: int, last_ms: int) -> list[Touchpoint]:
        """See the contract."""
        values = sorted({each.partition(":")[2] for each in identifiers})
        wanted = {"values": values, "first_ms": first_ms, "last_ms": last_ms}
        found = map(carried_as, self.ask(lambda client: client.execute(CARRYING, wanted)))
        return [each for each in found if not keys_of(each).isdisjoint(identifiers)]


def keys_of(touchpoint: Touchpoint) -> set[str]:
    return {identifier_key(*pair) for pair in identifiers_of(touchpoint)}
