"""From a decoded record to a touchpoint, or to the reason why it cannot be one.

The same checks serve Avro and JSON records, the dry run of a load, and a rejected record that is tried again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Any, Literal

from streams.core.identifiers import Identifiers
from streams.core.identifiers.types import ON_PURPOSE
from streams.core.instant import EPOCH, iso_ms
from streams.core.touchpoint import DESCRIBED, DESCRIBES, Scalar, Touchpoint, content_hash

RejectReason = Literal[
    "undecodable", "unknown_schema", "invalid_enum", "missing_field", "invalid_value", "missing_identifier",
    "unusable_identifier", "too_old", "in_the_future", "too_large", "misplaced_as_of",
]  # fmt: skip
ORIGINS = frozenset({"product", "human", "system"})
DIRECTIONS = {"none": "", "": "", "inbound": "inbound", "outbound": "outbound"}
TEXTS = ("channel", "region", "locale", "agent", "team")
YEAR_MS = 31_556_952_000
LONG = 1 << 63
_DECLARE = "declare it in identity.yaml, or apply a definition with it as `instance`"
STAMPED = "throughline_occurred_at"  # attribute of a clamped touchpoint: what its source said
LATEST_MS = 253_402_300_799_999  # end of the year 9999: what lies behind it is no time at all


class Rejected(Exception):
    """A record cannot become a touchpoint.  `detail` says what is wrong and carries no value of the record."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Limits:
    """Between which event times a touchpoint is believed, relative to when the broker stored it."""

    oldest_ms: int
    future_ms: int


def touchpoint_of(record: Mapping[str, Any], identifiers: Identifiers, limits: Limits, now_ms: int, load: str = "") -> Touchpoint:
    """Raises Rejected.  `record` has the names of `schemas/touchpoint`; lateness and place are stamped by the caller.

    `now_ms` is when the broker stored it, not when it is read: read again, it is the same touchpoint or rejected as before.
    """
    occurred_at = _time(_required(record, "occurred_at"), limits, now_ms)
    origin, direction = _origin(record), _direction(record)
    channel, region, locale, agent, team = (_text(record, name) for name in TEXTS)
    action = _required_text(record, "action")
    pairs = identifiers.normalise(_pairs(record.get("identifiers")), region)
    address = identifiers.address(pairs)
    if address is None:
        carried = ", ".join(sorted({name for name, _ in pairs}))
        told = f"{carried}; {_DECLARE}" if carried else "only values that stand for nobody"
        raise Rejected("unusable_identifier", f"none of its identifiers is a person or an object: {told}")
    if action in ON_PURPOSE and not identifiers.links(pairs, action):
        raise Rejected("missing_identifier", f"{action} names the two identifiers that it is about")
    content = (
        occurred_at, _sequence(record), _required_text(record, "event_id"), _required_text(record, "source"), origin, channel,
        action, direction, pairs, _attributes(record.get("attributes")), region, locale, agent, team,
    )  # fmt: skip
    touchpoint = Touchpoint(*content, address, content_hash(content), load=load)
    if action == DESCRIBED:  # goes the way of what is too late, as what is excluded does
        touchpoint.late_ms, touchpoint.too_late = DESCRIBES, True
    return touchpoint


def clamp(record: dict[str, Any], limits: Limits, now_ms: int) -> bool:
    """In place: what would be `in_the_future` happened when it was stored, and says as attribute STAMPED what its source said.

    -> whether it was.  Raises Rejected.  Before the hash of the content is made, so that copies stored at different times are
    copies with different content: the smallest hash wins in state and table alike.
    """
    said_ms = _epoch_ms(_required(record, "occurred_at"))
    if not now_ms + limits.future_ms < said_ms <= LATEST_MS:
        return False
    attributes = record.get("attributes")
    if attributes is None or isinstance(attributes, dict):
        said = (EPOCH + timedelta(milliseconds=said_ms)).isoformat(timespec="milliseconds")
        record["attributes"] = {**(attributes or {}), STAMPED: said}
    record["occurred_at"] = now_ms
    return True


def _required(record: Mapping[str, Any], name: str) -> Any:
    value = record.get(name)
    if value is None or value == "":
        raise Rejected("missing_field", f"{name} is missing or empty")
    return value


def _required_text(record: Mapping[str, Any], name: str) -> str:
    value = _required(record, name)
    if not isinstance(value, str):
        raise Rejected("invalid_value", f"{name} is not a text")
    return value


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Rejected("invalid_value", f"{name} is not a text")
    return value


def _sequence(record: Mapping[str, Any]) -> int:
    value = record.get("sequence") or 0
    if isinstance(value, bool) or not isinstance(value, int) or not -LONG <= value < LONG:
        raise Rejected("invalid_value", "sequence is not a 64-bit integer")
    return value


def _origin(record: Mapping[str, Any]) -> str:
    value = _required(record, "origin")
    if not isinstance(value, str) or value not in ORIGINS:
        raise Rejected("invalid_enum", "origin is none of product, human, system")
    return value


def _direction(record: Mapping[str, Any]) -> str:
    value = record.get("direction") or ""
    if not isinstance(value, str) or value not in DIRECTIONS:
        raise Rejected("invalid_enum", "direction is none of none, inbound, outbound")
    return DIRECTIONS[value]


def _time(value: object, limits: Limits, now_ms: int) -> int:
    ms = _epoch_ms(value)
    if ms < now_ms - limits.oldest_ms:
        raise Rejected("too_old", "occurred_at lies before what the setting oldest_years allows")
    if ms > now_ms + limits.future_ms:
        raise Rejected("in_the_future", "occurred_at lies beyond what the setting future_s allows")
    return ms


def _epoch_ms(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return iso_ms(value)
        except ValueError:
            pass
    raise Rejected("invalid_value", "occurred_at is neither epoch milliseconds nor ISO 8601")


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or not value:
        raise Rejected("missing_identifier", "identifiers is missing or empty")
    pairs = []
    for item in value:
        kind, text = (item.get("type"), item.get("value")) if isinstance(item, dict) else (None, None)
        if not isinstance(kind, str) or not kind or ":" in kind or not isinstance(text, str):
            raise Rejected("invalid_value", "an identifier is not an object with the texts type and value")
        pairs.append((kind, text))
    return tuple(pairs)


def _attributes(value: object) -> dict[str, Scalar]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Rejected("invalid_value", "attributes is not an object")
    for name, item in value.items():
        if not _is_scalar(item):
            raise Rejected("invalid_value", f"attribute {name[:60]} is not a text, 64-bit integer, finite number or boolean")
    return value


def _is_scalar(item: object) -> bool:
    kind = type(item)
    if kind is str or kind is bool:
        return True
    if kind is int:
        return -LONG <= item < LONG  # type: ignore[operator]
    return kind is float and isfinite(item)  # type: ignore[arg-type]
