"""Rejected records as a relation, and what a mapping makes of them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.codec import decoder, encoder
from sinks.clickhouse.dead_letters import Key, Letter
from streams.core.identifiers import load_identifiers
from streams.deadletters.content import content
from streams.deadletters.mapped import mapped
from streams.settings import ConfigurationError
from streams.sources.mapping import Mapping, read_mapping
from tests.fixtures.touchpoints import touch

AT = 1_700_000_000_000
IDENTIFIERS = load_identifiers()
decode, encode, as_json = decoder("touchpoint"), encoder("touchpoint"), msgspec.json.Encoder().encode
GOOD = touch("order.purchased", AT, {"order": "o1", "customer": "c1"}, {"amount": 12, "rate": 0.5, "gift": True, "note": "as is"})


def letter(value: bytes | None, offset: int = 0, reason: str = "invalid_enum", load: str = "") -> Letter:
    return Letter(reason, "detail", Key("t.touchpoints", 1, offset, AT), AT + 5, b"key", value, [], load)


def made(sql: str, *letters: Letter) -> dict[str, list[Any]]:
    """Place -> records, decoded; None for one that the contract cannot have."""
    found = mapped(letters, Mapping("fix.sql", sql), IDENTIFIERS)
    return {place: [None if each is None else decode(each[1]) for each in several] for place, several in found.items()}


def test_a_mapping_that_changes_one_thing_leaves_the_rest_as_it_is() -> None:
    """In JSON and in Avro: identifiers, attributes of each type, times."""
    sql = "SELECT * REPLACE ('system' AS origin) FROM rejected"
    values = as_json({**GOOD, "origin": "robot"}), encode({**GOOD, "origin": "human"})
    assert made(sql, *(letter(value, n) for n, value in enumerate(values))) == {
        "t.touchpoints:1:0": [GOOD], "t.touchpoints:1:1": [GOOD],
    }  # fmt: skip


def test_an_enum_that_avro_does_not_know_leaves_the_other_fields_readable() -> None:
    framed = encode({**GOOD, "origin": "product"})
    at = _place_of_origin(framed)
    foreign = framed[:at] + bytes([2 * 60]) + framed[at + 1 :]
    assert content(foreign) == {**GOOD, "origin": None}
    assert made("SELECT * REPLACE ('system' AS origin) FROM rejected", letter(foreign)) == {"t.touchpoints:1:0": [GOOD]}


def _place_of_origin(framed: bytes) -> int:
    """The one byte in which two touchpoints differ that differ in origin only."""
    other = encode({**GOOD, "origin": "system"})
    (place,) = (n for n, (one, two) in enumerate(zip(framed, other, strict=True)) if one != two)
    return place


def test_fields_that_no_record_has_can_be_filled_in() -> None:
    without = {name: value for name, value in GOOD.items() if name not in ("origin", "channel", "identifiers")}
    sql = """
        SELECT * REPLACE ('system' AS origin, 'web' AS channel, [{'type': 'order', 'value': rejected_key}] AS identifiers)
        FROM rejected
    """
    changed = {**GOOD, "identifiers": [{"type": "order", "value": "key"}]}
    assert made(sql, letter(as_json(without))) == {"t.touchpoints:1:0": [changed]}


def test_text_that_is_no_json_can_be_taken_apart() -> None:
    sql = """
        SELECT rejected_place, rejected_text.split(';')[1] AS event_id, 1700000000000 AS occurred_at, 'shop' AS source,
            'product' AS origin, 'web' AS channel, 'order.purchased' AS action, rejected_text.split(';')[2] AS identifier_order
        FROM rejected WHERE rejected_reason = 'undecodable'
    """
    found = made(sql, letter(b"e7;4711", 3, "undecodable"), letter(b"\xff\xfe", 4, "undecodable"), letter(None, 5, "too_old"))
    assert found["t.touchpoints:1:3"][0]["identifiers"] == [{"type": "order", "value": "4711"}]
    assert found["t.touchpoints:1:4"] == [None]  # nothing readable in it: no event id
    assert "t.touchpoints:1:5" not in found


def test_an_attribute_that_is_a_number_here_and_a_text_there_is_a_text() -> None:
    one, two = {**GOOD, "attributes": {"size": 12}}, {**GOOD, "attributes": {"size": "XL"}}
    found = made("SELECT * FROM rejected", letter(as_json(one), 1), letter(as_json(two), 2))
    assert [each[0]["attributes"] for each in found.values()] == [{"size": "12"}, {"size": "XL"}]


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELECT * EXCLUDE (rejected_place) FROM rejected", "lacks the column rejected_place"),
        ("SELECT *, 1 AS orign FROM rejected", "did you mean origin"),
        ("SELECT nothing FROM rejected", "nothing"),
    ],
)
def test_a_mapping_that_does_not_fit_is_told_so(sql: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        made(sql, letter(as_json(GOOD)))


def test_a_mapping_is_one_select(tmp_path: Path) -> None:
    file = tmp_path / "two.sql"
    file.write_text("SELECT 1; SELECT 2")
    with pytest.raises(ConfigurationError, match="exactly one SELECT"):
        read_mapping(str(file))
