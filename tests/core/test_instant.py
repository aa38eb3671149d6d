"""One rule for what is finer than a millisecond, wherever a time comes in: it is cut off.

Were it rounded in one place and cut off in another, what happened in the very moment at which it was due would be late.
"""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.settle import epoch_ms
from streams.core.definition.due import instant_ms
from streams.core.identifiers import load_identifiers
from streams.core.instant import EPOCH
from streams.core.intake import Limits, touchpoint_of
from streams.sources.columns import CONTENT
from streams.sources.rows import Rows, Source

CENTURY_MS = 200 * 31_556_952_000
ZONES = st.sampled_from((UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-9, minutes=-30))))
# to the microsecond, and many of them within a millisecond of the end of a day or of the epoch
MOMENTS = st.one_of(
    st.datetimes(datetime(1901, 1, 1), datetime(2099, 1, 1), timezones=ZONES),
    st.integers(-1_500, 1_500).map(lambda us: EPOCH + timedelta(microseconds=us)),
    st.integers(1, 1_500).map(lambda us: datetime(2026, 1, 1, tzinfo=UTC) - timedelta(microseconds=us)),
)


def millisecond_of(moment: datetime) -> int:
    """By whole microseconds, so that nothing can be rounded."""
    since = moment - EPOCH
    return (since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds) // 1_000


def taken_in(text: str) -> int:
    record = {
        "occurred_at": text, "event_id": "1", "source": "t", "origin": "human", "action": "a",
        "identifiers": [{"type": "order", "value": "1"}],
    }  # fmt: skip
    now_ms = millisecond_of(datetime(2100, 1, 1, tzinfo=UTC))
    return touchpoint_of(record, load_identifiers(), Limits(CENTURY_MS, 0), now_ms).occurred_at


@given(MOMENTS)
def test_a_text_is_the_same_millisecond_to_intake_to_a_promise_and_to_settle(moment: datetime) -> None:
    text = moment.isoformat()
    assert {taken_in(text), instant_ms(text), epoch_ms(text)} == {millisecond_of(moment)}


@pytest.mark.parametrize("kind", ["VARCHAR", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_NS"])
def test_a_time_of_a_mapping_is_the_same_millisecond_as_occurred_at_and_as_an_attribute(kind: str, tmp_path: Path) -> None:
    moments = [EPOCH + timedelta(microseconds=us) for us in (-1_001, -1, 0, 1, 999, 1_600_000_000_000_999, 1_767_225_599_999_999)]
    (tmp_path / "t.csv").write_text("\n".join(["moment", *(each.isoformat() for each in moments)]), encoding="utf-8")
    stamp = {"VARCHAR": "CAST(moment AS VARCHAR)", "TIMESTAMPTZ": "moment"}.get(kind, f"CAST(moment AT TIME ZONE 'UTC' AS {kind})")
    (tmp_path / "m.sql").write_text(
        f"SELECT 's' AS source, CAST(row_number() OVER () AS VARCHAR) AS event_id, {stamp} AS occurred_at, 'human' AS origin, "
        f"'a' AS action, 'o' AS identifier_order, {stamp} AS attribute_due FROM t",
        encoding="utf-8",
    )
    rows = Rows(Source(str(tmp_path / "m.sql"), [tmp_path / "t.csv"]), load_identifiers(), "")
    names = [column.name for column in rows.columns.content]
    found = [(row[CONTENT + names.index("occurred_at")], row[CONTENT + names.index("due")]) for row in next(rows.batches(10))]
    assert [(at, instant_ms(due)) for at, due in found] == [(millisecond_of(each), millisecond_of(each)) for each in moments]


def test_the_last_nanosecond_of_a_day_is_of_that_day(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n\n1\n", encoding="utf-8")
    stamp = "TIMESTAMP_NS '2025-12-31 23:59:59.999999999'"
    (tmp_path / "m.sql").write_text(
        f"SELECT 's' AS source, '1' AS event_id, {stamp} AS occurred_at, 'human' AS origin, 'a' AS action, "
        f"'o' AS identifier_order, {stamp} AS attribute_due FROM t",
        encoding="utf-8",
    )
    rows = Rows(Source(str(tmp_path / "m.sql"), [tmp_path / "t.csv"]), load_identifiers(), "")
    ((row,),) = rows.batches(10)
    assert 1_767_225_599_999 in row
    assert "2025-12-31T23:59:59.999Z" in row
