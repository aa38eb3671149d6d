"""What a contestant got wrong: what stands in its tables, held against one computation over all touchpoints."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clickhouse_driver import Client

from streams.core.definition import Bundle
from streams.core.touchpoint import hash_id
from streams.core.verdict import NEVER, Clock
from tests.bench.world import Record
from tests.fixtures.batch import batch

JOURNEY = ("definition", "instance")  # its key; what follows is to be as computed
JOURNEY_SAYS = (
    "person_id", "state", "outcome", "opened_at", "closed_at", "first_at", "last_at", "touchpoints", "opened_by", "effort",
)  # fmt: skip
BREAKAGE = ("definition", "rule", "instance", "occurrence")
BREAKAGE_SAYS = ("person_id", "state", "broken_at", "recovered_at")
Rows = Mapping[tuple[Any, ...], tuple[Any, ...]]  # key -> what it says


@dataclass(frozen=True)
class Queries:
    """What to select from, as a reader of this contestant would.  `gone`: states of rows that say that something is not."""

    touchpoints: str
    journeys: str
    breakages: str
    gone: tuple[str, ...]


@dataclass(frozen=True)
class Truth:
    """`touchpoints`: (source, event id) -> whose it is."""

    touchpoints: Mapping[tuple[str, str], str]
    journeys: Rows
    breakages: Rows


@dataclass(frozen=True)
class Wrongs:
    """Counts of what differs.  `nobody`: touchpoints that landed without their person, or with another one."""

    touchpoints: int  # that there are to be
    lost: int
    twice: int
    nobody: int
    journeys: int  # that there are to be
    journeys_missing: int
    journeys_false: int
    journeys_different: int
    breakages: int  # that there are to be
    breakages_missing: int
    breakages_false: int
    breakages_different: int
    taken_back: int  # breakages that were told, and withdrawn since
    columns: Mapping[str, int]  # of journeys and breakages that differ: in which column how many
    rules: Mapping[str, int]  # of breakages that are missing or false: of which rule how many

    @property
    def nothing(self) -> bool:
        return not any((self.lost, self.twice, self.nobody, self.wrong_journeys, self.wrong_breakages))

    @property
    def wrong_journeys(self) -> int:
        return self.journeys_missing + self.journeys_false + self.journeys_different

    @property
    def wrong_breakages(self) -> int:
        return self.breakages_missing + self.breakages_false + self.breakages_different


def truth(bundle: Bundle, records: Sequence[Record], clock_ms: int) -> Truth:
    """The same for every order of arrival."""
    found = batch(bundle, records, Clock(clock_ms, NEVER))
    owners = {tuple(record["identifiers"][0].values()): _owner(record) for record in records if _owner(record)}
    touchpoints = {_name(record): owners.get(tuple(record["identifiers"][0].values()), "") for record in records}
    return Truth(
        touchpoints,
        _rows((tuple(row[name] for name in (*JOURNEY, *JOURNEY_SAYS)) for row in found["v_journeys"]), len(JOURNEY)),
        _rows((tuple(row[name] for name in (*BREAKAGE, *BREAKAGE_SAYS)) for row in found["v_breakages"]), len(BREAKAGE)),
    )


def wrongs(client: Client, queries: Queries, true: Truth) -> Wrongs:
    landed = client.execute(f"SELECT source, event_id, person_id FROM {queries.touchpoints}")
    names = Counter((source, event_id) for source, event_id, _ in landed)
    journeys = _shown(client, queries.journeys, JOURNEY, JOURNEY_SAYS, queries.gone)
    breakages = _shown(client, queries.breakages, BREAKAGE, BREAKAGE_SAYS, queries.gone)
    columns = _differing(true.journeys, journeys, JOURNEY_SAYS) + _differing(true.breakages, breakages, BREAKAGE_SAYS)
    return Wrongs(
        touchpoints=len(true.touchpoints),
        lost=len(true.touchpoints.keys() - names.keys()),
        twice=sum(number - 1 for number in names.values()),
        nobody=sum(true.touchpoints.get((source, event_id)) != person for source, event_id, person in landed),
        **_counted("journeys", true.journeys, journeys), **_counted("breakages", true.breakages, breakages),
        taken_back=_taken_back(client, queries),
        columns=dict(columns.most_common()),
        rules=dict(Counter(key[1] for key in true.breakages.keys() ^ breakages.keys()).most_common()),
    )  # fmt: skip


def _counted(what: str, true: Rows, shown: Rows) -> dict[str, Any]:
    both = true.keys() & shown.keys()
    return {
        what: len(true),
        f"{what}_missing": len(true.keys() - shown.keys()),
        f"{what}_false": len(shown.keys() - true.keys()),
        f"{what}_different": sum(true[key] != shown[key] for key in both),
    }


def _differing(true: Rows, shown: Rows, names: Sequence[str]) -> Counter[str]:
    both = true.keys() & shown.keys()
    return Counter(name for key in both for name, one, other in zip(names, true[key], shown[key], strict=True) if one != other)


def _shown(client: Client, source: str, key: Sequence[str], says: Sequence[str], gone: Sequence[str]) -> Rows:
    rows = client.execute(f"SELECT {', '.join((*key, *says))} FROM {source}")
    place = len(key) + says.index("state")
    return _rows((tuple(map(_ms, row)) for row in rows if row[place] not in gone), len(key))


def _taken_back(client: Client, queries: Queries) -> int:
    [(count,)] = client.execute(f"SELECT countIf(has(%(gone)s, state)) FROM {queries.breakages}", {"gone": [*queries.gone]})
    return int(count)


def _rows(rows: Iterable[tuple[Any, ...]], key: int) -> Rows:
    return {row[:key]: row[key:] for row in rows}


def _ms(value: Any) -> Any:
    return round(value.timestamp() * 1_000) if isinstance(value, datetime) else value


def _name(record: Record) -> tuple[str, str]:
    return record["source"], record["event_id"]


def _owner(record: Record) -> str:
    return next((hash_id("customer", each["value"]) for each in record["identifiers"] if each["type"] == "customer"), "")


def told(found: Wrongs) -> Iterator[tuple[str, int, int]]:
    """(what, how many are wrong, of how many)"""
    yield "touchpoints lost", found.lost, found.touchpoints
    yield "touchpoints there twice", found.twice, found.touchpoints
    yield "touchpoints without their person", found.nobody, found.touchpoints
    yield "journeys missing", found.journeys_missing, found.journeys
    yield "journeys that are none", found.journeys_false, found.journeys
    yield "journeys that say something wrong", found.journeys_different, found.journeys
    yield "breakages missing", found.breakages_missing, found.breakages
    yield "breakages that are none", found.breakages_false, found.breakages
    yield "breakages that say something wrong", found.breakages_different, found.breakages
