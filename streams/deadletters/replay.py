"""Another try for rejected records: as they are, or put right by a mapping.  Only what intake would take now is sent.

Each goes to the partition where it lay, with its headers and one more that names its place.  Intake writes word of that beside the
dead letters before it commits, so whoever asks finds every record that was sent, wherever it is by now: sending again sends nothing
twice, after a crash at any moment too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import time_ns
from typing import Any, NamedTuple

import msgspec
from clickhouse_driver import Client
from kafka import KafkaProducer

from sinks.clickhouse import dead_letters
from sinks.clickhouse.dead_letters import Key, Letter, Which
from streams.agents.marks import AS_OF_HEADER, LOAD_HEADER, REPLAY_HEADER, Origin
from streams.deadletters.told import place
from streams.deadletters.trial import Trial, trial
from streams.deadletters.underway import under_way
from streams.settings import Settings
from streams.sources.mapping import Mapping
from streams.sources.produce import Target

AT_ONCE, AT_ONCE_BYTES = 20_000, 64 << 20  # records that are in memory, and that a mapping sees together
PATIENCE_S = 60.0
AS_OF = "misplaced_as_of"
UNMAPPED, BY_MAPPING = "left_out_by_mapping", "refused_by_mapping"
_header = msgspec.json.Encoder().encode
Made = tuple[bytes | None, bytes | None]  # key and value


@dataclass(frozen=True)
class Wish:
    """`which` to try again, `mapping`: None as they are; `load`: as records of the history load of this name."""

    which: Which
    mapping: Mapping | None = None
    load: str = ""
    dry_run: bool = False


@dataclass
class Summary:
    """open_before = replayed + still rejected; `open_after` is counted anew.  `still_rejected`: reason -> records.

    `already_replayed` were sent by an earlier run, and are not open.
    """

    open_before: int = 0
    already_replayed: int = 0
    replayed: int = 0
    still_rejected: Counter[str] = field(default_factory=Counter)
    open_after: int = 0

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "still_rejected": dict(self.still_rejected)}


class Tried(NamedTuple):
    """`made`: what is to be sent in its place; without, why nothing is."""

    letter: Letter
    made: list[Made]
    reason: str = ""


def replay(settings: Settings, client: Client, target: Target, wish: Wish) -> Summary:
    """Returns when everything is acknowledged.  Raises ConfigurationError, and what the clients of broker and database raise."""
    summary, judge = Summary(), trial(settings)
    dealt_with = _dealt_with(settings, client, wish.which, summary)
    with _Sender(target, wish) as sender:
        waiting = (each for each in dead_letters.letters(client, wish.which) if each.key not in dealt_with)
        for some in _cut(waiting):
            for tried in _try(some, wish.mapping, judge):
                summary.open_before += 1
                summary.replayed += not tried.reason
                summary.still_rejected.update([tried.reason] if tried.reason else [])
                if not tried.reason and not wish.dry_run:
                    sender.send(tried)
            sender.flush()
    summary.open_after = _open(settings, client, wish.which)
    return summary


def _dealt_with(settings: Settings, client: Client, which: Which, summary: Summary) -> set[Key]:
    sent = under_way(settings)
    found = {key for key, replayed in dead_letters.keys(client, which) if replayed or key in sent}
    summary.already_replayed = len(found)
    return found


def _open(settings: Settings, client: Client, which: Which) -> int:
    sent = under_way(settings)
    return sum(not (replayed or key in sent) for key, replayed in dead_letters.keys(client, which))


def _cut(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    some, size = list[Letter](), 0
    for letter in letters:
        some.append(letter)
        size += len(letter.value or b"")
        if len(some) == AT_ONCE or size >= AT_ONCE_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _try(letters: Sequence[Letter], mapping: Mapping | None, judge: Trial) -> Iterator[Tried]:
    now_ms = time_ns() // 1_000_000
    usable = [each for each in letters if not _is_as_of(each)]
    yield from (Tried(each, [], AS_OF) for each in letters if _is_as_of(each))
    if mapping is None:
        for letter in usable:
            yield Tried(letter, [(letter.record_key, letter.value)], judge.refusal(letter.value, now_ms))
        return
    from streams.deadletters.mapped import mapped

    made = mapped(usable, mapping, judge.identifiers) if usable else {}
    for letter in usable:
        yield _judged(letter, made.get(place(*letter.key[:3]), []), judge, now_ms)


def _judged(letter: Letter, made: Sequence[Made | None], judge: Trial, now_ms: int) -> Tried:
    """All that a mapping makes of a record, or nothing of it."""
    if not made:
        return Tried(letter, [], UNMAPPED)
    reasons = (BY_MAPPING if each is None else judge.refusal(each[1], now_ms) for each in made)
    return Tried(letter, [each for each in made if each is not None], next(filter(None, reasons), ""))


def _is_as_of(letter: Letter) -> bool:
    return any(name == AS_OF_HEADER for name, _ in letter.headers)


class _Sender:
    def __init__(self, target: Target, wish: Wish) -> None:
        self._target, self._load = target, wish.load
        self._producer = KafkaProducer(bootstrap_servers=target.bootstrap, acks="all", max_request_size=32 << 20)
        self._sent: list[Any] = []

    def __enter__(self) -> "_Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close()

    def send(self, tried: Tried) -> None:
        headers = self._headers(tried.letter)
        partition = tried.letter.key.partition % self._target.partitions
        for key, value in tried.made:
            self._sent.append(self._producer.send(self._target.topic, value, key, headers=headers, partition=partition))

    def flush(self) -> None:
        for future in self._sent:
            future.get(PATIENCE_S)
        self._sent = []

    def _headers(self, letter: Letter) -> list[tuple[str, bytes | None]]:
        """As they came; of a record that is tried for the third time the second try is the one that it is about."""
        replaced = {REPLAY_HEADER, *([LOAD_HEADER] if self._load else [])}
        kept = [(name, value) for name, value in letter.headers if name not in replaced]
        load = [(LOAD_HEADER, self._load.encode())] if self._load else []
        return [*kept, *load, (REPLAY_HEADER, _header(Origin(*letter.key)))]
