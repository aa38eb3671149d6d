"""Every column of a table, measured: how much of it is there, how many values it has, how they look."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streams.sources.mapping import literal, quoted
from streams.sources.masking import looks_personal, shape, shown
from streams.sources.profile_times import Time, instant, read_time
from streams.sources.wording import Hint, hints

READ = " read"  # the file's rows with ROW, their number in the file
TABLE = " profiled"  # the same with texts trimmed, and NULL for what is blank or stands for nobody
WRITTEN = " written"  # of a CSV file: the same rows as text
ROW = " row"
PLACEHOLDERS = (
    "?", "-", "null", "none", "n/a", "unknown", "na", "#n/a", "<na>", "nan", "nat", "\\n", "undefined",
)  # fmt: skip
_NORTH_AMERICA = "na"  # or Namibia: among regions it is a value
_NUMBER = r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?([eE][-+]?[0-9]{1,2})?"  # what begins with a zero, or is longer, is a name
Run = Callable[[str], list[tuple[Any, ...]]]
_AT_ONCE = 40  # columns a query
_FEW = 60  # so many values at most are shown as they are, where rows share them


@dataclass(frozen=True)
class Column:
    """One column of a file.  `filled` rows have a value; `placeholders` of them only one that stands for nobody."""

    name: str
    kind: str  # DuckDB's type
    rows: int
    filled: int
    distinct: int
    placeholders: int = 0
    placeholder_values: tuple[str, ...] = ()
    whole: int = 0  # values that read as whole numbers
    numbers: int = 0  # texts that are nothing but a number
    examples: tuple[str, ...] = ()
    personal: bool = False  # examples are shapes, and it becomes no attribute
    time: Time | None = None
    tried: dict[str, int] = field(default_factory=dict)  # format -> values that it reads, where the name promises a time

    @property
    def hints(self) -> frozenset[Hint]:
        return hints(self.name)

    @property
    def ms_sql(self) -> str:
        """Epoch ms of a time, NULL for what is none."""
        return instant(self.time.sql) if self.time else "NULL"

    @property
    def known(self) -> int:
        return self.filled - self.placeholders

    @property
    def is_text(self) -> bool:
        return self.kind == "VARCHAR"

    @property
    def is_whole(self) -> bool:
        """Whole numbers, also where they are written as text."""
        return self.known > 0 and self.whole == self.known

    @property
    def is_person(self) -> bool:
        """Named like a person, and not like a case of theirs."""
        return "person" in self.hints and "case" not in self.hints

    @property
    def number(self) -> str:
        """The type of the numbers that a column of texts holds, as they do where others stand for no value; else empty."""
        if not self.is_text or not self.known or self.numbers < self.known:
            return ""
        return "BIGINT" if self.is_whole else "DOUBLE"

    @property
    def is_key_like(self) -> bool:
        """Could name something: text or whole numbers, and no time."""
        return self.time is None and self.known > 0 and (self.is_text or self.kind == "UUID" or self.is_whole)

    @property
    def is_clock(self) -> bool:
        return self.kind == "TIME"


def clean(run: Run, names: Sequence[tuple[str, str]]) -> None:
    """Makes TABLE of READ.  `names`: (column, type).  Only columns that need it are touched: a thousand expressions take long."""
    texts = [name for name, kind in names if kind == "VARCHAR"]
    changed = [each for start in range(0, len(texts), _AT_ONCE) for each in _unclean(run, texts[start : start + _AT_ONCE])]
    replaced = f" REPLACE ({', '.join(map(_cleaned, changed))})" if changed else ""
    run(f"CREATE OR REPLACE TEMP TABLE {quoted(TABLE)} AS SELECT *{replaced} FROM {quoted(READ)}")


def _unclean(run: Run, texts: Sequence[str]) -> list[str]:
    tests = ", ".join(f"coalesce(bool_or({_kept(text)} IS DISTINCT FROM {quoted(text)}), false)" for text in texts)
    (found,) = run(f"SELECT {tests} FROM {quoted(READ)}")
    return [text for text, differs in zip(texts, found, strict=True) if differs]


def _kept(column: str) -> str:
    name = quoted(column)
    return f"CASE WHEN lower(trim({name})) NOT IN ('', {_standing_for_nothing(column)}) THEN trim({name}) END"


def _standing_for_nothing(column: str) -> str:
    regions = "region" in hints(column)
    return ", ".join(literal(each) for each in PLACEHOLDERS if not (regions and each == _NORTH_AMERICA))


def _cleaned(column: str) -> str:
    return f"{_kept(column)} AS {quoted(column)}"


def measure(run: Run, names: Sequence[tuple[str, str]], *, written: bool) -> list[Column]:
    """`names`: (column, type) of TABLE.  `written`: there is WRITTEN, which says how times were written."""
    counted = [one for start in range(0, len(names), _AT_ONCE) for one in _count(run, names[start : start + _AT_ONCE])]
    return [_finished(run, column, written=written) for column in counted]


def _count(run: Run, names: Sequence[tuple[str, str]]) -> Iterator[Column]:
    read, kept = ["count(*)"], []
    for name, kind in names:
        column = quoted(name)
        read.append(f"count(nullif(trim({column}), ''))" if kind == "VARCHAR" else f"count({column})")
        comparable = f"CAST(to_json({column}) AS VARCHAR)" if nested(kind) else column
        kept += [f"count({column})", f"count(DISTINCT {comparable})", _whole(kind, column), _numbers(kind, column)]
    ((rows, *filled),) = run(f"SELECT {', '.join(read)} FROM {quoted(READ)}")
    (counts,) = run(f"SELECT {', '.join(kept)} FROM {quoted(TABLE)}")
    for place, (name, kind) in enumerate(names):
        known, distinct, whole, numbers = counts[4 * place : 4 * place + 4]
        yield Column(name, kind, rows, filled[place], distinct, filled[place] - known, whole=whole, numbers=numbers)


def _whole(kind: str, column: str) -> str:
    if kind == "VARCHAR":
        return f"count(TRY_CAST({column} AS BIGINT)) FILTER ({column} NOT LIKE '%.%')"
    return f"count(TRY_CAST({column} AS BIGINT))" if kind.endswith("INT") or kind == "INTEGER" else "0"


def _numbers(kind: str, column: str) -> str:
    return f"count(*) FILTER (regexp_full_match({column}, {literal(_NUMBER)}))" if kind == "VARCHAR" else "0"


def nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "BLOB", "JSON", "VARIANT"))


def _finished(run: Run, column: Column, *, written: bool) -> Column:
    if column.known == 0 or nested(column.kind):
        return column
    time, tried = read_time(run, column, TABLE, WRITTEN if written else "")
    examples, personal = _examples(run, column, is_time=time is not None)
    placeholders = _placeholders(run, column) if column.placeholders else ()
    return replace(column, placeholder_values=placeholders, examples=examples, personal=personal, time=time, tried=tried)


def _placeholders(run: Run, column: Column) -> tuple[str, ...]:
    value, chosen = f"trim({quoted(column.name)})", _standing_for_nothing(column.name)
    return tuple(
        text for (text,) in run(f"SELECT DISTINCT {value} AS v FROM {quoted(READ)} WHERE lower(v) IN ({chosen}) ORDER BY v")
    )


def _examples(run: Run, column: Column, *, is_time: bool) -> tuple[tuple[str, ...], bool]:
    """-> the most frequent values, or their shapes, and whether they look like personal data."""
    value = f"CAST({quoted(column.name)} AS VARCHAR)"
    known = f"SELECT {value} AS value FROM {quoted(TABLE)} WHERE {value} IS NOT NULL"
    rows = run(f"{known} GROUP BY value ORDER BY count(*) DESC, value LIMIT {1 if is_time else 3}")
    texts = [text for (text,) in rows]
    told = column.hints & {"person", "contact", "personal"} and not column.hints & {"time", "channel"}
    personal = bool(told) or bool(column.hints & {"personal"}) or (not is_time and any(map(looks_personal, texts)))
    if personal or (not is_time and not _shared(column)):
        return tuple(dict.fromkeys(map(shape, texts))), personal
    return tuple(map(shown, texts)), False


def _shared(column: Column) -> bool:
    """Few values that many rows have in common: what happened, in which state, by which way."""
    if column.kind in ("DOUBLE", "FLOAT", "BOOLEAN") or column.kind.startswith("DECIMAL"):
        return True
    if column.hints & {"key", "agent"} or (column.hints & {"case"} and not column.hints & {"action", "state"}):
        return False
    return column.distinct <= _FEW and column.known >= 2 * column.distinct
