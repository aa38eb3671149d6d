"""A version of a definition never means two things."""

from typing import Any

import pytest
from hypothesis import given

from streams.core.calendar.read import load_calendars
from streams.core.definition import Bundle, bundle_of
from streams.core.definition.meaning import clashes, meaning
from tests.core.worlds import always, bodies, definition

ORDER = """\
journey: order
version: 1
instance: order
opens: opened
calendar: care
closes: {done: closed, lost: cancelled}
effort: {ask.*: 1}
breakages:
  quiet: {absence: {after: asked, of: told, within: 4 working hours}, owner: care, severity: warning}
  late: {absence: {after: asked, of: told, within: 9h}}
cases: [{name: asked, given: [[0h, opened]], at: 9h, expect: {late: 0}}]
"""
CALENDAR = 'calendars: {care: {zone: UTC, hours: {mon-fri: "09:00-17:00"}}, spare: {zone: UTC, hours: {mon: "09:00-17:00"}}}'


def bundle(text: str = ORDER, calendars: str = CALENDAR) -> Bundle:
    return bundle_of([("order.yaml", text)], calendars=load_calendars(calendars, "calendars.yaml"))


def changed(old: str, new: str, text: str = ORDER) -> str:
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 1\nabout: words"),
        ("owner: care", "owner: sales, about: words, runbook: link"),
        ("{late: 0}", "{late: 0, quiet: 0}"),
        ("9h}}", "540m}}"),
        ("opens: opened", "opens: {action: opened}"),
    ],
)
def test_words_owners_cases_and_ways_of_writing_may_change_within_a_version(old: str, new: str) -> None:
    assert clashes([bundle()], bundle(changed(old, new))) == []


def test_the_order_of_rules_may_change_within_a_version() -> None:
    first, second = (line for line in ORDER.splitlines() if line.startswith("  "))
    assert clashes([bundle()], bundle(changed(f"{first}\n{second}", f"{second}\n{first}"))) == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("9h}}", "8h}}", "breakages.late.absence.within.default"),
        ("severity: warning", "severity: critical", "breakages.quiet.severity"),
        ("{done: closed, lost: cancelled}", "{lost: cancelled, done: closed}", "closes"),
        ("  late:", "  later:", "breakages.late"),
        ("effort: {ask.*: 1}", "effort: {ask.*: 2}", "effort"),
        ("opens: opened", "opens: opened\nexpires: 9d", "expires"),
    ],
)
def test_a_changed_meaning_needs_a_new_version(old: str, new: str, place: str) -> None:
    text = changed(old, new).replace("{late: 0}", "{quiet: 0}")
    (clash,) = clashes([bundle()], bundle(text))
    assert (clash.definition, clash.version, clash.newest) == ("order", 1, 1)
    assert clash.places[0] == place
    assert str(clash).endswith("so set `version: 2` for the new meaning")
    assert clashes([bundle()], bundle(changed("version: 1", "version: 2", text))) == []


def test_the_calendars_that_a_definition_names_belong_to_its_meaning() -> None:
    (clash,) = clashes([bundle()], bundle(calendars=changed("mon-fri", "mon-sat", CALENDAR)))
    assert clash.places[0].startswith("calendars.care")
    assert clashes([bundle()], bundle(calendars=changed("{mon:", "{tue:", CALENDAR))) == []


def test_all_versions_ever_published_count() -> None:
    """Going back to what a version meant is fine; giving it another meaning names the next free version."""
    second = bundle(changed("version: 1", "version: 2", changed("9h}}", "8h}}")))
    assert clashes([bundle(), second], bundle()) == []
    (clash,) = clashes([bundle(), second], bundle(changed("9h}}", "7h}}")))
    assert (clash.version, clash.newest) == (1, 2)
    assert "set `version: 3`" in str(clash)


@given(bodies, bodies)
@always
def test_two_definitions_clash_if_and_only_if_they_are_described_differently(one: dict[str, Any], other: dict[str, Any]) -> None:
    """What has travelled as JSON means the same."""
    first, second = Bundle.of([definition(one)]), Bundle.of([definition(other)])
    assert clashes([Bundle.from_json(first.to_json())], first) == []
    same = first.content_hash == second.content_hash
    assert same <= (clashes([first], second) == [])
    assert bool(clashes([first], second)) == bool(clashes([second], first))
    assert meaning(first, first.definitions[0])["breakages"].keys() == one["breakages"].keys()
