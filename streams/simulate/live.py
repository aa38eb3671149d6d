"""Simulated traffic onto the input topic, as time goes by."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import IO, Any

import msgspec
from aiokafka.errors import KafkaError

from schemas.codec import encoder
from streams.simulate.story import Expected
from streams.simulate.traffic import Arrival, Traffic
from streams.sources.produce import Outbox, Record, Target, unreachable

_TICK_MS = 50  # arrivals of the same tick are sent together


@dataclass
class Summary:
    """`expected`: breakages that the stories begun so far are to show in the end, as `definition.rule.state`."""

    sent: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {"sent": self.sent, "expected": dict(sorted(self.expected.items())), "seconds": round(self.seconds, 3)}


def simulate(traffic: Traffic, target: Target, truth: IO[str] | None, tell: Callable[[Summary], None]) -> Summary:
    """Ends when every story has, or is interrupted.  `truth` gets one JSON object a breakage.  Raises BrokerUnreachable."""
    return asyncio.run(_run(traffic, target, truth, tell))


async def _run(traffic: Traffic, target: Target, lines: IO[str] | None, tell: Callable[[Summary], None]) -> Summary:
    summary, started_s = Summary(), time.monotonic()
    async with Outbox(target) as outbox:
        try:
            for arrivals, truth in traffic.windows():
                _note(truth, summary, lines)
                for at_ms, several in groupby(arrivals, key=lambda arrival: arrival.at_ms // _TICK_MS * _TICK_MS):
                    await asyncio.sleep(max(0.0, (at_ms + _TICK_MS) / 1_000 - time.time()))
                    records = list(_records(several))
                    await (await outbox.send(records))
                    summary.sent += len(records)
                    summary.seconds = time.monotonic() - started_s
                    tell(summary)
        except KafkaError as error:
            raise unreachable(target.bootstrap, error) from None
    return summary


def _note(truth: list[Expected], summary: Summary, lines: IO[str] | None) -> None:
    for expected in truth:
        summary.expected[f"{expected.definition}.{expected.rule}.{expected.state}"] += 1
        if lines is not None:
            lines.write(msgspec.json.encode(asdict(expected)).decode() + "\n")
    if lines is not None:
        lines.flush()


_encode = encoder("touchpoint")


def _records(arrivals: Iterable[Arrival]) -> Iterator[Record]:
    for arrival in arrivals:
        strongest = arrival.record["identifiers"][0]
        yield f"{strongest['type']}:{strongest['value']}".encode(), _encode(arrival.record)
