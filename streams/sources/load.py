"""Loading: rows of a mapping become touchpoints on the input topic, in their order, from where the last attempt stopped."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import chain
from typing import Any, Literal

import msgspec
from aiokafka.errors import KafkaError

from streams.agents.marks import LOAD_HEADER
from streams.core.verdict import NEVER
from streams.known import known_identifiers
from streams.settings import ConfigurationError, Settings
from streams.sources import wire
from streams.sources.columns import CONTENT, DAMAGE, KEY, REFUSED
from streams.sources.position import Position, PositionFile
from streams.sources.produce import Outbox, Record, Target, unreachable
from streams.sources.replay import COPY, KINDS, damaged
from streams.sources.rows import LOADED_AT, Rows, Source
from streams.sources.wire import Row

_CHUNK_ROWS = 5_000
_IN_FLIGHT = 8  # chunks handed over and not yet acknowledged
_SAVE_EVERY_S = 1.0
_PACE_S = 0.1  # with a rate, a chunk is what is due in this time


@dataclass(frozen=True)
class Job:
    """A source and how to send it.  `rate`: touchpoints per second, None as fast as possible; `name` marks a history load."""

    source: Source
    name: str = ""
    format: Literal["avro", "json"] = "avro"
    rate: float | None = None
    restart: bool = False


@dataclass
class Summary:
    """Of this run: sent = read - rejected_by_mapping + duplicates + broken.

    `skipped` records were dealt with in an earlier run that was interrupted.  `too_late` of those read change no journey: they lie
    beyond the late horizon of a live clock, and carry no name of a load.
    """

    read: int = 0
    sent: int = 0
    rejected_by_mapping: int = 0
    skipped: int = 0
    duplicates: int = 0
    too_late: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        per_second = round(self.sent / self.seconds) if self.seconds else 0
        return {**vars(self), "broken": dict(self.broken), "seconds": round(self.seconds, 3), "per_second": per_second}


Progress = Callable[[int, int], None]  # records dealt with so far, about how many there are


def load(job: Job, settings: Settings, target: Target, progress: Progress) -> Summary:
    """Returns when everything is acknowledged.  Raises ConfigurationError, BrokerUnreachable."""
    identifiers = known_identifiers(settings)
    loaded_at = job.source.variables.get(LOADED_AT) or datetime.now(UTC).isoformat(timespec="seconds")
    rows = Rows(job.source, identifiers, loaded_at)
    name = rows.fingerprint(target.bootstrap, target.topic, job.name, job.format)
    file = PositionFile(settings.data_dir / "loads" / f"{name}.json")
    position = None if job.restart else file.read()
    if position is None or position.topic_id != target.topic_id:
        position = Position(target.topic_id, loaded_at)
    elif position.loaded_at != loaded_at:
        rows = Rows(job.source, identifiers, position.loaded_at)
    loading = _Loading(job, rows, target, file, position, _horizon_ms(job, settings))
    return asyncio.run(loading.run(progress))


def _horizon_ms(job: Job, settings: Settings) -> int:
    """What happened before then is too late for a live clock, which has come to the present wherever everything was read."""
    if settings.clock != "live" or job.name:
        return NEVER
    return time.time_ns() // 1_000_000 - round(settings.late_horizon_s * 1_000)


class _Loading:
    def __init__(
        self, job: Job, rows: Rows, target: Target, file: PositionFile, position: Position, horizon_ms: int
    ) -> None:  # fmt: skip
        self._horizon_ms = horizon_ms
        self._at = CONTENT + next(n for n, each in enumerate(rows.columns.content) if each.field.name == "occurred_at")
        self._job, self._rows, self._target, self._file, self._position = job, rows, target, file, position
        self._encode = {"avro": wire.avro, "json": wire.json}[job.format](rows.columns.content)
        self._damage = damaged(rows.columns, self._encode)
        self._summary = Summary(skipped=position.rows)
        self._in_flight: deque[tuple[Position, asyncio.Future[list[object]]]] = deque()
        self._saved_s = 0.0

    async def run(self, progress: Progress) -> Summary:
        started_s, total, replay = time.monotonic(), self._rows.count(), self._job.source.replay
        headers = [(LOAD_HEADER, self._job.name.encode())] if self._job.name else []
        handed_over = self._position
        async with Outbox(self._target, headers) as outbox:
            try:
                for batch in self._resumed():
                    handed_over = _after(handed_over, batch)
                    self._in_flight.append((handed_over, await outbox.send(self._records(batch))))
                    await self._settle(_IN_FLIGHT)
                    progress(handed_over.rows, replay.total(total) if replay else total)
                    await self._pace(started_s)
                await self._settle(0)
            finally:
                self._abandon()
        self._file.forget()
        self._summary.seconds = time.monotonic() - started_s
        return self._summary

    def _resumed(self) -> Iterator[list[Row]]:
        """Batches from the position on; raises ConfigurationError when the rows before it are no longer the same."""
        size = _CHUNK_ROWS if self._job.rate is None else max(1, min(_CHUNK_ROWS, round(self._job.rate * _PACE_S)))
        done = self._position.rows
        batches = self._rows.batches(size, skip=max(0, done - 1))
        if not done:
            return batches
        first = next(batches, [])
        if not first or _digest(first[0]) != self._position.digest:
            raise ConfigurationError(
                f"{self._job.source.mapping}: its rows come in another order than when the load was interrupted; "
                "let its ORDER BY break ties, or start over with --restart"
            )
        return chain([first[1:]], batches)

    def _records(self, batch: list[Row]) -> Iterator[Record]:
        summary, encode = self._summary, self._encode
        for row in batch:
            key, damage = (row[KEY] or "").encode(), row[DAMAGE]
            if damage == 0:
                summary.read += 1
                summary.too_late += row[REFUSED] is None and row[self._at] < self._horizon_ms
            elif damage == COPY:
                summary.duplicates += 1
            else:
                summary.broken[KINDS[damage - 1]] += 1
            if row[REFUSED] is None:
                summary.sent += 1
                yield key, self._damage(row) if damage > 0 else encode(row)
            else:
                summary.rejected_by_mapping += 1

    async def _settle(self, most: int) -> None:
        """Waits until at most so many chunks are unacknowledged."""
        while len(self._in_flight) > most:
            position, acknowledged = self._in_flight[0]
            try:
                await acknowledged
            except KafkaError as error:
                raise unreachable(self._target.bootstrap, error) from None
            self._in_flight.popleft()
            self._position = position
            if time.monotonic() > self._saved_s + _SAVE_EVERY_S:
                self._file.write(position)
                self._saved_s = time.monotonic()

    def _abandon(self) -> None:
        """After an interruption or a fault: what is acknowledged is remembered, the rest will be sent again."""
        for _, acknowledged in self._in_flight:
            acknowledged.add_done_callback(lambda future: future.cancelled() or future.exception())
            acknowledged.cancel()
        self._file.write(self._position)

    async def _pace(self, started_s: float) -> None:
        due_s = started_s + self._summary.sent / self._job.rate if self._job.rate else 0.0
        if (wait_s := due_s - time.monotonic()) > 0:
            await asyncio.sleep(wait_s)


def _after(position: Position, batch: list[Row]) -> Position:
    if not batch:
        return position
    return msgspec.structs.replace(position, rows=position.rows + len(batch), digest=_digest(batch[-1]))


def _digest(row: Row) -> str:
    return blake2b(repr(row).encode(), digest_size=8).hexdigest()
