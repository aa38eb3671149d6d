"""A bucket is kept squeezed: it comes back as it was, and what was damaged on the way is refused, whatever the damage."""

from contextlib import suppress
from hashlib import blake2b

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams import topology
from streams.core.life import WrongLife
from streams.core.log import FORMAT
from streams.core.stitch.squeezed import WORDS
from streams.core.stitch.state import (
    HEADER,
    Bucket,
    Header,
    bucket_bytes,
    bucket_key,
    pack_bucket,
    packed_bucket,
    read_header,
    unpack_bucket,
)
from streams.core.touchpoint import Scalar, Touchpoint, content_hash, hash_of, strip
from streams.left import Wanted
from tests.core.world import IDENTIFIERS, touchpoint

SECRETIVE = "anna.schmidt.1987"


def bucket(count: int) -> Bucket:
    pairs, note = (("order", "7"), ("customer", SECRETIVE)), "a note that is always the same"
    return Bucket([touchpoint(number, 1_000 * number, "ask", pairs, note) for number in range(count)], 3)


@given(st.integers(0, 30), st.integers(0, 1 << 40), st.booleans(), st.booleans())
def test_it_comes_back_as_it_was(count: int, next_deadline: int, rests: bool, asks: bool) -> None:
    header, was = Header(next_deadline, 5, (1 << 28) - 1, rests, asks), bucket(count)
    value = pack_bucket(header, was)
    assert read_header(value) == header
    assert pack_bucket(header, unpack_bucket(value)) == value
    assert bucket_bytes(value) == HEADER.size + len(packed_bucket(value))


def test_eight_touchpoints_take_less_than_a_third() -> None:
    value = pack_bucket(Header(), bucket(8))
    assert 3 * len(value) < bucket_bytes(value)


@given(st.data())
@settings(max_examples=500)
def test_damage_is_refused_or_does_no_harm(data: st.DataObject) -> None:
    """One byte is another, or the end is missing.  Nothing but WrongLife is raised, and no size is believed that cannot be."""
    value = bytearray(pack_bucket(Header(), bucket(3)))
    if data.draw(st.booleans()):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    else:
        del value[data.draw(st.integers(0, len(value) - 1)) :]
    with suppress(WrongLife):
        unpack_bucket(bytes(value))
        bucket_bytes(bytes(value))


def test_who_is_looked_for_is_found_in_it() -> None:
    """As `person erased --verify` does."""
    value, key = pack_bucket(Header(), bucket(8)), bucket_key("order:7", "order:7")
    assert Wanted([f"customer:{SECRETIVE}"], IDENTIFIERS).in_record(topology.STATE, key, value)
    assert not Wanted(["customer:somebody.else"], IDENTIFIERS).in_record(topology.STATE, key, value)


SCALARS = st.one_of(
    st.text(max_size=9), st.integers(-(1 << 63), (1 << 63) - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
)


@given(st.dictionaries(st.text(max_size=5), SCALARS, max_size=5), st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_what_is_kept_without_its_hash_has_the_same_again(attributes: dict[str, Scalar], pairs: list[tuple[str, str]]) -> None:
    """Also after it was packed: of copies the smallest hash wins, whichever of them was kept and whichever comes now."""
    content = (1, 0, "e", "src", "product", "web", "ask", "", tuple(pairs), attributes, "", "", "", "")
    whole = Touchpoint(*content, "order:1", content_hash(content), received_at=5, partition=1, offset=7)
    kept = replace(whole)
    strip(kept)
    assert (kept.content_hash, kept.received_at, kept.partition, kept.offset) == (0, 0, 0, 0)
    again = unpack_bucket(pack_bucket(Header(), Bucket([kept]))).facts[0]
    assert hash_of(again) == hash_of(kept) == hash_of(whole) == whole.content_hash


def test_the_words_are_those_of_this_format() -> None:
    """By other words nothing could be read that is kept: they change with FORMAT, and those of before stay beside them."""
    assert (FORMAT, blake2b(WORDS.read_bytes(), digest_size=8).hexdigest()) == (5, "61f7ba3c89801071")
