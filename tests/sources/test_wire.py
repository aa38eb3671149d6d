"""Our Avro writer says exactly what the general one says; JSON carries the same record."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import decoder, encoder
from streams.sources import wire
from streams.sources.columns import CONTENT, Column
from streams.sources.contract import ATTRIBUTES, FIELDS, IDENTIFIERS

LONGS = st.integers(-(1 << 63), (1 << 63) - 1)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(), "long": LONGS, "boolean": st.booleans(),
    "double": st.floats(allow_nan=False).map(lambda value: value + 0.0),
}  # fmt: skip


def parts(names: list[str], kinds: list[str], field: Any) -> list[Column]:
    return [Column(field, "", "count", ""), *(Column(field, name, kind, "") for name, kind in zip(names, kinds, strict=True))]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], list[wire.Row]]:
    """Random columns, and rows whose values repeat often, as the writer remembers them."""
    content: list[Column] = []
    for field in FIELDS:
        names = draw(st.lists(st.text(min_size=1), unique=True, max_size=4))
        if field.name == IDENTIFIERS and draw(st.booleans()):
            content.append(Column(field, field.name, "list", ""))
        elif field.name in (IDENTIFIERS, ATTRIBUTES):
            kinds = draw(st.lists(st.sampled_from(field.values or ("string",)), min_size=len(names), max_size=len(names)))
            content += parts(names, kinds, field)
        else:
            content.append(Column(field, field.name, field.kind, ""))
    return content, draw(st.lists(rows(content), min_size=1, max_size=6))


@st.composite
def rows(draw: st.DrawFn, content: list[Column]) -> wire.Row:
    values: list[Any] = []
    for column in content:
        if column.kind == "count":
            values.append(0)
        elif column.kind == "enum":
            values.append(draw(st.sampled_from(column.field.symbols)))
        elif column.kind == "list":
            values.append(draw(st.lists(st.fixed_dictionaries({"type": st.text(), "value": st.text()}), max_size=3)))
        elif column.field.name in (IDENTIFIERS, ATTRIBUTES):
            values.append(draw(st.none() | VALUES[column.kind]))
        else:
            values.append(draw(VALUES[column.kind]))
    for place, column in enumerate(content):
        if column.kind == "count":
            of = [
                value for other, value in zip(content, values, strict=True) if other.field is column.field and other is not column
            ]
            values[place] = sum(value is not None for value in of)
    return (*range(CONTENT), *values)


@given(tables())
def test_avro_is_byte_for_byte_what_the_general_writer_gives(table: tuple[list[Column], list[wire.Row]]) -> None:
    content, some = table
    ours, general = wire.avro(content), encoder("touchpoint")
    for row in some:
        assert ours(row) == general(wire.record(content, row))


@given(tables())
def test_json_and_avro_carry_the_same_record(table: tuple[list[Column], list[wire.Row]]) -> None:
    content, some = table
    avro, json, decode = wire.avro(content), wire.json(content), decoder("touchpoint")
    for row in some:
        assert decode(avro(row)) == wire.record(content, row)
        assert msgspec.json.decode(msgspec.json.encode(wire.record(content, row))) == msgspec.json.decode(json(row))
