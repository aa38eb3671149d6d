"""How far the agents are, by what their groups have committed."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from streams import topology
from streams.settings import Settings
from streams.topics import admin

POLL_S = 0.3
LOOK_BACK = 64  # offsets in front of a partition's end in which its last record is looked for first


class Behind(Exception):
    """An agent did not come to the end of a topic in time; the text says which."""


def places(settings: Settings, name: str) -> list[TopicPartition]:
    topic = next(each for each in topology.TOPICS if each.name == name)
    return [TopicPartition(settings.topic(name), partition) for partition in range(topology.partitions(topic, settings))]


class Passing:
    def __init__(self, settings: Settings, until_s: float = 0.0) -> None:
        """`until_s`: monotonic time at which `wait` gives up.  Raises BrokerUnreachable."""
        self._settings, self._until_s, self._open = settings, until_s, ExitStack()
        self._admin = self._open.enter_context(admin(settings))
        self._reader = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, isolation_level="read_committed")
        self._open.callback(self._reader.close)

    def __enter__(self) -> "Passing":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def ends(self, name: str) -> dict[int, int]:
        return {place.partition: offset for place, offset in self._reader.end_offsets(places(self._settings, name)).items()}

    def begins(self, name: str) -> dict[int, int]:
        return {place.partition: offset for place, offset in self._reader.beginning_offsets(places(self._settings, name)).items()}

    def committed(self, agent: str, name: str) -> dict[TopicPartition, OffsetAndMetadata]:
        """Only of partitions of which anything was committed."""
        group = f"{self._settings.namespace}.{agent}"
        found = self._admin.list_group_offsets({group: places(self._settings, name)})[group]
        return {place: its for place, its in found.items() if its is not None and its.offset >= 0}

    def wait(self, agent: str, name: str, offsets: Mapping[int, int]) -> None:
        """Until the agent is done with these records; -1 for none.  Raises Behind."""
        while behind := self.behind(agent, name, offsets):
            if time.monotonic() > self._until_s:
                raise Behind(f"{agent} has not come to the end of {name} (partitions {', '.join(map(str, behind))})")
            time.sleep(POLL_S)

    def behind(self, agent: str, name: str, offsets: Mapping[int, int]) -> list[int]:
        """Partitions whose record at the offset the agent is not done with."""
        at_offset = {place.partition: its.offset for place, its in self.committed(agent, name).items()}
        return [part for part, at in offsets.items() if at >= 0 and at_offset.get(part, -1) <= at]

    def last(self, name: str) -> dict[int, int]:
        """Offset of the last record of each partition, without the marks of transactions; -1 for none."""
        found = dict.fromkeys(self.ends(name), -1)
        back = LOOK_BACK
        while True:
            missing = {part: end for part, end in self.ends(name).items() if found[part] < 0}
            begins = {part: max(0, end - back) for part, end in missing.items()}
            for record in self.read(name, begins) if begins else ():
                found[record.partition] = max(found[record.partition], record.offset)
            if all(found[part] >= 0 or begin == 0 for part, begin in begins.items()):
                return found
            back *= 16

    def read(self, name: str, begins: Mapping[int, int]) -> Iterator[Any]:
        """Committed records from these offsets on, by partition, to where it ended when this began."""
        mine = [place for place in places(self._settings, name) if place.partition in begins]
        self._reader.assign(mine)
        for place in mine:
            self._reader.seek(place, begins[place.partition])
        ends = self._reader.end_offsets(mine)
        while any(self._reader.position(place) < ends[place] for place in mine):
            for several in self._reader.poll(timeout_ms=500).values():
                yield from several
