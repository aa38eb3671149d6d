"""What somebody says of two identifiers on purpose, as a touchpoint on the input topic."""

import asyncio
import getpass
import os
import time
from typing import Literal
from uuid import uuid4

from schemas.codec import encoder
from streams.settings import Settings
from streams.sources.produce import Outbox, find_topic
from streams.topology import TOUCHPOINTS

Said = Literal["linked", "unlinked"]
SOURCE = "throughline"


def say(settings: Settings, said: Said, pairs: list[tuple[str, str]], why: str) -> str:
    """-> its event id, once the broker has it.  `pairs`: (type, value) as a source writes them.

    Raises BrokerUnreachable and what Kafka's client raises.
    """
    action = f"identity.{said}"
    event_id = f"{action}/{uuid4().hex}"
    record = {
        "source": SOURCE, "event_id": event_id, "occurred_at": time.time_ns() // 1_000_000, "origin": "human", "action": action,
        "sequence": 0, "channel": "", "direction": "none", "region": "", "locale": "", "agent": "", "team": "",
        "identifiers": [{"type": kind, "value": value} for kind, value in pairs],
        "attributes": {"why": why, "operator": _operator()},
    }  # fmt: skip
    asyncio.run(_send(settings, event_id.encode(), encoder("touchpoint")(record)))
    return event_id


async def _send(settings: Settings, key: bytes, value: bytes) -> None:
    async with Outbox(find_topic(settings, TOUCHPOINTS)) as outbox:
        await (await outbox.send([(key, value)]))


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return f"uid {os.getuid()}"
