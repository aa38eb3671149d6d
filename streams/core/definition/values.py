"""The small words of the language, checked where they stand: durations, paths, patterns, names, zones."""

import math
import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

from streams.core.definition.patterns import expression
from streams.core.definition.problems import later, meant
from streams.core.touchpoint import Scalar

UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LONGEST_MS = 36_500 * UNIT_MS["d"]
DIMENSIONS = ("origin", "channel", "direction", "team", "agent", "region", "source")
ALWAYS = "always"
DEFAULT_REGION = "default"

_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_WORKING = re.compile(r"[0-9]+ working (hours?|days?)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYED_PATH = re.compile(r"(attributes|identifiers|keeps)\..+")


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
        if found := _WORKING.fullmatch(value):
            raise wrong(later(f"working {found[1]}"))
    raise wrong(f"expected a duration like `90s`, `30m`, `4h` or `7d`, got `{value}`")


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


def _calendar(value: object) -> str:
    if value != ALWAYS:
        raise wrong(later("calendar") + f", except `{ALWAYS}`")
    return ALWAYS


def _regional(value: object) -> object:
    return {DEFAULT_REGION: value} if isinstance(value, str) else value


def _has_default(value: dict[str, int]) -> dict[str, int]:
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


def refused(*values: object) -> BeforeValidator:
    """Values that are part of the language, and not in this version yet."""

    def check(value: Any) -> Any:
        if any(value is each or (isinstance(value, str) and value == each) for each in values):
            raise wrong(later(str(value) if isinstance(value, str) else "paused"))
        return value

    return BeforeValidator(check)


Name = Annotated[str, PlainValidator(_name)]
Value = Annotated[Scalar, PlainValidator(_scalar)]
Path = Annotated[str, PlainValidator(_path)]
TouchpointPath = Annotated[str, PlainValidator(_touchpoint_path)]
Regex = Annotated[str, PlainValidator(_regex)]
Zone = Annotated[str, PlainValidator(_zone)]
Calendar = Annotated[str, PlainValidator(_calendar)]
DurationMs = Annotated[int, PlainValidator(duration_ms), PlainSerializer(lambda length_ms: f"{length_ms}ms")]
ByRegionMs = Annotated[dict[str, DurationMs], BeforeValidator(_regional), AfterValidator(_has_default)]
NotPaused = Annotated[bool, refused(True)]
