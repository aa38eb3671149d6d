"""Touchpoints of excluded purposes land, and are neither linked nor part of any journey."""

import pytest

from streams.agents.intake_batch import Reader, Taken
from streams.core.lateness import SourceClock
from streams.settings import Settings
from tests.core.test_future import IDENTIFIERS, START_MS, stored

SETTINGS = Settings(excluded_purposes=("analytics", "profiling"))
CARRIED = [
    {"type": "customer", "value": "1"}, {"type": "email", "value": "a@b.test"}, {"type": "order", "value": "1"},
    {"type": "case", "value": "1"},
]  # fmt: skip


def taken(purpose: str | None, clock: SourceClock) -> Taken:
    attributes = {} if purpose is None else {"purpose": purpose}
    record = stored(START_MS, START_MS, attributes=attributes, identifiers=CARRIED)
    return Reader(SETTINGS, IDENTIFIERS).take([record], clock, START_MS)


@pytest.mark.parametrize("purpose", ["analytics", "profiling"])
def test_what_is_excluded_lands_once_and_links_nobody(purpose: str) -> None:
    found = taken(purpose, SourceClock())
    (touchpoint,) = found.touchpoints
    assert (touchpoint.too_late, touchpoint.late_ms, touchpoint.address) == (True, 0, "order:1")
    assert (found.links, found.accepted, found.excluded, found.too_late) == ([], 1, 1, 0)


@pytest.mark.parametrize("purpose", [None, "", "marketing"])
def test_every_other_purpose_is_used(purpose: str | None) -> None:
    found = taken(purpose, SourceClock())
    assert [(each.address, each.too_late) for each in found.touchpoints] == [("order:1", False), ("case:1", False)]
    assert found.links
    assert found.excluded == 0


def test_what_is_excluded_is_not_late_however_late_it_comes() -> None:
    clock = SourceClock(said_ms=START_MS + 365 * 86_400_000)
    late, excluded = taken("marketing", clock), taken("analytics", clock)
    assert (late.too_late, late.excluded, late.touchpoints[0].late_ms > 0) == (1, 0, True)
    assert (excluded.too_late, excluded.excluded, excluded.touchpoints[0].late_ms) == (0, 1, 0)
