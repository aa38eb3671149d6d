"""Touchpoints as they have landed, back as the pipeline carried them."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from clickhouse_driver import Client

from streams.core.touchpoint import Scalar, Touchpoint

BLOCK_ROWS = 50_000
COLUMNS = """
    toUnixTimestamp64Milli(occurred_at), sequence, event_id, source, origin, channel, action, direction, identifiers, attributes,
    region, locale, agent, team, address, content_hash, late_ms, too_late, load
"""
RECORDED = f"SELECT {COLUMNS} FROM touchpoints_newest"
_attributes = msgspec.json.Decoder(dict[str, Scalar]).decode


def recorded(client: Client) -> Iterator[Touchpoint]:
    """Every touchpoint that has landed, also what came too late, in no order; without the copies for other objects."""
    return map(carried_as, client.execute_iter(RECORDED, settings={"max_block_size": BLOCK_ROWS}))


def carried_as(values: Sequence[Any]) -> Touchpoint:
    """A touchpoint of the values of `COLUMNS`."""
    at_ms, sequence, event_id, source, origin, channel, action, direction, pairs, attributes, *rest = values
    region, locale, agent, team, address, content_hash, late_ms, too_late, load = rest
    return Touchpoint(
        at_ms, sequence, event_id, source, origin, channel, action, direction, tuple(pairs), _attributes(attributes),
        region, locale, agent, team, address, content_hash, late_ms, bool(too_late), load,
    )  # fmt: skip
