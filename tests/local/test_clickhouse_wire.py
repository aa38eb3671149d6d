"""Finding the end of a block: columns of any type, arriving in pieces of any size."""

import http.client
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.clickhouse.blocks import Block, Header, empty_block, read_block, split_blocks
from deploy.local.clickhouse.columns import column_of
from deploy.local.clickhouse.errors import Code, Disconnected, ProtocolError
from deploy.local.clickhouse.frames import frames, unframed
from deploy.local.clickhouse.wire import Window, string, varint
from tests.local.clickhouse_fixture import PASSWORD, USER, ClickHouse, server

__all__ = ["server"]  # a fixture


def named_tuple(parts: list[str]) -> str:
    return f"Tuple({', '.join(f'`p {at}` {part}' for at, part in enumerate(parts))})"


PLAIN = st.sampled_from(
    [
        "UInt8",
        "Int16",
        "UInt32",
        "Int64",
        "UInt128",
        "Int256",
        "Float32",
        "Float64",
        "Bool",
        "Date",
        "Date32",
        "DateTime('Asia/Tokyo')",
        "DateTime64(9)",
        "UUID",
        "IPv4",
        "IPv6",
        "String",
        "FixedString(3)",
        "Decimal(9,2)",
        "Decimal(18,3)",
        "Decimal(38,4)",
        "Decimal(76,5)",
        "Enum8('a,(b'=1,'it\\'s)'=2)",
        "Enum16('x'=-5)",
    ]
)
DICTIONARY = st.sampled_from(["String", "FixedString(5)", "UInt16", "Nullable(String)", "Nullable(FixedString(2))", "Date"])
KEY = st.sampled_from(["String", "UInt32", "LowCardinality(String)", "UUID"])
TYPE = st.recursive(
    st.one_of(PLAIN, PLAIN.map("Nullable({})".format), DICTIONARY.map("LowCardinality({})".format)),
    lambda inner: st.one_of(
        inner.map("Array({})".format),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"Tuple({', '.join(parts)})"),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda parts: f"Tuple({', '.join(f'`p {n}` {t}' for n, t in enumerate(parts))})"
        ),
        st.tuples(KEY, inner).map(lambda pair: f"Map({pair[0]}, {pair[1]})"),
    ),
    max_leaves=4,
)


def pieces(data: bytes, size_bytes: int) -> Window:
    """`data` as if it came over a slow line."""
    parts = iter([data[start : start + size_bytes] for start in range(0, len(data), size_bytes)])
    return Window(lambda: next(parts, b""))


@pytest.fixture(scope="module")
def random_rows(server: ClickHouse) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.http)) as connection:
        yield connection


def generate(connection: http.client.HTTPConnection, types: list[str], rows: int) -> bytes:
    """Random rows from the engine, in the format Native."""
    structure = ", ".join(f"c{at} {type_name}" for at, type_name in enumerate(types)).replace("\\", "\\\\").replace("'", "\\'")
    sql = f"SELECT * FROM generateRandom('{structure}', 7, 20, 3) LIMIT {rows} SETTINGS allow_suspicious_low_cardinality_types = 1"
    login = {"X-ClickHouse-User": USER.encode(), "X-ClickHouse-Key": PASSWORD.encode()}
    connection.request("POST", "/?default_format=Native", sql, login)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return body


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(types=st.lists(TYPE, min_size=1, max_size=4), rows=st.integers(0, 60), size_bytes=st.integers(1, 500))
def test_blocks_of_any_types_are_read_to_their_end(
    random_rows: http.client.HTTPConnection, types: list[str], rows: int, size_bytes: int
) -> None:
    """Also where the next block begins in the same piece."""
    native = generate(random_rows, types, rows)
    window = pieces(native + native, size_bytes)
    for _ in range(2):
        block = read_block(window)
        assert (bytes(window.data[: window.pos]), block.rows, len(block.header)) == (native, rows, len(types))
    window.drop()
    assert not window.has_more()
    assert [(part.rows, raw) for part, raw in split_blocks(native * 3)] == [(rows, native)] * 3


@given(
    lengths=st.lists(st.one_of(st.integers(0, 300), st.sampled_from([127, 128, 16384])), max_size=200),
    size_bytes=st.integers(1, 1000),
)
def test_strings_of_any_length_are_stepped_over(lengths: list[int], size_bytes: int) -> None:
    window = pieces(b"".join(string(b"\x05" * length) for length in lengths) + b"end", size_bytes)
    window.skip_strings(len(lengths))
    assert window.take(3) == b"end"


@given(length=st.integers(0, 140), odd=st.integers(0, 140), at=st.integers(0, 4999))
def test_many_strings_of_one_length_with_one_that_differs(length: int, odd: int, at: int) -> None:
    lengths = [length] * 5000
    lengths[at] = odd
    window = pieces(b"".join(string(bytes(size)) for size in lengths) + b"end", 100_000)
    window.skip_strings(5000)
    assert window.take(3) == b"end"


@given(number=st.integers(0, 2**64 - 1))
def test_varints(number: int) -> None:
    assert pieces(varint(number), 1).varint() == number


@given(data=st.binary(max_size=3000), size_bytes=st.integers(1, 500))
def test_frames_hold_what_was_put_in(data: bytes, size_bytes: int) -> None:
    window = unframed(pieces(b"".join(frames(data)), size_bytes))
    assert window.take(len(data)) == data


@given(data=st.binary(min_size=1, max_size=500), at=st.integers(0), flip=st.integers(1, 255))
def test_a_frame_with_any_changed_byte_is_refused(data: bytes, at: int, flip: int) -> None:
    frame = bytearray(b"".join(frames(data)))
    frame[at % len(frame)] ^= flip
    with pytest.raises((ProtocolError, Disconnected)):
        unframed(pieces(bytes(frame), 100)).take(len(data))


UNKNOWN = ["AggregateFunction(sum, UInt8)", "JSON", "Variant(UInt8, String)", "Dynamic", "Array(Nonsense)"]


@pytest.mark.parametrize("type_name", UNKNOWN)
def test_types_of_unknown_layout_are_named(type_name: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        column_of(type_name)
    assert caught.value.code == Code.NOT_IMPLEMENTED
    assert type_name.removeprefix("Array(").removesuffix(")") in caught.value.text


def test_an_empty_block_has_nothing_but_its_header() -> None:
    header = (Header("a", "JSON"), Header("ø", "UInt8"))
    assert read_block(pieces(empty_block(header), 1)) == Block(header, 0)
