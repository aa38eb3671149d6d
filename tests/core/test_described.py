"""What only describes a person lands, and is news of nothing: it links nobody, belongs to no journey and moves no clock."""

import pytest
from msgspec import structs

from streams.agents.intake_batch import Reader, Taken
from streams.agents.marks import LOAD_HEADER
from streams.core.lateness import SourceClock
from streams.core.touchpoint import DESCRIBED, Scalar
from streams.core.verdict import NEVER
from streams.history import people_of
from streams.settings import Settings
from tests.core.test_excluded import CARRIED
from tests.core.test_future import IDENTIFIERS, START_MS, stored

SETTINGS = Settings(excluded_purposes=("analytics",), late_horizon_s=60)


def taken(action: str = DESCRIBED, load: str = "", said_ms: int = NEVER, **attributes: Scalar) -> Taken:
    record = stored(START_MS, START_MS, action=action, identifiers=CARRIED, attributes={"person_tier": "gold", **attributes})
    if load:
        record.headers = ((LOAD_HEADER, load.encode()),)
    return Reader(SETTINGS, IDENTIFIERS).take([record], SourceClock(said_ms=said_ms), START_MS)


@pytest.mark.parametrize("load", ["", "crm"])
@pytest.mark.parametrize("said_ms", [NEVER, START_MS + 30_000, START_MS + 86_400_000])
def test_a_description_lands_once_and_is_news_of_nothing(load: str, said_ms: int) -> None:
    """However late it comes, and whatever brings it."""
    found = taken(load=load, said_ms=said_ms)
    (touchpoint,) = found.touchpoints
    assert (touchpoint.too_late, touchpoint.late_ms, touchpoint.address, touchpoint.load) == (True, -1, "order:1", load)
    assert (found.links, found.newest_ms) == ([], NEVER)
    assert (found.accepted, found.described, found.excluded, found.too_late) == (1, 1, 0, 0)


def test_what_happened_and_says_something_besides_is_used_as_ever() -> None:
    found = taken("tier.changed")
    assert [(each.address, each.too_late) for each in found.touchpoints] == [("order:1", False), ("case:1", False)]
    assert (found.newest_ms, found.described) == (START_MS, 0)
    assert found.links


def test_a_description_for_an_excluded_purpose_is_excluded() -> None:
    found = taken(purpose="analytics")
    assert [(each.too_late, each.late_ms) for each in found.touchpoints] == [(True, 0)]
    assert (found.described, found.excluded, found.newest_ms) == (0, 1, NEVER)


def test_whoever_judges_all_at_once_leaves_descriptions_out() -> None:
    (described,) = taken().touchpoints
    happened = taken("tier.changed").touchpoints[0]
    other = structs.replace(described, event_id="e2")
    assert people_of([happened, other], IDENTIFIERS) == people_of([happened], IDENTIFIERS)
