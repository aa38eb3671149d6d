"""Our Avro reader is fastavro's, only quicker."""

import contextlib
import struct
from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import SUBJECTS, numbers, parsed
from schemas.reading import compile_reader
from tests.schemas.records import values

MISFITS = (EOFError, IndexError, ValueError, struct.error)


def written(schema: Any, record: Any) -> bytes:
    out = BytesIO()
    schemaless_writer(out, schema, record)
    return out.getvalue()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_record_is_read_as_fastavro_reads_it(subject: str) -> None:
    schema = parsed(subject, numbers(subject)[-1])
    read = compile_reader(schema)

    @given(values(schema, {}), st.binary(max_size=5))
    def check(record: dict[str, Any], frame: bytes) -> None:
        data = written(schema, record)
        assert read(frame + data, len(frame)) == schemaless_reader(BytesIO(data), schema, None)

    check()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_damaged_bytes_are_a_misfit_or_a_record_never_anything_else(subject: str) -> None:
    """Cut off, with bytes changed, or nothing but noise."""
    schema = parsed(subject, numbers(subject)[-1])
    read = compile_reader(schema)

    @given(values(schema, {}), st.data())
    def check(record: dict[str, Any], data: st.DataObject) -> None:
        whole = bytearray(written(schema, record))
        for _ in range(data.draw(st.integers(0, 3))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        damaged = bytes(whole[: data.draw(st.integers(0, len(whole)))])
        try:
            found = read(damaged, 0)
        except MISFITS:
            return
        assert list(found) == [field["name"] for field in schema["fields"]]

    check()


@pytest.mark.parametrize("subject", SUBJECTS)
@given(noise=st.binary(max_size=200))
def test_noise_is_a_misfit_or_a_record(subject: str, noise: bytes) -> None:
    read = compile_reader(parsed(subject, numbers(subject)[-1]))
    with contextlib.suppress(MISFITS):
        assert isinstance(read(noise, 0), dict)


def test_blocks_that_say_how_long_they_are_are_read() -> None:
    """A writer may give a block's count as negative, with its size in bytes behind it."""
    schema = parse_schema({"type": "array", "items": "long"})
    data = b"\x03\x04\x02\x04" + b"\x02\x06" + b"\x00"
    assert compile_reader(schema)(data, 0) == schemaless_reader(BytesIO(data), schema, None) == [1, 2, 3]
