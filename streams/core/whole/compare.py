"""What stands against what was computed again: rows that are missing, extra, or different in a pure column.

Both sides are rows as `streams.core.stitch.rows` makes them: lists as tuples, the value of a fact as its text of JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from streams.core.stitch.quarantine import QUARANTINED
from streams.core.stitch.rows import Row

Kind = Literal["missing", "extra", "different"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Key = tuple[str, ...]
KEYS = {"journeys": ("definition", "instance"), "breakages": ("definition", "rule", "instance", "occurrence")}
PURE = {  # what is a function of touchpoints, clock and definitions; the rest is a trace of how it came about
    "journeys": (
        "address_id", "journey_id", "definition_version", "state", "outcome", "opened_at", "closed_at", "first_at", "last_at",
        "touchpoints", "opened_by", "region", "channel", "effort", "backfilled", "stages", "promises", "facts",
    ),
    "breakages": (
        "address_id", "journey_id", "cause_key", "definition_version", "state", "severity", "owner", "runbook", "due_at",
        "broken_at", "recovered_at", "region", "channel", "backfilled", "evidence", "facts",
    ),
}  # fmt: skip
LISTS = ("stages", "promises", "evidence", "facts")
GONE = ("moved", "withdrawn", QUARANTINED)  # not said of a journey, or no more
_json = msgspec.json.Encoder().encode


class Difference(NamedTuple):
    """`columns`: name -> (what stands, what was computed) of those that differ; empty for a row that is missing or extra.

    missing  it was computed, and does not stand
    extra    it stands, and was not computed
    """

    kind: Kind
    table: str  # journeys or breakages
    definition: str
    rule: str  # empty for a journey
    person_id: str
    row_id: str  # the journey's id, the breakage's cause key: no instance, which may be somebody's
    columns: Mapping[str, tuple[Any, Any]]


def differences(table: str, standing: Iterable[Row], computed: Iterable[Row]) -> Iterator[Difference]:
    """Of one person's rows; those that stand are in the form that `plain` gives."""
    here = {_key(table, row): row for row in standing if stands(row)}
    there = {_key(table, row): plain(row) for row in computed}
    for key in sorted({*here, *there}):
        row, again = here.get(key), there.get(key)
        if row is None or again is None:
            yield _difference("extra" if again is None else "missing", table, row or again or {}, {})
        elif columns := {name: (row[name], again[name]) for name in PURE[table] if row[name] != again[name]}:
            yield _difference("different", table, row, columns)


def stands(row: Row) -> bool:
    """Whether it says something; a row that went is kept to say so."""
    return row["state"] not in GONE


def plain(row: Row) -> Row:
    """A row with its lists as tuples of values, as they come out of a table."""
    return {**row, **{name: tuple(map(_element(name), row[name])) for name in LISTS if name in row}}


def _element(name: str) -> Any:
    return _fact if name == "facts" else msgspec.structs.astuple


def _fact(fact: Any) -> tuple[str, str]:
    return fact.name, _json(fact.value).decode()


def _key(table: str, row: Row) -> Key:
    return tuple(row[name] for name in KEYS[table])


def _difference(kind: Kind, table: str, row: Row, columns: Mapping[str, tuple[Any, Any]]) -> Difference:
    row_id = row["cause_key" if table == "breakages" else "journey_id"]
    return Difference(kind, table, row["definition"], row.get("rule", ""), row["person_id"], row_id, columns)
