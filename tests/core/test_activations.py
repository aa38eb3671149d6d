"""Which version judges a journey: the last that was activated for the time at which it opened."""

import pytest

from streams.core.log import Activation
from streams.core.stitch.judging import Judge, Rows
from streams.core.stitch.opened import Opened
from streams.core.stitch.state import Bucket
from streams.core.verdict import NEVER, UNKNOWN
from tests.core.story import HOUR_MS, touch
from tests.integration.definitions import bundle

TICKET = "journey: order\nversion: VERSION\ninstance: order\nopens: opened\n"
BUNDLES = {str(number): bundle(TICKET.replace("VERSION", str(number))) for number in (1, 2, 3)}
FIRST, FROM_5, FROM_9 = Activation("1", NEVER), Activation("2", 5 * HOUR_MS), Activation("2", 9 * HOUR_MS)


def versions(*activations: Activation) -> list[int]:
    """Of journeys that opened at 1, 6 and 12 o'clock."""
    judge, found = Judge(BUNDLES.__getitem__), []
    judge.activate(list(activations))
    for hour in (1, 6, 12):
        opened, rows = Opened("order:o", "order:o", Bucket()), Rows()
        opened.take([touch(hour, "opened")])
        judge.judge(opened, UNKNOWN, 0, rows)
        found += [row["definition_version"] for row in rows.journeys]
    return found


@pytest.mark.parametrize(
    ("activations", "expected"),
    [
        ([FIRST], [1, 1, 1]),
        ([FIRST, FROM_5], [1, 2, 2]),
        ([FIRST, FROM_5, Activation("3", 9 * HOUR_MS)], [1, 2, 3]),
        ([FIRST, FROM_9, Activation("3", 5 * HOUR_MS)], [1, 3, 3]),
        ([FIRST, FROM_5, Activation("3", NEVER)], [3, 3, 3]),
        ([FIRST, FROM_5, FIRST], [1, 1, 1]),
        ([FIRST, Activation("3", NEVER), FROM_5], [3, 2, 2]),
        ([FIRST, FROM_5, Activation("3", 5 * HOUR_MS)], [1, 3, 3]),
    ],
)
def test_an_activation_takes_the_place_of_all_before_it_from_its_time_on(
    activations: list[Activation], expected: list[int]
) -> None:
    assert versions(*activations) == expected


PAID = bundle("journey: order\nversion: 4\ninstance: order\nopens: paid\n")


@pytest.mark.parametrize(("hour", "expected"), [(1, [1]), (6, [])])
def test_what_a_version_does_not_open_an_older_one_may_have_opened_in_its_own_time(hour: int, expected: list[int]) -> None:
    """From 5 o'clock on an order opens when it is paid, which these never are."""
    judge, opened, rows = Judge({**BUNDLES, "4": PAID}.__getitem__), Opened("order:o", "order:o", Bucket()), Rows()
    judge.activate([FIRST, Activation("4", 5 * HOUR_MS)])
    opened.take([touch(hour, "opened")])
    judge.judge(opened, UNKNOWN, 0, rows)
    assert [row["definition_version"] for row in rows.journeys] == expected
