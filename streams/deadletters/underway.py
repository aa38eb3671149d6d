"""Which rejected records were sent once more, and no word of it has landed yet.

Such a record lies on the input topic where intake has not come yet, or word of it lies on `touchpoints.rejected` where land has not
come yet.  It only ever goes on from there.  Read in this order, and the tables after it, none is overlooked.
"""

from collections.abc import Iterator
from typing import Any

from sinks.clickhouse.dead_letters import Key
from streams import topology
from streams.agents.marks import Origin, read_origin, read_replayed
from streams.passing import Passing
from streams.settings import Settings


def under_way(settings: Settings) -> set[Key]:
    """Raises BrokerUnreachable and what Kafka's client raises."""
    found = set()
    for record in behind(settings, "intake", topology.TOUCHPOINTS):
        if record.headers and (origin := read_origin(record.headers)):
            found.add(_key(origin))
    for record in behind(settings, "land", topology.REJECTED):
        if record.headers and (word := read_replayed(record.headers)):
            found.add(_key(word.origin))
    return found


def _key(origin: Origin) -> Key:
    return Key(origin.topic, origin.partition, origin.offset, origin.received_at)


def behind(settings: Settings, agent: str, name: str) -> Iterator[Any]:
    """Records that an agent has not committed, up to the end as it is now."""
    with Passing(settings) as passing:
        at = {place.partition: its.offset for place, its in passing.committed(agent, name).items()}
        begins, ends = passing.begins(name), passing.ends(name)
        yield from passing.read(name, {part: max(begins[part], min(at.get(part, 0), ends[part])) for part in begins})
