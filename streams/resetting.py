"""Topics made anew, and consumer groups set to where they are to go on.  Nobody may be at work meanwhile."""

import time
from collections.abc import Iterable, Mapping

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import UnknownTopicOrPartitionError
from kafka.structs import OffsetAndMetadata

from streams import topology
from streams.passing import places
from streams.settings import Settings
from streams.topics import admin, apply

POLL_S = 0.3
GRACE_S = 5.0
IDLE = ("Empty", "Dead", "")


class AtWork(Exception):
    """Agents are members of their groups; the text says which."""


def await_idle(settings: Settings) -> None:
    """A killed worker is a member until its session ends: so long is waited.  Raises AtWork, BrokerUnreachable."""
    until_s = time.monotonic() + settings.session_timeout_s + GRACE_S
    with admin(settings) as client:
        while busy := [agent.name for agent in topology.AGENTS if not _is_idle(client, f"{settings.namespace}.{agent.name}")]:
            if time.monotonic() > until_s:
                raise AtWork(f"at work: {', '.join(busy)}; stop the workers first")
            time.sleep(POLL_S)


def _is_idle(client: KafkaAdminClient, group: str) -> bool:
    return client.describe_groups([group])[group]["group_state"] in IDLE


def renew(settings: Settings, names: Iterable[str]) -> None:
    """Delete these topics and make them again, empty; whoever reads them begins at their beginning."""
    topics = [settings.topic(name) for name in names]
    with admin(settings) as client:
        for topic in topics:
            try:
                client.delete_topics([topic])
            except UnknownTopicOrPartitionError:
                continue
        _await_gone(client, topics)
    _apply(settings)
    for agent in topology.AGENTS:
        read = [place for name in agent.reads if settings.topic(name) in topics for place in places(settings, name)]
        set_offsets(settings, agent.name, dict.fromkeys(read, OffsetAndMetadata(0, "", -1)))


def _await_gone(client: KafkaAdminClient, topics: list[str]) -> None:
    while any(not found["error_code"] for found in client.describe_topics(topics)):
        time.sleep(POLL_S)


def _apply(settings: Settings) -> None:
    """The broker may take a name for its topic for a moment after that is gone."""
    while any(not planned.exists for planned in apply(settings)):
        time.sleep(POLL_S)


def set_offsets(settings: Settings, agent: str, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
    if not offsets:
        return
    with admin(settings) as client:
        answered = client.alter_group_offsets(f"{settings.namespace}.{agent}", dict(offsets))
    failed = {place: error for place, error in answered.items() if error.errno}
    if failed:
        place, error = next(iter(failed.items()))
        raise error(f"cannot set the offset of {agent} on {place.topic} {place.partition}")
