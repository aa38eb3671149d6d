"""Options by which commands take recorded touchpoints, and what they make of them."""

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from streams.cli.reach import reaching
from streams.cli.settle import epoch_ms
from streams.core.definition import Bundle, DefinitionError
from streams.core.identifiers import Identifiers
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import NEVER, Clock
from streams.definitions import load_bundle
from streams.history import Person, people_of
from streams.known import known_identifiers
from streams.settings import ConfigurationError, Settings, load_settings

CLICKHOUSE = "clickhouse"
DAY_MS = 86_400_000

From = Annotated[
    list[str], typer.Option("--from", metavar="SOURCE", help=f"Recorded touchpoints: `{CLICKHOUSE}`, or files and folders.")
]
Mapped = Annotated[str | None, typer.Option("--mapping", help="For files: how they are read, as in `throughline load`.")]
Variables = Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE, for getvariable('NAME') in the mapping.")]
AsOf = Annotated[str | None, typer.Option(help="How far event time is, ISO 8601; left out: at the last touchpoint.")]
Final = Annotated[bool, typer.Option("--final", help="Close the books: `within: journey` is judged.")]


class History(NamedTuple):
    """`first_ms`: of the first touchpoint, epoch ms; `clock`: as of which it is judged."""

    people: list[Person]
    touchpoints: int
    refused: Counter[str]
    first_ms: int
    clock: Clock

    @property
    def days(self) -> int:
        """Calendar days (UTC) from the first touchpoint to the clock."""
        return max(1, self.clock.ms // DAY_MS - self.first_ms // DAY_MS + 1)


class Asked(NamedTuple):
    """What the options say."""

    sources: list[str]
    mapping: str | None
    variables: list[str] | None
    as_of: str | None
    final: bool


def read_history(asked: Asked, bundles: list[Bundle]) -> History:
    """Everybody who was recorded, for definitions that are to judge.  Tells on stderr what it read and how fast."""
    settings = load_settings()
    identifiers = known_identifiers(settings).with_instances({kind for bundle in bundles for kind in bundle.by_instance_type})
    refused: Counter[str] = Counter()
    seen = _Seen(_touchpoints(asked, settings, identifiers, refused))
    gc.set_threshold(100_000, 50, 1_000)  # touchpoints by the hundred thousand, and no cycles among them
    with timed("read", lambda: seen.count), reaching(settings):
        people = people_of(seen, identifiers, settings.most_touchpoints)
    if refused:
        said = ", ".join(f"{number:,} {reason}" for reason, number in sorted(refused.items()))
        print(f"left out: {said}", file=sys.stderr)
    if not people:
        raise ConfigurationError(f"{', '.join(asked.sources)}: no touchpoints")
    as_of_ms = epoch_ms(asked.as_of) if asked.as_of else seen.last_ms
    return History(people, seen.count, refused, seen.first_ms, Clock(as_of_ms, as_of_ms if asked.final else NEVER))


def definitions_of(path: Path) -> Bundle:
    """Raises ConfigurationError with every problem."""
    try:
        return load_bundle([path])
    except DefinitionError as error:
        raise ConfigurationError("\n".join(map(str, error.problems))) from None


@contextmanager
def timed(what: str, count: Callable[[], int]) -> Iterator[None]:
    started_s = time.monotonic()
    yield
    took_s = max(1e-3, time.monotonic() - started_s)
    print(f"{what}: {count():,} touchpoints in {took_s:.1f} s ({count() / took_s:,.0f}/s)", file=sys.stderr)


def day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).date().isoformat()


def moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Seen:
    """Passes touchpoints on and remembers how many there were, and when."""

    def __init__(self, touchpoints: Iterator[Touchpoint]) -> None:
        self._touchpoints = touchpoints
        self.count, self.first_ms, self.last_ms = 0, 1 << 62, NEVER

    def __iter__(self) -> Iterator[Touchpoint]:
        for touchpoint in self._touchpoints:
            self.count += 1
            self.first_ms = min(self.first_ms, touchpoint.occurred_at)
            self.last_ms = max(self.last_ms, touchpoint.occurred_at)
            yield touchpoint


def _touchpoints(asked: Asked, settings: Settings, identifiers: Identifiers, refused: Counter[str]) -> Iterator[Touchpoint]:
    if asked.sources == [CLICKHOUSE]:
        from sinks.clickhouse.recorded import recorded
        from streams.known import database

        return recorded(database(settings))
    if CLICKHOUSE in asked.sources:
        raise typer.BadParameter(f"--from {CLICKHOUSE} stands alone: it has everything that landed")
    if asked.mapping is None:
        raise typer.BadParameter("--from FILES needs --mapping, which says what touchpoints are in them")
    from streams.cli.load import pair
    from streams.history.files import from_files
    from streams.sources.rows import Source

    source = Source(asked.mapping, [Path(each) for each in asked.sources], dict(map(pair, asked.variables or [])))
    return from_files(source, settings, identifiers, refused)
