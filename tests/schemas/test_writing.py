"""Our Avro writer is fastavro's, only quicker."""

from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given

from schemas.codec import SUBJECTS, numbers, parsed
from schemas.writing import compile_writer
from tests.schemas.records import values


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_record_is_written_as_fastavro_writes_it(subject: str) -> None:
    schema = parsed(subject, numbers(subject)[-1])
    write = compile_writer(schema)

    @given(values(schema, {}))
    def check(record: dict[str, Any]) -> None:
        out = BytesIO()
        schemaless_writer(out, schema, record)
        assert write(record) == out.getvalue()

    check()


def test_a_number_beyond_64_bits_is_refused() -> None:
    write = compile_writer(parse_schema({"type": "record", "name": "r", "fields": [{"name": "n", "type": "long"}]}))
    with pytest.raises(OverflowError, match="64 bits"):
        write({"n": 1 << 63})


def test_a_record_within_may_be_an_object() -> None:
    """Its fields are its attributes, and the bytes are the same."""
    part = {"type": "record", "name": "Part", "fields": [{"name": "n", "type": ["null", "long"]}]}
    schema = parse_schema(
        {"type": "record", "name": "Whole", "fields": [{"name": "parts", "type": {"type": "array", "items": part}}]}
    )
    as_mappings = compile_writer(schema)({"parts": [{"n": 1}, {"n": None}]})
    assert compile_writer(schema, ["Part"])({"parts": [SimpleNamespace(n=1), SimpleNamespace(n=None)]}) == as_mappings
