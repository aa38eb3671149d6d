"""How long rows of a region are kept: {"default": "1095d", "eu": "365d"}; a region that is not named has the default, or no end."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

DEFAULT = "default"
DAY_MS = 86_400_000
MOST_DAYS = 18_250  # fifty years: the database counts a row's last moment up to 2106
_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_DAYS = re.compile(r"([0-9]{1,5})d")


def _days(value: object) -> int:
    found = _DAYS.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 1 <= int(found[1]) <= MOST_DAYS:
        raise ValueError(f"expected whole days such as 365d, 1d to {MOST_DAYS}d, got `{value}`")
    return int(found[1])


def _region(value: object) -> str:
    if isinstance(value, str) and _REGION.fullmatch(value):
        return value
    raise ValueError(f"`{value}` is no region: expected letters, digits, `-`, `_` and `.`, 40 at the most")


Days = Annotated[int, PlainValidator(_days), PlainSerializer(lambda days: f"{days}d")]
Region = Annotated[str, PlainValidator(_region)]
Retention = dict[Region, Days]


def shortest_ms(retention: Mapping[str, int]) -> int | None:
    """What has no region is kept for so long; None: for ever."""
    return min(retention.values()) * DAY_MS if retention else None


def longest_ms(retention: Mapping[str, int]) -> int | None:
    """After this nothing of any region is kept; None: of some it is for ever."""
    return max(retention.values()) * DAY_MS if DEFAULT in retention else None
