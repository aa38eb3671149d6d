"""Hard replays for tests and demos: in random order, with copies, and with damaged records beside the good ones.

A seed gives the same replay each time and everywhere: order and choice come from MD5 of the row's number.
"""

from collections.abc import Callable
from dataclasses import dataclass

from streams.sources.columns import CONTENT, DAMAGE, Columns
from streams.sources.contract import IDENTIFIERS
from streams.sources.wire import Encode, Row

_LONG_AGO_MS = -2_208_988_800_000  # 1900
_FAR_AHEAD_MS = 7_258_118_400_000  # 2200
_UNKNOWN_SCHEMA = b"\0\xff\xff\xff\xff"
_DRAWS = f"{1 << 64}.0"
COPY = -1
KINDS = ("truncated", "unknown_schema", "invalid_enum", "missing_identifier", "too_old", "in_the_future", "garbage", "empty")


@dataclass(frozen=True)
class Replay:
    """Shares are between 0 and 1, of the rows; copies are exact, damaged records come in addition to the good ones."""

    seed: int
    duplicates: float = 0.0
    broken: float = 0.0

    def total(self, rows: int) -> int:
        """About how many records so many rows become."""
        return round(rows * (1 + self.duplicates + self.broken))


def select(columns: Columns, replay: Replay | None) -> str:
    """-> the SELECT of all rows in the order of the replay; DAMAGE is 0, COPY, or the number of one of KINDS, from 1."""
    if replay is None:
        return columns.select
    draw = f"md5_number_lower(concat('{replay.seed}/', copy, '/', number))"
    share = f"CASE copy WHEN 1 THEN {replay.duplicates} ELSE {replay.broken} END"
    chosen = f"refused IS NULL AND {draw} / {_DRAWS} < {share}"
    kind = f"CAST(1 + md5_number_upper(concat('{replay.seed}/', number)) % {len(KINDS)} AS BIGINT)"
    return (
        f"SELECT * EXCLUDE (copy) REPLACE (CASE copy WHEN 0 THEN 0 WHEN 1 THEN {COPY} ELSE {kind} END AS damage) "
        f"FROM ({columns.select}) CROSS JOIN (VALUES (0), (1), (2)) copies(copy) WHERE copy = 0 OR ({chosen}) "
        f"ORDER BY {draw}, number, copy"
    )


def damaged(columns: Columns, encode: Encode) -> Callable[[Row], bytes | None]:
    """-> row -> its value, damaged in the way that DAMAGE says."""
    places = {column.name: CONTENT + place for place, column in enumerate(columns.content) if column.field.name == column.name}
    known = {
        CONTENT + place: {"count": 0, "list": []}.get(column.kind)
        for place, column in enumerate(columns.content) if column.field.name == IDENTIFIERS
    }  # fmt: skip

    def change(row: Row, changes: dict[int, object]) -> bytes:
        return encode(tuple(changes.get(place, value) for place, value in enumerate(row)))

    ways: dict[str, Callable[[Row], bytes | None]] = {
        "truncated": lambda row: encode(row)[: len(encode(row)) // 2],
        "unknown_schema": lambda row: _UNKNOWN_SCHEMA + encode(row),
        "invalid_enum": lambda row: change(row, {places["origin"]: "nobody"}),
        "missing_identifier": lambda row: change(row, known),
        "too_old": lambda row: change(row, {places["occurred_at"]: _LONG_AGO_MS}),
        "in_the_future": lambda row: change(row, {places["occurred_at"]: _FAR_AHEAD_MS}),
        "garbage": lambda row: b"\xff" + encode(row),
        "empty": lambda _: None,
    }
    return lambda row: ways[KINDS[row[DAMAGE] - 1]](row)
