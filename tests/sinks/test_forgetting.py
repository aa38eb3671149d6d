"""Deletion takes what was said of a person with the touchpoints that said it, and leaves what others said."""

from clickhouse_driver import Client

from sinks.clickhouse.forgetting import about, forget
from sinks.clickhouse.sink import ClickHouseSink
from streams.core.touchpoint import Touchpoint, hash_id
from tests.sinks.databases import land
from tests.sinks.samples import AT, batch, touchpoint

MARIA, OTTO = "customer:maria", "customer:otto"


def nobody(*_: bytes | None) -> bool:
    """Whom no rejected record mentions."""
    return False


def described(event_id: str, address: str, *beside: str, tier: str = "gold") -> Touchpoint:
    """A touchpoint at `address` that carries the identifiers `beside`, too."""
    kinds = tuple(tuple(each.split(":")) for each in (address, *beside))
    return touchpoint(event_id, address=address, identifiers=kinds, attributes={"person_tier": tier}, occurred_at=AT)


def test_what_was_said_goes_with_the_touchpoints_that_said_it(client: Client, sink: ClickHouseSink) -> None:
    """Also what a touchpoint says at somebody else's address that carries an identifier of the erased, and what had lost against
    another copy."""
    lost = described("e1", MARIA, tier="silver")
    lost.content_hash = 1 << 50
    hers = [described("e1", MARIA), lost, described("e2", OTTO, MARIA)]
    land(sink, batch("touchpoints", *hers, described("e3", OTTO)))
    land(sink, batch("touchpoints", described("e1", MARIA), first=100))  # once more, from another place of the log
    ids = [hash_id(*MARIA.split(":"))]
    assert about(client, ids)["said"] > 0
    deleted = forget(client, [MARIA], ids, nobody)
    assert deleted["said"] > 0
    assert about(client, ids) == {}
    assert client.execute("SELECT event_id FROM said") == client.execute("SELECT event_id FROM touchpoints") == [("e3",)]
    assert forget(client, [MARIA], ids, nobody)["said"] == 0
