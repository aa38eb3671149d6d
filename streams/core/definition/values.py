"""The small words of the language, checked where they stand: durations, paths, patterns, names, zones."""

import math
import re
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from streams.core.definition.patterns import expression
from streams.core.definition.problems import meant
from streams.core.touchpoint import Scalar

UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LONGEST_MS = 36_500 * UNIT_MS["d"]
MOST_WORKING_DAYS = 10_000
DIMENSIONS = ("origin", "channel", "direction", "team", "agent", "region", "source")
ALWAYS = "always"
DEFAULT_REGION = "default"

_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_WORKING = re.compile(r"([0-9]+) working (minute|hour|day)s?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYED_PATH = re.compile(r"(attributes|identifiers|keeps)\..+")
_BREAKS = re.compile(r"\*|([a-z][a-z0-9_]*\.)?([a-z][a-z0-9_]*|\*)")


class Span(NamedTuple):
    """A length of time: milliseconds of elapsed time, milliseconds of working time, or whole working days."""

    length: int
    unit: str  # ms, working ms, working days

    def __str__(self) -> str:
        if self.unit == "ms":
            return f"{self.length}ms"
        if self.unit == "working days":
            return f"{self.length} working days"
        return f"{self.length // UNIT_MS['m']} working minutes"


def wrong(message: str) -> PydanticCustomError:
    """A problem of the definition, in our own words."""
    return PydanticCustomError("definition", "{message}", {"message": message})


def duration_ms(value: object) -> int:
    """`90s`, `30m`, `4h`, `7d`, `250ms` in milliseconds."""
    if isinstance(value, str):
        if found := _DURATION.fullmatch(value):
            length_ms = int(found[1]) * UNIT_MS[found[2]]
            if length_ms > LONGEST_MS:
                raise wrong(f"`{value}` is longer than 36500d")
            return length_ms
        if _WORKING.fullmatch(value):
            raise wrong(f"`{value}` stands where only elapsed time can: expected a duration like `90s`, `30m`, `4h` or `7d`")
    raise wrong(f"expected a duration like `90s`, `30m`, `4h` or `7d`, got `{value}`")


def span(value: object) -> Span:
    """A duration, or `30 working minutes`, `4 working hours`, `5 working days`, as the calendar counts them."""
    found = _WORKING.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        try:
            return Span(duration_ms(value), "ms")
        except PydanticCustomError as error:
            message = error.message().replace("`7d`", "`7d`, or `4 working hours`, `5 working days`")
            raise wrong(message) from None
    count, unit = int(found[1]), found[2]
    if count > MOST_WORKING_DAYS * (1 if unit == "day" else 24 if unit == "hour" else 1_440):
        raise wrong(f"`{value}` is longer than {MOST_WORKING_DAYS} working days")
    return Span(count, "working days") if unit == "day" else Span(count * UNIT_MS[unit[0]], "working ms")


def _name(value: object) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise wrong(f"expected a name of small letters, digits and `_`, got `{value}`")


def _scalar(value: object) -> Scalar:
    if isinstance(value, float) and not math.isfinite(value):
        raise wrong("expected a finite number")
    if isinstance(value, str | int | float | bool):
        return value
    raise wrong(f"expected a text, a number, true or false, got {_kind(value)}")


def _path(value: object) -> str:
    if isinstance(value, str) and (value in DIMENSIONS or _KEYED_PATH.fullmatch(value)):
        return value
    hint = meant(str(value), ("attributes.NAME", "identifiers.TYPE", "keeps.FACT", *DIMENSIONS))
    raise wrong(f"`{value}` is no path{hint}")


def _touchpoint_path(value: object) -> str:
    path = _path(value)
    if path.startswith("keeps."):
        raise wrong(f"`{path}` is one value for the whole journey: expected something that each touchpoint carries")
    return path


def _zone(value: object) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (KeyError, OSError, ValueError):
        raise wrong(f"no time zone is called `{value}`: expected a name like `Europe/Berlin` or `UTC`") from None


def _breaks(value: object) -> str:
    if isinstance(value, str) and _BREAKS.fullmatch(value):
        return value
    raise wrong(f"`{value}` names no breakage: expected RULE, JOURNEY.RULE, JOURNEY.* or *")


def _regional(value: object) -> object:
    return {DEFAULT_REGION: value} if isinstance(value, str) else value


def _has_default(value: dict[str, Span]) -> dict[str, Span]:
    if DEFAULT_REGION not in value:
        raise wrong(f"expected `{DEFAULT_REGION}` for the regions that are not named")
    return value


def _regex(value: object) -> str:
    if not isinstance(value, str):
        raise wrong(f"expected a regular expression, got {_kind(value)}")
    try:
        expression(value)
    except ValueError as error:
        raise wrong(f"`{value}` is no regular expression of RE2: {error}") from None
    return value


def _kind(value: object) -> str:
    return "nothing" if value is None else "a list" if isinstance(value, list) else f"`{value}`"


def _text(description: str, **more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": description, **more})


_DURATION_FORM = _text("a duration such as 90s, 30m, 4h, 7d", pattern="^[0-9]+(ms|s|m|h|d)$")
_SPAN_FORM = _text(
    "a duration such as 90s, 30m, 4h, 7d, 4 working hours, 5 working days",
    pattern="^[0-9]+((ms|s|m|h|d)| working (minute|hour|day)s?)$",
)
_PATH_FORM = "one of " + ", ".join(DIMENSIONS) + ", attributes.NAME, identifiers.TYPE"


def _paths(*keyed: str) -> str:
    return rf"^({'|'.join(DIMENSIONS)}|({'|'.join(keyed)})\..+)$"


Name = Annotated[str, PlainValidator(_name), _text("small letters, digits and _", pattern="^[a-z][a-z0-9_]*$")]
Value = Annotated[Scalar, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Path = Annotated[
    str, PlainValidator(_path), _text(_PATH_FORM + ", keeps.FACT", pattern=_paths("attributes", "identifiers", "keeps"))
]
TouchpointPath = Annotated[str, PlainValidator(_touchpoint_path), _text(_PATH_FORM, pattern=_paths("attributes", "identifiers"))]
Regex = Annotated[str, PlainValidator(_regex), _text("a regular expression of RE2, found anywhere unless anchored")]
Zone = Annotated[str, PlainValidator(_zone), _text("a time zone such as Europe/Berlin")]
Breaks = Annotated[str, PlainValidator(_breaks), _text("RULE, JOURNEY.RULE, JOURNEY.* or *", pattern=f"^({_BREAKS.pattern})$")]
DurationMs = Annotated[int, PlainValidator(duration_ms), PlainSerializer(lambda length_ms: f"{length_ms}ms"), _DURATION_FORM]
Length = Annotated[Span, PlainValidator(span), PlainSerializer(str), _SPAN_FORM]
ByRegion = Annotated[dict[str, Length], BeforeValidator(_regional), AfterValidator(_has_default)]
