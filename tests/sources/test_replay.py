"""A replay is the same set, with exact copies and with damaged records that nobody can take for good ones."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from streams.core.decode import record_decoder
from streams.core.identifiers import load_identifiers
from streams.core.intake import Limits, Rejected, touchpoint_of
from streams.sources import wire
from streams.sources.columns import CONTENT, DAMAGE, NUMBER, Column
from streams.sources.replay import COPY, KINDS, Replay, damaged
from streams.sources.rows import Rows, Source
from streams.sources.wire import Encode, Row

ROWS = 4_000
NOW_MS = 1_767_225_600_000
LIMITS = Limits(oldest_ms=50 * 31_556_952_000, future_ms=3_600_000)
DECODE, IDENTIFIERS = record_decoder(), load_identifiers()
MAPPING = f"""
SELECT 'shop' AS source, 'event ' || n AS event_id, TIMESTAMP '2025-06-01' + INTERVAL 1 SECOND * n AS occurred_at,
  'human' AS origin, 'order.delivered' AS action, 'order ' || n % 100 AS identifier_order, n AS attribute_n, '' AS team
FROM range({ROWS}) numbers(n) ORDER BY n
"""


@pytest.fixture
def mapping(tmp_path: Path) -> str:
    (tmp_path / "m.sql").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "t.csv").write_text("a\n1\n", encoding="utf-8")
    return str(tmp_path / "m.sql")


def rows(mapping: str, replay: Replay | None) -> Rows:
    return Rows(Source(mapping, [Path(mapping).with_name("t.csv")], replay=replay), IDENTIFIERS, "")


def everything(mapping: str, replay: Replay | None) -> list[Row]:
    return [row for batch in rows(mapping, replay).batches(999) for row in batch]


def test_a_shuffle_loses_and_adds_nothing(mapping: str) -> None:
    plain, shuffled = everything(mapping, None), everything(mapping, Replay(7))
    assert plain != shuffled
    assert sorted(shuffled) == sorted(plain)


def test_a_seed_gives_the_same_order_each_time_and_another_seed_another(mapping: str) -> None:
    assert everything(mapping, Replay(7, 0.1, 0.01)) == everything(mapping, Replay(7, 0.1, 0.01))
    assert everything(mapping, Replay(7)) != everything(mapping, Replay(8))


def test_copies_are_exact_and_as_many_as_asked(mapping: str) -> None:
    found = Counter(row[DAMAGE] for row in everything(mapping, Replay(7, duplicates=0.1)))
    assert found[0] == ROWS
    assert found[COPY] == pytest.approx(ROWS * 0.1, rel=0.2)
    plain = {row[NUMBER]: row[CONTENT:] for row in everything(mapping, None)}
    assert all(row[CONTENT:] == plain[row[NUMBER]] for row in everything(mapping, Replay(7, duplicates=0.1)))


def test_a_share_of_one_copies_everything_and_of_nothing_nothing(mapping: str) -> None:
    assert Counter(row[DAMAGE] for row in everything(mapping, Replay(7, duplicates=1.0))) == {0: ROWS, COPY: ROWS}
    assert Counter(row[DAMAGE] for row in everything(mapping, Replay(7))) == {0: ROWS}


@pytest.mark.parametrize("form", [wire.avro, wire.json])
def test_every_kind_of_damage_is_refused(mapping: str, form: Callable[[Sequence[Column]], Encode]) -> None:
    """A damaged record that passed would be a false touchpoint; the reason is the one that the kind names."""
    opened = rows(mapping, Replay(3, broken=0.2))
    damage = damaged(opened.columns, form(opened.columns.content))
    seen: Counter[str] = Counter()
    for row in (row for batch in opened.batches(999) for row in batch if row[DAMAGE] > 0):
        kind = KINDS[row[DAMAGE] - 1]
        seen[kind] += 1
        assert refusal(damage(row)) == {"truncated": "undecodable", "garbage": "undecodable", "empty": "undecodable"}.get(
            kind, kind
        )
    assert set(seen) == set(KINDS)


def refusal(value: bytes | None) -> str:
    """Why intake's checks refuse these bytes; fails when they do not."""
    with pytest.raises(Rejected) as rejected:
        touchpoint_of(DECODE(value), IDENTIFIERS, LIMITS, NOW_MS)
    return str(rejected.value.reason)
