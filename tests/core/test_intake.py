"""What becomes a touchpoint, and for which of a closed set of reasons a record does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import FRAME, encoder, source
from streams.core.decode import record_decoder
from streams.core.identifiers import load_identifiers
from streams.core.intake import Limits, Rejected, touchpoint_of
from streams.core.log import SEEN

NOW_MS = 1_700_000_000_000
LIMITS = Limits(oldest_ms=1_000_000, future_ms=1_000)
IDENTIFIERS = load_identifiers()
decode = record_decoder()
encode = encoder("touchpoint")


def record(**changed: Any) -> dict[str, Any]:
    whole = {
        "source": "shop", "event_id": "e1", "occurred_at": NOW_MS, "sequence": 0, "origin": "product", "channel": "web",
        "action": "order.purchased", "direction": "none", "identifiers": [{"type": "order", "value": "4711"}],
        "attributes": {"amount": 12.5}, "region": "BR", "locale": "", "agent": "", "team": "",
    }  # fmt: skip
    return {**whole, **changed}


def reason_of(value: dict[str, Any]) -> str:
    with pytest.raises(Rejected) as caught:
        touchpoint_of(value, IDENTIFIERS, LIMITS, NOW_MS)
    return caught.value.reason


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"event_id": ""}, "missing_field"),
        ({"action": None}, "missing_field"),
        ({"occurred_at": "yesterday"}, "invalid_value"),
        ({"occurred_at": NOW_MS - 1_000_001}, "too_old"),
        ({"occurred_at": NOW_MS + 1_001}, "in_the_future"),
        ({"origin": "robot"}, "invalid_enum"),
        ({"direction": "sideways"}, "invalid_enum"),
        ({"identifiers": []}, "missing_identifier"),
        ({"identifiers": None}, "missing_identifier"),
        ({"identifiers": [{"type": "review", "value": "1"}]}, "unusable_identifier"),
        ({"identifiers": [{"type": "customer", "value": " ? "}]}, "unusable_identifier"),
        ({"identifiers": [{"type": "a:b", "value": "1"}]}, "invalid_value"),
        ({"identifiers": [{"type": "order"}]}, "invalid_value"),
        ({"attributes": {"deep": {}}}, "invalid_value"),
        ({"attributes": {"huge": 1 << 63}}, "invalid_value"),
        ({"attributes": {"endless": float("nan")}}, "invalid_value"),
        ({"sequence": "7"}, "invalid_value"),
    ],
)
def test_each_defect_has_its_reason(changed: dict[str, Any], reason: str) -> None:
    assert reason_of(record(**changed)) == reason


def test_a_rejection_carries_no_value_of_the_record() -> None:
    with pytest.raises(Rejected) as caught:
        touchpoint_of(record(origin="secret-origin"), IDENTIFIERS, LIMITS, NOW_MS)
    assert "secret" not in caught.value.detail


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_rejection_never_a_fault(value: bytes) -> None:
    try:
        touchpoint_of(decode(value), IDENTIFIERS, LIMITS, NOW_MS)
    except Rejected:
        return


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(record())), json_values))
def test_any_json_is_a_touchpoint_or_a_rejection_never_a_fault(changed: dict[str, Any]) -> None:
    try:
        touchpoint_of(decode(json.dumps(record(**changed)).encode()), IDENTIFIERS, LIMITS, NOW_MS)
    except Rejected:
        return


@given(st.data())
def test_damaged_avro_is_a_record_or_a_rejection_never_a_fault(data: st.DataObject) -> None:
    whole = bytearray(encode(record()))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        touchpoint_of(decode(bytes(whole[: data.draw(st.integers(1, len(whole)))])), IDENTIFIERS, LIMITS, NOW_MS)
    except Rejected:
        return


def test_avro_and_json_of_the_same_record_are_the_same_touchpoint() -> None:
    avro = touchpoint_of(decode(encode(record())), IDENTIFIERS, LIMITS, NOW_MS)
    plain = touchpoint_of(decode(json.dumps(record()).encode()), IDENTIFIERS, LIMITS, NOW_MS)
    assert avro == plain


def test_a_time_in_iso_8601_without_a_zone_is_utc() -> None:
    texts = ("2023-11-14T22:13:20", "2023-11-14T22:13:20Z", "2023-11-15T00:13:20+02:00")
    assert {touchpoint_of(record(occurred_at=text), IDENTIFIERS, LIMITS, NOW_MS).occurred_at for text in texts} == {NOW_MS}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "undecodable"),
        (b"", "undecodable"),
        (b"\0\0", "undecodable"),
        (FRAME.pack(0, 999) + b"x", "unknown_schema"),
        (encode(record())[:-9], "undecodable"),
        (b"{", "undecodable"),
        (b"[1]", "undecodable"),
        (b"hello", "undecodable"),
    ],
)
def test_bytes_that_are_no_record_have_their_reason(value: bytes | None, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode(value)
    assert caught.value.reason == reason


def test_a_record_that_is_cut_off_anywhere_is_undecodable() -> None:
    whole = encode(record())
    for size in range(FRAME.size, len(whole)):
        with pytest.raises(Rejected) as caught:
            decode(whole[:size])
        assert caught.value.reason == "undecodable"


def test_an_unknown_symbol_of_an_enum_has_its_reason() -> None:
    before = encode(record())
    other = encode(record(origin="system"))
    place = next(at for at, (one, two) in enumerate(zip(before, other, strict=True)) if one != two)
    damaged = bytearray(before)
    damaged[place] = 40  # zigzag of 20
    with pytest.raises(Rejected) as caught:
        decode(bytes(damaged))
    assert caught.value.reason == "invalid_enum"


def test_the_reasons_are_those_of_the_contract() -> None:
    from typing import get_args

    from streams.core.intake import RejectReason

    field = next(field for field in source("rejected_touchpoint", 1)["fields"] if field["name"] == "reason")
    assert set(get_args(RejectReason)) == set(field["type"]["symbols"])


def test_a_touchpoint_travels_by_its_strongest_object_and_a_copy_goes_to_every_other() -> None:
    pairs = (("customer", "c"), ("parcel", "p"), ("order", "o"), ("review", "r"))
    address = IDENTIFIERS.address(pairs)
    assert address == "order:o"
    assert IDENTIFIERS.other_addresses(pairs, address) == ["parcel:p"]
    assert IDENTIFIERS.links(pairs) == [("order:o", "customer:c", SEEN), ("parcel:p", "customer:c", SEEN)]


def test_what_a_definition_takes_as_its_instance_is_an_object() -> None:
    wider = IDENTIFIERS.with_instances({"ticket", "customer"})
    pairs = (("ticket", "7"), ("customer", "c"))
    assert wider.address(pairs) == "ticket:7"
    assert wider.other_addresses(pairs, "ticket:7") == ["customer:c"]


@pytest.mark.parametrize(
    ("kind", "value", "told"), [("flight", "LH 1", "flight; declare it in"), ("order", "NaN", "only values that stand")]
)
def test_who_is_about_nobody_is_told_what_to_do(kind: str, value: str, told: str) -> None:
    with pytest.raises(Rejected) as caught:
        touchpoint_of(record(identifiers=[{"type": kind, "value": value}]), IDENTIFIERS, LIMITS, NOW_MS)
    assert told in caught.value.detail
