"""SQL that gives one column of a mapping its final type, default or verdict: DuckDB settles a column at a time."""

from collections.abc import Iterable, Sequence

from streams.sources.contract import IDENTIFIERS, Field
from streams.sources.mapping import literal, quoted

_WHOLE = frozenset(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"])
_REAL = frozenset(["FLOAT", "DOUBLE", "UBIGINT", "HUGEINT", "UHUGEINT"])
_ISO = "%Y-%m-%dT%H:%M:%S.%gZ"


class UnusableColumn(ValueError):
    """A column's type does not fit the contract; the text names the column, its type and what is expected."""


def single(field: Field, kind: str | None) -> str:
    """A field that is one column; `kind` is DuckDB's type, None where the mapping leaves the default."""
    default = literal(field.default) if isinstance(field.default, str) else str(field.default)
    if kind is None:
        return default
    if field.name == "occurred_at":
        return epoch_ms(kind, field.name)
    if field.kind == "long" and kind not in _WHOLE:
        raise UnusableColumn(f"the column {field.name} is {kind}; a whole number is expected")
    value = f"CAST({quoted(field.name)} AS {'BIGINT' if field.kind == 'long' else 'VARCHAR'})"
    return value if field.default is None else f"coalesce({value}, {default})"


def epoch_ms(kind: str, name: str) -> str:
    """A column of times; NULL where a text is none."""
    column = quoted(name)
    if kind in _WHOLE:
        return f"CAST({column} AS BIGINT)"
    if kind == "VARCHAR":
        return _milliseconds(f"TRY_CAST({column} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'")
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return _milliseconds(_utc(column, kind))
    raise UnusableColumn(f"the column {name} is {kind}; expected a timestamp, epoch milliseconds or ISO 8601 text")


def _milliseconds(timestamp: str) -> str:
    """Epoch ms of a TIMESTAMP.  Cut off, as what is due is: `epoch_ms` alone rounds, and one microsecond could make it late."""
    return f"epoch_ms(date_trunc('millisecond', {timestamp}))"


def _utc(column: str, kind: str) -> str:
    """A column of times as TIMESTAMP; a cast would round nanoseconds, and the end of a day would be the next one."""
    if kind == "TIMESTAMP_NS":
        return f"make_timestamp(epoch_ns({column}) // 1000)"
    zone = " AT TIME ZONE 'UTC'" if kind.endswith("ZONE") else ""
    return f"CAST({column}{zone} AS TIMESTAMP)"


def identifier(name: str, kind: str) -> tuple[str, str]:
    """-> Avro's type and the SQL that gives it."""
    if _nested(kind):
        raise UnusableColumn(f"the column {name} is {kind}; an identifier is one value")
    return "string", f"CAST({quoted(name)} AS VARCHAR)"


def attribute(name: str, kind: str) -> tuple[str, str]:
    """-> Avro's type and the SQL that gives it.  Times become ISO 8601 text: a bare number would have lost its unit."""
    column = quoted(name)
    if kind == "BOOLEAN":
        return "boolean", column
    if kind in _WHOLE:
        return "long", f"CAST({column} AS BIGINT)"
    if kind in _REAL or kind.startswith("DECIMAL"):
        real = f"CAST({column} AS DOUBLE)"
        return "double", f"CASE WHEN isfinite({real}) THEN {real} + 0.0 END"  # no -0.0: equal values have equal bytes
    if kind.startswith("TIMESTAMP"):
        return "string", f"strftime({_utc(column, kind)}, '{_ISO}')"
    if _nested(kind):
        raise UnusableColumn(f"the column {name} is {kind}; an attribute is one value, for instance to_json(…) as text")
    return "string", f"CAST({column} AS VARCHAR)"


def _nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "BLOB"))


def listed(kind: str) -> str:
    """All identifiers in one column, without those that lack type or value."""
    if not (kind.startswith("STRUCT") and kind.endswith("[]") and '"type"' in kind and '"value"' in kind):
        raise UnusableColumn(f"the column {IDENTIFIERS} is {kind}; expected a list of {{'type': …, 'value': …}}")
    whole = "{'type': CAST(x.type AS VARCHAR), 'value': CAST(x.value AS VARCHAR)}"
    return f"[{whole} FOR x IN coalesce({IDENTIFIERS}, []) IF x.type IS NOT NULL AND x.value IS NOT NULL]"


def present(parts: Iterable[str]) -> str:
    """How many of the values are not NULL."""
    return " + ".join(f"CAST(({part}) IS NOT NULL AS BIGINT)" for part in parts) or "0"


def key(known: dict[str, str], strength: Sequence[str]) -> str:
    """Kafka's key: the strongest identifier, so that what concerns one object stays in one partition, in order."""
    rank = {kind: place for place, kind in enumerate(strength)}
    ordered = sorted(known, key=lambda kind: rank.get(kind, len(rank)))
    return _first_known([(literal(kind), known[kind]) for kind in ordered])


def key_of_list(identifiers: str, strength: Sequence[str]) -> str:
    ranked = [f"[x FOR x IN {identifiers} IF x.type = {literal(kind)}][1]" for kind in strength] + [f"({identifiers})[1]"]
    return _first_known([(f"{one}.type", f"{one}.value") for one in ranked])


def _first_known(identifiers: Sequence[tuple[str, str]]) -> str:
    return "coalesce(" + ", ".join(f"{kind} || ':' || {value}" for kind, value in identifiers) + ")"


def refused(values: dict[str, str], fields: Sequence[Field]) -> str:
    """Why a row cannot be written in the contract at all; everything else is for intake to judge, where it is seen."""
    whens = []
    for field in fields:
        value, name = values[field.name], field.name
        if field.default is None:
            what = "missing, or no time" if name == "occurred_at" else "missing"
            whens.append(f"WHEN {value} IS NULL THEN {literal(f'{name} is {what}')}")
        if field.symbols:
            allowed = ", ".join(map(literal, field.symbols))
            expected = literal("; expected " + ", ".join(field.symbols))
            whens.append(f"WHEN {value} NOT IN ({allowed}) THEN concat({literal(name + ' is ')}, {value}, {expected})")
    return f"CASE {' '.join(whens)} END"
