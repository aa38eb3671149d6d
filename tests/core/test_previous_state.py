"""A worker goes on from the state of the format before: rows end up as that release made them.

`states/formatN.msgpack.gz` holds a world in the middle of its work, as a release of format N kept it, and
what it showed in the end.
"""

import gzip
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from streams.core.clock import IntakeClocks
from streams.core.definition import Bundle
from streams.core.life import READABLE, WrongLife
from streams.core.log import FORMAT, Links, Redirect, Touchpoints, unpack_link, unpack_log, unpack_wanted
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.state import POSITION, pack_position, unpack_position
from streams.core.stitch.store import MemoryStore
from streams.core.touchpoint import identifiers_of
from tests.core.world import SECOND_MS, World

STATES = Path(__file__).parent / "states"
KEYS = (
    "person_id", "address_id", "definition", "instance", "rule", "occurrence", "state", "outcome", "opened_at", "closed_at",
    "touchpoints", "due_at", "recovered_at",
)  # fmt: skip


def world_of(kept: dict[str, Any]) -> World:
    world = World(Random(1), keeps_ms=15 * SECOND_MS)
    bundle = Bundle.from_json(kept["bundle"])
    world.bundles = {bundle.content_hash: bundle}
    world.logs = [[b""] * offset + tail for offset, tail in kept["logs"]]
    world.committed = kept["committed"]
    world.parts = [world._partition(number) for number in range(world.partitions)]
    world.identity_kept = dict(kept["identity_kept"])
    world.identity.number = kept["identity_number"]
    world._rebuild_identity()
    world.identity_clocks = msgspec.msgpack.decode(kept["identity_clocks"], type=IntakeClocks)
    world.links = [([], None)] * kept["identity_at"] + [_linked(value) for value in kept["links"]]
    world.identity_at = kept["identity_at"]
    world.people = {key: (root, number) for key, root, number in kept["people"]}
    world.journeys = {_key(row): row for row in kept["journeys"]}
    world.breakages = {_key(row): row for row in kept["breakages"]}
    for queue, waiting in zip(world.landing, kept["landing"], strict=True):
        queue.extend((kind, Redirect(*row) if isinstance(row, list) else row) for kind, row in waiting)
    world.come = [_come(value) for value in kept["come"]]
    world.come_to, world.wanted = kept["come_to"], list(unpack_wanted(kept["wanted"]).items)
    return world


def _linked(value: bytes) -> tuple[list, Any]:
    record = unpack_link(value)
    return (list(record.items), None) if isinstance(record, Links) else ([], record)


def _come(value: bytes) -> Any:
    record = unpack_log(value)
    if not isinstance(record, Touchpoints):
        return record
    identifiers_of(record.items[0])  # unpacks them: the world looks at them itself
    return record.items[0]


def _key(row: dict) -> tuple[str, ...]:
    return row["person_id"], row["journey_id"], row.get("cause_key", "")


def _shown(world: World) -> list[dict]:
    rows = [*world.visible(world.journeys), *world.visible(world.breakages)]
    return sorted(({key: row[key] for key in KEYS if key in row} for row in rows), key=repr)


@pytest.mark.parametrize("form", [form for form in READABLE if form < FORMAT])
def test_a_worker_goes_on_from_the_state_of_an_earlier_format(form: int) -> None:
    kept = msgspec.msgpack.decode(gzip.decompress((STATES / f"format{form}.msgpack.gz").read_bytes()), strict=False)
    assert kept["format"] == form
    world = world_of(kept)
    end_ms = (kept["now_s"] + 100) * SECOND_MS
    world.tick(end_ms, [0, 1], final=True)
    world.drain()
    assert _shown(world) == kept["shown"]
    assert {part.position.format for part in world.parts} == {FORMAT}


@pytest.mark.parametrize(("form", "says"), [(READABLE[0] - 1, "throughline rebuild"), (FORMAT + 1, "use a newer Throughline")])
def test_a_state_of_another_format_stops_the_worker(form: int, says: str) -> None:
    world = World(Random(1))
    world.step(0, 1)
    position = unpack_position(world.committed[0][POSITION])
    position.format = form
    store = MemoryStore()
    store.load(POSITION, pack_position(position))
    part = Partition(0, world.partitions, store, Judge(world.bundles.__getitem__))
    with pytest.raises(WrongLife, match=says):
        part.restore("life")
