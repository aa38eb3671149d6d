"""Cases: stories beside a definition are told to it, and what they expect is compared."""

from textwrap import dedent

import pytest

from streams.core.definition import bundle_of
from streams.core.journey import run_cases
from tests.core.story import HEAD

RULES = """\
    promises: {p: {made_by: opened, due: attributes.until, kept_by: {action: kept, origin: human, where: {well: true}}}}
    breakages:
      late: {promise: p}
      quiet: {absence: {after: asked, of: told, within: 4h, waits: each, same: [identifiers.item]}, per: occurrence}
    cases:
    """


def failures(case: str) -> list[str]:
    bundle = bundle_of([("order.yaml", HEAD + dedent(RULES + f"      - {{name: it, {case}}}\n"))])
    return [str(failure) for failure in run_cases(bundle, bundle.definitions[0])]


OPENED = "[0h, opened, {until: 5h}]"
WELL = "{origin: human, well: true}"
ASKED_TWICE = "[1h, asked, {identifiers.item: a}], [2h, asked, {identifiers.item: b}]"


@pytest.mark.parametrize(
    "case",
    [
        f"given: [{OPENED}], at: 6h, expect: {{late: open}}",
        f"given: [{OPENED}], at: 5h, expect: {{late: 0}}",
        f"given: [{OPENED}, [4h, kept, {WELL}]], at: 6h, expect: {{late: 0}}",
        f"given: [{OPENED}, [4h, kept, {{origin: system, well: true}}]], at: 6h, expect: {{late: 1}}",
        f"given: [{OPENED}, [7h, kept, {WELL}]], at: 8h, expect: {{late: recovered}}",
        f"given: [{OPENED}, [4h, kept, {WELL}, {{arrives: 6h}}]], at: 8h, expect: {{late: withdrawn}}",
        f"given: [{OPENED}, [4h, kept, {WELL}, {{arrives: 9h}}]], at: 8h, expect: {{late: open}}",
        f"given: [[0h, opened], {ASKED_TWICE}, [3h, told, {{identifiers.item: b}}]], at: 9h, expect: {{quiet: 1}}",
    ],
)
def test_a_case_that_holds(case: str) -> None:
    assert failures(case) == []


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("given: [[0h, opened, {until: 5h}]], at: 6h, expect: {late: 0}", "late: expected 0, found 1"),
        ("given: [[0h, opened, {until: 5h}]], at: 6h, expect: {late: recovered}", "late: expected recovered, found open"),
        ("given: [[0h, opened, {until: 5h}]], at: 4h, expect: {late: withdrawn}", "late: expected withdrawn, found none"),
        ("given: [], at: 4h, expect: {quiet: 2}", "quiet: expected 2, found 0"),
    ],
)
def test_a_case_that_does_not_hold_is_told(case: str, expected: str) -> None:
    assert failures(case) == [f"order: it: {expected}"]
