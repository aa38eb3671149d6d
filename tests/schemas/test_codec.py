"""The codec: what was encoded comes back, older numbers are resolved to ours, foreign bytes are refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from pprint import pformat
from shutil import copytree
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codec
from schemas.codec import FRAME, SUBJECTS, UnknownSchema, decoder, encoder, numbers, source, without_logical_types

LONGS = st.integers(-(1 << 63), (1 << 63) - 1)
PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(1 << 31), (1 << 31) - 1),
    "long": LONGS,
    "double": st.floats(allow_nan=False),
    "string": st.text(st.characters(codec="utf-8"), max_size=8),
    "bytes": st.binary(max_size=8),
}


def values(schema: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Whatever a schema allows."""
    if isinstance(schema, list):
        return st.one_of(*(values(each, named) for each in schema))
    if isinstance(schema, str):
        return PRIMITIVES[schema] if schema in PRIMITIVES else values(named[schema.rsplit(".", 1)[-1]], named)
    if "name" in schema:
        named[schema["name"]] = schema
    match schema["type"]:
        case "record":
            return st.fixed_dictionaries({each["name"]: values(each["type"], named) for each in schema["fields"]})
        case "enum":
            return st.sampled_from(schema["symbols"])
        case "array":
            return st.lists(values(schema["items"], named), max_size=2)
        case "map":
            return st.dictionaries(PRIMITIVES["string"], values(schema["values"], named), max_size=2)
        case primitive:
            return values(primitive, named)


@pytest.mark.parametrize("subject", SUBJECTS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_record_comes_back_as_it_was(subject: str, data: st.DataObject) -> None:
    """Types too: a long stays a long, and a double a double, in unions as well."""
    record = data.draw(values(without_logical_types(source(subject, numbers(subject)[-1])), {}))
    back = decoder(subject)(encoder(subject)(record))
    assert pformat(back) == pformat(record)


@pytest.mark.parametrize("subject", SUBJECTS)
@given(garbage=st.binary(max_size=60))
def test_foreign_bytes_raise_and_never_come_back_as_something_else(subject: str, garbage: bytes) -> None:
    """Unframed, of an unknown number, or cut off: an exception, whatever the bytes."""
    decode, number = decoder(subject), numbers(subject)[-1]
    with pytest.raises(Exception, match=r".*") as raised:
        decode(FRAME.pack(0, number + 1 + len(garbage)) + garbage)
    assert isinstance(raised.value, UnknownSchema)
    if garbage[:1] != b"\0":
        with pytest.raises(Exception, match=r".*"):
            decode(garbage)


def test_errors_say_what_is_there() -> None:
    with pytest.raises(UnknownSchema, match=r"journey has no schema 9; packaged are \[1"):
        decoder("journey")(FRAME.pack(0, 9))
    with pytest.raises(ValueError, match="a framed journey begins with a zero byte, this one with 1"):
        decoder("journey")(b"\1\0\0\0\1")


@pytest.fixture
def a_newer_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """One more number of `person`: a field more, with a default, and one fewer."""
    folder = copytree(Path(codec.__file__).parent, tmp_path / "schemas")
    newest = numbers("person")[-1]
    schema = source("person", newest)
    schema["fields"] = [each for each in schema["fields"] if each["name"] != "root_value"]
    schema["fields"].append({"name": "mood", "type": "string", "default": "calm"})
    (folder / "person" / f"{newest + 1}.avsc").write_text(json.dumps(schema))
    monkeypatch.setattr(codec, "_HERE", folder)
    codec.parsed.cache_clear()
    yield newest + 1
    codec.parsed.cache_clear()


def test_what_an_older_number_wrote_is_resolved_to_ours(a_newer_number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new field comes with its default, one that is gone is left out."""
    record = {
        "identifier_type": "order", "identifier_value": "o1", "kind": "object", "own_id": "a", "person_id": "b",
        "root_type": "customer", "root_value": "c1", "number": 3, "linked_at": None, "linked_by_source": "shop",
        "linked_by_event": "e1", "version": 9,
    }  # fmt: skip
    with monkeypatch.context() as before:
        before.setattr(codec, "numbers", lambda _: [a_newer_number - 1])
        written = encoder("person")(record)
    assert FRAME.unpack_from(written) == (0, a_newer_number - 1)
    read = decoder("person")(written)
    assert read == {name: value for name, value in record.items() if name != "root_value"} | {"mood": "calm"}
    assert decoder("person")(encoder("person")(read)) == read
