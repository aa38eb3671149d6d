"""Random small tables, as odd as exports get."""

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hypothesis import strategies as st

NAMES = (
    "case_id",
    "Customer",
    "status",
    "at",
    "When",
    "numbered",
    "occurred_at",
    "row_in_file",
    "select",
    "Größe",
    "a b",
    'q"x',
    "E-Mail",
)
_TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)
_TIMES = st.one_of(
    st.datetimes(min_value=datetime(1999, 1, 1)).map(lambda when: when.strftime("%d.%m.%Y %H:%M")),
    st.datetimes().map(lambda when: when.isoformat()),
    st.integers(1_000_000_000, 1_900_000_000).map(str),
)
_FEW = st.sampled_from(("new", "Done!", "?", "", "0", "on hold", "*"))
_VALUES = st.one_of(_TEXT, _TIMES, _FEW, st.integers(-(10**20), 10**20).map(str), st.floats().map(str))


@dataclass(frozen=True)
class Table:
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """At least two columns and two rows, so that a reader of CSV has something to tell the header by."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique_by=str.lower))
    kinds = [
        draw(st.sampled_from((_VALUES, _TIMES, _FEW, st.sampled_from(("T1", "T2", "T3")), st.integers(0, 9).map(str))))
        for _ in names
    ]
    rows = draw(st.lists(st.tuples(*kinds), min_size=0, max_size=12))
    return Table(tuple(names), tuple(rows))


def written(folder: Path, table: Table) -> Path:
    """As JSON lines: a CSV reader may take an odd first row for the header, and then counts one less."""
    file = folder / "t.jsonl"
    lines = [json.dumps(dict(zip(table.names, row, strict=True)), ensure_ascii=False) for row in table.rows]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def as_csv(folder: Path, table: Table) -> Path:
    file = folder / "t.csv"
    with open(file, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerows([table.names, *table.rows])
    return file
