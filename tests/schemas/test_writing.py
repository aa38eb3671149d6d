"""Our Avro writer is fastavro's, only quicker."""

from io import BytesIO

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import SUBJECTS, numbers, parsed
from schemas.writing import compile_writer

LONG = st.integers(-(1 << 63), (1 << 63) - 1)
PRIMITIVES = {
    "string": st.text(), "long": LONG, "int": st.integers(-(1 << 31), (1 << 31) - 1), "bytes": st.binary(),
    "double": st.floats(allow_nan=False), "boolean": st.booleans(), "null": st.none(),
}  # fmt: skip


def values(schema, named: dict) -> st.SearchStrategy:
    """Anything that fits a schema."""
    if isinstance(schema, list):
        return st.one_of([values(branch, named) for branch in schema])
    if isinstance(schema, str):
        return PRIMITIVES[schema] if schema in PRIMITIVES else named[schema]
    match schema["type"]:
        case "record":
            fields = {field["name"]: values(field["type"], named) for field in schema["fields"]}
            named[schema["name"]] = st.fixed_dictionaries(fields)
        case "enum":
            named[schema["name"]] = st.sampled_from(schema["symbols"])
        case "array":
            return st.lists(values(schema["items"], named), max_size=3)
        case "map":
            return st.dictionaries(st.text(max_size=5), values(schema["values"], named), max_size=3)
        case other:
            return values(other, named)
    return named[schema["name"]]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_record_is_written_as_fastavro_writes_it(subject: str) -> None:
    schema = parsed(subject, numbers(subject)[-1])
    write = compile_writer(schema)

    @given(values(schema, {}))
    def check(record: dict) -> None:
        out = BytesIO()
        schemaless_writer(out, schema, record)
        assert write(record) == out.getvalue()

    check()


def test_a_number_beyond_64_bits_is_refused() -> None:
    write = compile_writer(parse_schema({"type": "record", "name": "r", "fields": [{"name": "n", "type": "long"}]}))
    with pytest.raises(OverflowError, match="64 bits"):
        write({"n": 1 << 63})
