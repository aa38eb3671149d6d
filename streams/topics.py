"""Topics as the map says: planned, created, and never changed behind anybody's back.

But one that keeps records for longer than the setting `retention` allows is told to keep them no longer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from streams.settings import Settings
from streams.topology import TOPICS, Topic, partitions, topic_config


class BrokerUnreachable(Exception):
    """The broker does not answer; the text says where and what to do."""


@dataclass(frozen=True)
class Planned:
    """A topic as it is to be, and what it is.  `differences` are shown: (what, is, is to be); only `shortened` is changed."""

    name: str
    partitions: int
    config: dict[str, str]
    exists: bool
    differences: tuple[tuple[str, str, str], ...] = ()
    shortened: tuple[tuple[str, str], ...] = ()  # settings by which records go when their time is over


@contextmanager
def admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    """Raises BrokerUnreachable."""
    try:
        client = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap, client_id="throughline", request_timeout_ms=15_000)
    except (KafkaError, ValueError) as error:
        raise BrokerUnreachable(
            f"no Kafka broker answers at {settings.kafka_bootstrap} ({type(error).__name__}): start one "
            "(`throughline local up`) or set kafka_bootstrap"
        ) from None
    try:
        yield client
    finally:
        client.close()


def plan(settings: Settings) -> list[Planned]:
    with admin(settings) as client:
        return _plan(client, settings)


def apply(settings: Settings) -> list[Planned]:
    """Create what is missing, shorten what is kept too long.  -> the plan as it was before; else a topic is left as it is."""
    with admin(settings) as client:
        planned = _plan(client, settings)
        missing = [topic for topic in planned if not topic.exists]
        for topic in missing:
            _create(client, topic, settings.replication_factor)
        if missing:
            client.wait_for_topics([topic.name for topic in missing])
        if shortened := {topic.name: dict(topic.shortened) for topic in planned if topic.shortened}:
            client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, its) for name, its in shortened.items()])
        return planned


def topic_ids(settings: Settings) -> dict[str, str]:
    """Name without namespace -> the id that tells a topic from one made anew under the same name.  Raises LookupError."""
    with admin(settings) as client:
        found = _described(client, settings)
    missing = [topic.name for topic in TOPICS if settings.topic(topic.name) not in found]
    if missing:
        raise LookupError(
            f"topics are missing in namespace {settings.namespace}: {', '.join(missing)}; run `throughline topics apply`"
        )
    return {topic.name: str(found[settings.topic(topic.name)]["topic_id"]) for topic in TOPICS}


def _create(client: KafkaAdminClient, topic: Planned, replication_factor: int) -> None:
    try:
        client.create_topics([NewTopic(topic.name, topic.partitions, replication_factor, topic_configs=topic.config)])
    except TopicAlreadyExistsError:  # somebody else was quicker
        return


def _described(client: KafkaAdminClient, settings: Settings) -> dict[str, Any]:
    described = client.describe_topics([settings.topic(topic.name) for topic in TOPICS])
    return {one["name"]: one for one in described if not one["error_code"]}


def _plan(client: KafkaAdminClient, settings: Settings) -> list[Planned]:
    found = _described(client, settings)
    configs = _configs(client, list(found))
    return [_planned(topic, settings, found, configs) for topic in TOPICS]


def _configs(client: KafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answered = client.describe_configs(resources, config_filter="all")["topic"]
    return {name: {key: str(entry["value"]) for key, entry in values.items()} for name, values in answered.items()}


def _planned(topic: Topic, settings: Settings, found: dict[str, Any], configs: dict[str, dict[str, str]]) -> Planned:
    name, wanted, count = settings.topic(topic.name), topic_config(topic, settings), partitions(topic, settings)
    if name not in found:
        return Planned(name, count, wanted, exists=False)
    there, is_now = configs.get(name, {}), len(found[name]["partitions"])
    differences = [(key, there.get(key, ""), value) for key, value in wanted.items() if there.get(key) != value]
    if is_now != count:
        differences.insert(0, ("partitions", str(is_now), str(count)))
    shortened = _shortened(there, wanted) if settings.retention else {}
    return Planned(name, count, wanted, exists=True, differences=tuple(differences), shortened=tuple(shortened.items()))


def _shortened(there: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    """What to set where the broker keeps records for longer than is wanted."""
    if "retention.ms" not in wanted:
        return {}
    wanted_ms, now_ms = int(wanted["retention.ms"]), int(there.get("retention.ms", "-1"))
    deletes = "delete" in there.get("cleanup.policy", "")
    too_long = wanted_ms >= 0 and (not deletes or not 0 <= now_ms <= wanted_ms)
    return {key: wanted[key] for key in ("cleanup.policy", "retention.ms")} if too_long else {}
