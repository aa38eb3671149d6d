"""The map: which agent reads and writes which topic, what lies there, and how long.

    touchpoints -> intake -> person.log -> stitch -> journeys, breakages -> land -> ClickHouse
                     |  |      ^     ^       |  |
                     |  |      |     +-------+  +-> person.state  (compacted; recovery only)
                     |  |   redirects  moved facts
                     |  v      |
                     | identity.links -> identity -> people, pairs, receipts -> land
                     v
                    touchpoints.rejected ----------------------------------> land -> minutes.touched -> land
          (land also takes the touchpoints themselves from person.log)

    stitch -> person.routes, by which intake spares touchpoints a hop (read beside all this, from its end)
    stitch -> facts.wanted -> land, which reads touchpoints back from ClickHouse -> moved facts in person.log
    privacy.erasures, the list of who is to be forgotten, is read by intake and land beside all this

Topics, their documentation and the agents' subscriptions come out of this file.
"""

from dataclasses import dataclass, field
from typing import Literal

from streams.retention import DAY_MS, longest_ms, shortest_ms
from streams.settings import Settings

TOUCHPOINTS = "touchpoints"
REJECTED = "touchpoints.rejected"
LOG = "person.log"
STATE = "person.state"
LINKS = "identity.links"
IDENTITY_STATE = "identity.state"
PEOPLE = "identity.people"
PAIRS = "identity.pairs"
RECEIPTS = "identity.receipts"
JOURNEYS = "journeys"
BREAKAGES = "breakages"
DEFINITIONS = "definitions"
TOUCHED = "minutes.touched"
WANTED = "facts.wanted"
ROUTES = "person.routes"
ERASURES = "privacy.erasures"


STORED_AT = {"message.timestamp.type": "LogAppendTime"}  # received_at is the broker's word, not the producer's


@dataclass(frozen=True)
class Topic:
    """`partitions`: as many as the input topic, as the person log, or one (a single writer, or a total order)."""

    name: str
    partitions: Literal["source", "log", "one"]
    key: str
    value: str
    retention_ms: int | None = None  # None: kept for ever
    compacted: bool = False
    compaction_lag_ms: int = 0  # a record is safe from compaction for so long
    ends: bool = False  # compacted, and nobody's state: what is older than the retention of every region goes
    config: dict[str, str] = field(default_factory=dict)


TOPICS = (
    Topic(TOUCHPOINTS, "source", "any", "Avro touchpoint, or the same as a JSON object", retention_ms=7 * DAY_MS, config=STORED_AT),
    Topic(REJECTED, "source", "none", "Avro rejected_touchpoint; clocks", retention_ms=30 * DAY_MS),
    Topic(LOG, "log", "none", "packed: touchpoints, redirects, moved facts, clocks, activations, erased", retention_ms=30 * DAY_MS),
    Topic(STATE, "log", "head, bucket, redirect or position", "packed state of stitch", compacted=True),
    Topic(LINKS, "one", "none", "packed: links, clocks, erased", retention_ms=30 * DAY_MS),
    Topic(IDENTITY_STATE, "one", "identifier or position", "packed state of identity", compacted=True),
    Topic(PEOPLE, "one", "identifier", "Avro person; clocks", compacted=True, compaction_lag_ms=7 * DAY_MS),
    Topic(PAIRS, "one", "both identifiers", "Avro pair", compacted=True, compaction_lag_ms=7 * DAY_MS),
    Topic(RECEIPTS, "one", "none", "Avro receipt", retention_ms=30 * DAY_MS),
    Topic(JOURNEYS, "log", "person and journey", "Avro journey; clocks", compacted=True, compaction_lag_ms=7 * DAY_MS, ends=True),
    Topic(BREAKAGES, "log", "person and cause", "Avro breakage; clocks", compacted=True, compaction_lag_ms=7 * DAY_MS, ends=True),
    Topic(TOUCHED, "one", "none", "packed: minutes whose figures are to be computed", retention_ms=7 * DAY_MS),
    Topic(WANTED, "one", "none", "packed: forgotten touchpoints that stitch asks for", retention_ms=30 * DAY_MS),
    Topic(ROUTES, "one", "none", "packed: up to where touchpoints followed which redirects", retention_ms=DAY_MS),
    Topic(ERASURES, "one", "keyed hash of an identifier's id", "JSON: erasure, when, who, why; no value", compacted=True),
    Topic(DEFINITIONS, "one", "content hash", "JSON bundle of definitions; which is active; activations", compacted=True),
)


@dataclass(frozen=True)
class Agent:
    """One Faust app, one consumer group, one process."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    keeps: str | None  # the topic that holds its state and its position
    tells: str


AGENTS = (
    Agent("intake", (TOUCHPOINTS,), (LOG, LINKS, REJECTED), None, "decodes, validates, normalises, addresses"),
    Agent(
        "identity",
        (LINKS,),
        (PEOPLE, PAIRS, RECEIPTS, LOG, ERASURES),
        IDENTITY_STATE,
        "decides who is one person and whose an object is",
    ),
    Agent("stitch", (LOG,), (JOURNEYS, BREAKAGES, LOG, WANTED, ROUTES), STATE, "puts touchpoints into journeys and judges them"),
    Agent(
        "land",
        (LOG, REJECTED, PEOPLE, PAIRS, RECEIPTS, JOURNEYS, BREAKAGES, TOUCHED, WANTED),
        (TOUCHED, LOG),
        None,
        "copies topics, computes minutes, reads touchpoints back",
    ),
)


def agent(name: str) -> Agent:
    return next(a for a in AGENTS if a.name == name)


def partitions(topic: Topic, settings: Settings) -> int:
    return {"source": settings.source_partitions, "log": settings.log_partitions, "one": 1}[topic.partitions]


def retention_ms(topic: Topic, settings: Settings) -> int | None:
    """How long the broker keeps a record of it; None: for ever."""
    if topic.ends:
        return longest_ms(settings.retention)
    shortest = shortest_ms(settings.retention)
    return topic.retention_ms if topic.retention_ms is None or shortest is None else min(topic.retention_ms, shortest)


def topic_config(topic: Topic, settings: Settings) -> dict[str, str]:
    """The broker's own settings of a topic."""
    kept_ms = retention_ms(topic, settings)
    cleanup = {"cleanup.policy": "delete" if not topic.compacted else "compact" if kept_ms is None else "compact,delete"}
    if topic.compaction_lag_ms:
        cleanup["min.compaction.lag.ms"] = str(topic.compaction_lag_ms)
    if not topic.compacted or kept_ms is not None:
        cleanup["retention.ms"] = str(kept_ms if kept_ms is not None else -1)
    return {**cleanup, "max.message.bytes": str(settings.largest_bytes), **topic.config}
