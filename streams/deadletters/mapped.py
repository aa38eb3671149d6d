"""Rejected records put right by a mapping: one SELECT over the relation `rejected`, one row a touchpoint.

Its columns are what the records hold, named as in a mapping's result (`attribute_x` for an attribute), so that
`SELECT * REPLACE ('system' AS origin) FROM rejected` changes one thing and keeps the rest; fields of the contract are always there.
Beside them `rejected_place`, which the result has to keep, and `rejected_reason`, `rejected_detail`, `rejected_at`, `rejected_key`,
`rejected_load`, and `rejected_text`, the value where it is readable as UTF-8.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import duckdb
import msgspec

from sinks.clickhouse.dead_letters import Letter
from streams.core.identifiers import Identifiers
from streams.deadletters.content import content
from streams.deadletters.told import iso, place
from streams.settings import ConfigurationError
from streams.sources import wire
from streams.sources.columns import KEY, REFUSED, bind
from streams.sources.contract import ATTRIBUTE, ATTRIBUTES, IDENTIFIERS, SINGLE
from streams.sources.mapping import Mapping, literal, open_files, said
from streams.sources.rows import strength

ORIGIN = "rejected_place"
PAIRS = [{"type": "VARCHAR", "value": "VARCHAR"}]
ALWAYS = {**{field.name: "BIGINT" if field.kind == "long" else "VARCHAR" for field in SINGLE}, IDENTIFIERS: PAIRS}
ASIDE = ("rejected_place", "rejected_reason", "rejected_detail", "rejected_at", "rejected_key", "rejected_load", "rejected_text")
WIDER = {"UBIGINT": "BIGINT", "JSON": "VARCHAR", "NULL": "VARCHAR"}  # of a value that is a text here and a number there: a text
Made = tuple[bytes, bytes]  # key and value of a record
REFUSED_BY_MAPPING = "mapping"
_encode = msgspec.json.Encoder().encode


def mapped(letters: Sequence[Letter], mapping: Mapping, identifiers: Identifiers) -> dict[str, list[Made | None]]:
    """-> place -> the records that the mapping makes of it, None for a row that cannot be written in the contract at all.

    A place that the mapping leaves out is not there.  Raises ConfigurationError when the mapping does not fit.
    """
    with open_files((), {}) as connection:
        try:
            _fill(connection, letters)
        except duckdb.Error as error:
            raise ConfigurationError(f"{mapping.name}: the rejected records make no table: {said(error)}; choose fewer") from None
        columns = bind(connection, mapping, strength(identifiers), ORIGIN)
        encode, made = wire.avro(columns.content), defaultdict[str, list[Made | None]](list)
        try:
            for row in connection.execute(columns.select).fetchall():
                ready = None if row[REFUSED] is not None else ((row[KEY] or "").encode(), encode(row[:-1]))
                made[row[-1]].append(ready)
        except duckdb.Error as error:
            raise ConfigurationError(f"{mapping.name}: {error}") from None
        return dict(made)


def _fill(connection: duckdb.DuckDBPyConnection, letters: Sequence[Letter]) -> None:
    connection.execute("CREATE TABLE written (record JSON)").fetchall()
    connection.execute("INSERT INTO written SELECT unnest(?::VARCHAR[])", [[_row(letter) for letter in letters]]).fetchall()
    ((found,),) = connection.execute("SELECT json_group_structure(record) FROM written").fetchall()
    structure = literal(json.dumps(_structure(json.loads(found))))
    select = f"SELECT unnest(json_transform(record, {structure})) FROM written"
    connection.execute(f"CREATE TABLE rejected AS {select}").fetchall()


def _row(letter: Letter) -> str:
    record = content(letter.value) or {}
    attributes = record.pop(ATTRIBUTES, None)
    flat = {f"{ATTRIBUTE}{name}": value for name, value in attributes.items()} if isinstance(attributes, dict) else {}
    return _encode({**record, **flat, **_aside(letter)}).decode()


def _aside(letter: Letter) -> dict[str, Any]:
    key, text = (None if its is None else _utf8(its) for its in (letter.record_key, letter.value))
    values = (place(*letter.key[:3]), letter.reason, letter.detail, iso(letter.rejected_ms), key, letter.load, text)
    return dict(zip(ASIDE, values, strict=True))


def _utf8(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _structure(found: dict[str, Any]) -> dict[str, Any]:
    """DuckDB's own reading of the records, with what every record is to have and no type that a mapping cannot use."""
    known = {name: kind for name, kind in found.items() if kind != "NULL"}
    whole = {**ALWAYS, **dict.fromkeys(ASIDE, "VARCHAR"), **dict.fromkeys(found, "VARCHAR"), **_widened(known)}
    pairs = whole[IDENTIFIERS]
    if isinstance(pairs, list) and pairs and isinstance(pairs[0], dict):
        whole[IDENTIFIERS] = [{**PAIRS[0], **pairs[0]}]
    return whole if IDENTIFIERS in known else {**whole, IDENTIFIERS: PAIRS}


def _widened(kind: Any) -> Any:
    if isinstance(kind, dict):
        return {name: _widened(its) for name, its in kind.items()}
    if isinstance(kind, list):
        return [_widened(its) for its in kind]
    return WIDER.get(kind, kind)
