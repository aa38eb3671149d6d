"""Definitions on their way to the workers: published by content hash, activated by a record in every partition of the log."""

import asyncio

import msgspec
from aiokafka import AIOKafkaProducer

from streams import topology
from streams.agents.producing import Record, confirmed, producer, send_all
from streams.core.definition import Bundle
from streams.core.definition.meaning import clashes
from streams.core.log import Activation, pack
from streams.core.verdict import NEVER
from streams.followed import Followed
from streams.settings import Settings

REBUILD_KEY = b"rebuild"  # since when everything is made again: until it is removed, nobody is to work
ACTIVE_KEY = b"active"  # the bundle last activated: applying it again does nothing
HISTORY_KEY = b"activations"  # all of them in their order: person.log forgets, and state is for its partition alone
_activations = msgspec.json.Decoder(list[Activation]).decode


class NotPublished(LookupError):
    """The log names a bundle that nobody published; the text says what to do."""


class MeaningChanged(ValueError):
    """A definition means something else than when its version was published; the text says which, and what to do."""


class Shelf:
    """Published bundles.  A worker reads the topic to its end before it says that it lacks one.  For one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._topic = Followed(settings, topology.DEFINITIONS)
        self._bundles: dict[str, Bundle] = {}
        self.active: str | None = None
        self.rebuilding = ""  # ISO 8601; empty: nobody rebuilds
        self.activations: list[Activation] = []  # in their order

    def find(self, content_hash: str) -> Bundle:
        """Raises NotPublished."""
        if content_hash not in self._bundles:
            self.read()
        if content_hash not in self._bundles:
            raise NotPublished(f"{self._topic.topic} has no bundle {content_hash}: publish it with `throughline journeys apply`")
        return self._bundles[content_hash]

    def read(self) -> None:
        """What was published since the last time."""
        for key, value in self._topic.news():
            self._take(key, value)

    def close(self) -> None:
        self._topic.close()

    def published(self) -> list[Bundle]:
        """Every bundle that was ever published."""
        return list(self._bundles.values())

    def instance_types(self) -> set[str]:
        """Identifier types that any definitions take, or took, as instances: journeys that they opened go on."""
        return {kind for bundle in self._bundles.values() for kind in bundle.by_instance_type}

    def _take(self, key: bytes, value: bytes | None) -> None:
        if key == REBUILD_KEY:
            self.rebuilding = (value or b"").decode()
        elif value is None:
            return
        elif key == ACTIVE_KEY:
            self.active = value.decode()
        elif key == HISTORY_KEY:
            self.activations = _activations(value)
        else:
            self._bundles[key.decode()] = Bundle.from_json(value)


def apply_bundle(settings: Settings, bundle: Bundle, effective_from_ms: int) -> bool:
    """Publish and activate.  -> False if this bundle is the active one already.

    The first activation is effective from the beginning, a later one from `effective_from_ms`: journeys that opened before it
    stay with the version they opened under.  `NEVER`: all journeys, closed ones too.  One transaction over all partitions.
    Raises MeaningChanged: a version never means two things, so that `definition_version` in a row tells what it was judged by.
    """
    shelf = Shelf(settings)
    shelf.read()
    shelf.close()
    if found := clashes(shelf.published(), bundle):
        raise MeaningChanged("\n".join(map(str, found)))
    if shelf.active == bundle.content_hash and effective_from_ms > NEVER:
        return False
    since_ms = NEVER if shelf.active is None else effective_from_ms
    asyncio.run(_publish(settings, bundle, Activation(bundle.content_hash, since_ms), shelf.activations))
    return True


async def _publish(settings: Settings, bundle: Bundle, activation: Activation, earlier: list[Activation]) -> None:
    sender = producer(settings, f"{settings.namespace}.definitions")
    await sender.start()
    try:
        async with sender.transaction():
            await _send(sender, settings, bundle, activation, earlier)
    finally:
        await sender.stop()


async def _send(
    sender: AIOKafkaProducer, settings: Settings, bundle: Bundle, activation: Activation, earlier: list[Activation]
) -> None:
    content_hash, history = bundle.content_hash.encode(), earlier if earlier[-1:] == [activation] else [*earlier, activation]
    published = [
        Record(content_hash, bundle.to_json().encode()),
        Record(ACTIVE_KEY, content_hash),
        Record(HISTORY_KEY, msgspec.json.encode(history)),
    ]
    sent = await send_all(sender, settings.topic(topology.DEFINITIONS), 0, published)
    for partition in range(settings.log_partitions):
        sent += await send_all(sender, settings.topic(topology.LOG), partition, [Record(None, pack(activation))])
    await confirmed(sent)
