"""Clocks that stand still, and clocks that run in working hours only."""

import pytest

from streams.core.calendar.read import load_calendars
from streams.core.definition import compile_definition, load
from tests.core.story import HEAD, HOUR_MS, broken, define, hours, journey, touch, verdict

OPENED = touch(0, "opened")
PAUSED = """
pauses: {from: held, to: freed}
stages: {work: {from: opened, to: done, paused: true}}
promises: {soon: {made_by: opened, due: 10h, kept_by: done, paused: true}}
breakages:
  late: {promise: soon}
  quiet: {absence: {after: opened, of: done, within: 4h, paused: true}}
"""
CARE = """
calendars:
  care: {zone: Europe/Berlin, hours: {mon-fri: '09:00-17:00'}, holidays: ['1970-01-06'], regions: {UTC: {zone: UTC}}}
"""


@pytest.mark.parametrize(
    ("steps", "clock_h", "expected"),
    [
        ([], 4, []),
        ([], 5, [("quiet", "open")]),
        ([(1, "held")], 1_000, []),  # while it lasts, nothing is late
        ([(1, "held"), (50, "freed")], 53, []),  # 1 h gone, 3 h left
        ([(1, "held"), (50, "freed")], 53.1, [("quiet", "open")]),
        ([(1, "held"), (50, "freed")], 59.1, [("late", "open"), ("quiet", "open")]),
        ([(1, "held"), (50, "freed"), (53, "done")], 1_000, []),
        ([(1, "held"), (2, "held"), (50, "freed"), (51, "freed"), (53.5, "done")], 1_000, [("quiet", "recovered")]),
        ([(5, "held")], 1_000, [("quiet", "open")]),  # what was missed before stays missed
        ([(4, "held")], 1_000, [("quiet", "open")]),
        ([(1, "held"), (2, "freed"), (4, "held"), (9, "freed")], 10.1, [("quiet", "open")]),
        ([(-5, "freed"), (-3, "held"), (2, "freed")], 6, []),
    ],
)
def test_time_in_a_pause_does_not_count(steps: list[tuple[float, str]], clock_h: float, expected: list[tuple[str, str]]) -> None:
    found = verdict(define(PAUSED), OPENED, *(touch(*step) for step in steps), clock_h=clock_h)
    assert broken(found) == expected


def test_a_stage_lasts_without_its_pauses_and_a_due_moves_with_them() -> None:
    found = journey(define(PAUSED), OPENED, touch(1, "held"), touch(5, "freed"), touch(13, "done"))
    assert [stage.duration_s for stage in found.stages] == [9 * 3600]
    assert [(hours(each.due_at), each.state) for each in found.promises] == [(14, "kept")]


def test_a_pause_that_lasts_shows_the_due_as_far_as_it_is_known() -> None:
    found = journey(define(PAUSED), OPENED, touch(1, "held"), clock_h=500)
    assert [(hours(each.due_at), each.state) for each in found.promises] == [(10, "open")]


def working(body: str, *steps: tuple[float, str], region: str = "", clock_h: float = 10_000) -> list[tuple[float | None, str]]:
    calendars = load_calendars(CARE, "calendars.yaml")
    definition = compile_definition(load(HEAD + "calendar: care\n" + body, "order.yaml"), calendars)
    story = [touch(hour, action, region=region) for hour, action in [(0, "opened"), *steps]]
    return [(hours(each.due_at), each.state) for each in verdict(definition, *story, clock_h=clock_h).breakages]


QUIET = "breakages: {quiet: {absence: {after: opened, of: done, within: %s}}}"
DAY_H = 24


@pytest.mark.parametrize(
    ("within", "region", "due_h"),
    [  # the epoch is a Thursday, 01:00 in Berlin
        ("4 working hours", "", 12),
        ("4 working hours", "UTC", 13),
        ("8 working hours", "", 16),
        ("9 working hours", "", DAY_H + 9),
        ("90 working minutes", "", 9.5),
        ("1 working day", "", DAY_H + 8),
        ("2 working days", "", 4 * DAY_H + 8),
        ("3 working days", "", 6 * DAY_H + 8),  # Tuesday is a holiday
        ("{default: 9 working hours, UTC: 4h}", "UTC", 4),
    ],
)
def test_a_deadline_in_working_time(within: str, region: str, due_h: float) -> None:
    assert working(QUIET % within, region=region) == [(due_h, "open")]
    assert working(QUIET % within, (due_h, "done"), region=region) == []
    assert working(QUIET % within, (due_h + 0.001, "done"), region=region) == [(due_h, "recovered")]


def test_working_hours_stand_still_as_well() -> None:
    paused = "pauses: {from: held, to: freed}\n" + QUIET % "4 working hours, paused: true"
    assert working(paused, (9, "held"), (DAY_H + 10, "freed")) == [(DAY_H + 13, "open")]


def test_a_stage_knows_its_working_time() -> None:
    definition = compile_definition(
        load(HEAD + "stages: {s: {from: opened, to: done, calendar: care}}", "order.yaml"), load_calendars(CARE, "calendars.yaml")
    )
    (stage,) = journey(definition, OPENED, touch(DAY_H + 10, "done")).stages
    assert (stage.duration_s, stage.working_s) == ((DAY_H + 10) * 3600, 10 * 3600)


def test_touchpoints_in_and_out_of_hours() -> None:
    body = "breakages: {night: {count: {of: {action: asked, time: {calendar: care, inside: false}}, at_least: 1}, per: occurrence}}"
    definition = compile_definition(load(HEAD + body, "order.yaml"), load_calendars(CARE, "calendars.yaml"))
    found = verdict(definition, OPENED, touch(7.9, "asked"), touch(8, "asked"), touch(16.1, "asked"), touch(60, "asked"))
    assert [each.broken_at / HOUR_MS for each in found.breakages] == [7.9, 16.1, 60]
