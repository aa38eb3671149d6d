"""What is wrong with a definition is said with its line, all of it at once, and with the remedy."""

from textwrap import dedent

import pytest

from streams.core.calendar.read import load_calendars
from streams.core.definition import DefinitionError, bundle_of, load

RIGHT = "journey: order\nversion: 1\ninstance: order\nopens: opened\n"


def problems(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as raised:
        load(text, "f.yaml")
    return [str(problem).removeprefix("f.yaml:") for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("expire: 3d", "5: expire: unknown key `expire`; did you mean `expires`?"),
        ("stages: {a: {form: x, to: y}}", "5: stages.a: `from` is missing"),
        ("stages: {a: {from: x, to: y, form: 1}}", "5: stages.a.form: unknown key `form`; did you mean `from`?"),
        ("breakages: {absence: {absence: {after: a, of: b, within: 1h, whithin: 1}}}", "did you mean `within`?"),
        ("closes: {Done: x}", "5: closes.Done: expected a name of small letters, digits and `_`, got `Done`"),
        (
            "keeps: {a: {of: [x, person.described], take: count}}",
            "5: keeps.a.of.1: `person.described` says what a person is and is",
        ),
        (
            "closes: {Done: {action: [x, person.described]}}",
            "5: closes.Done: `person.described` says what a person is and is part of no",
        ),
        ("cases: [{name: a, given: [[1h, person.described]], at: 1h, expect: {}}]", "is part of no journey: select what happened"),
        ("closes: {expired: x}", "5: closes.expired: `expired` is set by Throughline itself: take another name"),
        ("keeps: {promises_without_due: {of: a, take: count}}", "is set by Throughline itself: take another name"),
        (
            "expires: 3 days",
            "5: expires: expected a duration like `90s`, `30m`, `4h` or `7d`, or `4 working hours`, `5 working days`, got `3 days`",
        ),
        ("expires: 40000d", "5: expires: `40000d` is longer than 36500d"),
        ("cases: [{name: a, given: [], at: 5 working days, expect: {}}]", "stands where only elapsed time can"),
        ("expires: 40000 working days", "5: expires: `40000 working days` is longer than 10000 working days"),
        ("outcome: middle", "5: outcome: expected 'first' or 'last', got `middle`"),
        ("version: 0", "5: `version` is there twice"),
        ("calendar: Care", "5: calendar: expected a name of small letters"),
        ("pauses: {from: a}", "5: pauses: `to` is missing"),
        ("stages: {s: {from: a, to: b, paused: true}}", "5: stages.s.paused: `paused: true` needs `pauses`"),
        ("effort: {call.*: much}", "5: effort.call.*: a valid number, got `much`"),
        ("keeps: {a: {of: x, take: last}}", "5: keeps.a: `take: last` needs a `value`"),
        ("keeps: {a: {of: x, take: last, value: keeps.b}}", "`keeps.b` is one value for the whole journey"),
        ("keeps: {a: {of: x, take: last, value: chanel}}", "`chanel` is no path; did you mean `channel`?"),
        ("promises: {a: {made_by: x, due: 1h, kept_by: y, zone: UTC}}", "5: promises.a: `zone` needs `grain: day`"),
        ("promises: {a: {made_by: x, due: 1h, kept_by: y, grain: day, zone: Mars/A}}", "no time zone is called `Mars/A`"),
        ("promises: {a: {made_by: x, due: {BR: 1h}, kept_by: y}}", "expected `default` for the regions that are not named"),
        ("promises: {a: {made_by: x, due: tomorrow, kept_by: y}}", "5: promises.a.due: `tomorrow` is no path"),
        ("promises: {a: {made_by: x, due: 3x, kept_by: y}}", "5: promises.a.due: expected a duration"),
        ("promises: {a: {made_by: x, due: 1h, kept_by: y, paused: true}}", "5: promises.a.paused: `paused: true` needs `pauses`"),
        ("promises: {a: {made_by: x, due: keeps.b, kept_by: y}}", "5: promises.a.due: no fact is called `b`; there is none"),
        ("breakages: {a: {promise: b}}", "5: breakages.a.promise: no promise is called `b`; there is none"),
        (
            "breakages: {a: {severity: info}}",
            "5: breakages.a: expected exactly one of `absence`, `promise`, `count`, `sequence`, `threshold`",
        ),
        ("breakages: {a: {absence: {after: a, of: b, within: 1h}, promise: b}}", "expected exactly one of"),
        ("breakages: {a: {absence: {after: a, of: b, within: 1h}, per: person}}", "`per: person` needs `scope: person`"),
        (
            "breakages: {a: {absence: {after: a, of: b, within: journey}, scope: person}}",
            "`within: journey` belongs to one journey",
        ),
        (
            "breakages: {a: {count: {of: b, at_least: 2}, scope: person}}",
            "5: breakages.a.count: a count over a person needs `within`, or",
        ),
        (
            "breakages: {a: {sequence: {steps: [a, b]}, scope: person}}",
            "5: breakages.a.sequence: a sequence over a person needs `within`",
        ),
        ("breakages: {a: {count: {over: journeys, at_least: 2}}}", "`over: journeys` looks at all journeys of a person"),
        ("breakages: {a: {count: {over: journeys, of: b, at_least: 2}, scope: person}}", "journeys are counted as they are"),
        ("breakages: {a: {count: {at_least: 2}}}", "5: breakages.a.count: `of` is missing"),
        ("breakages: {a: {count: {of: b, at_least: 0}}}", "5: breakages.a.count.at_least: expected at least 1, got `0`"),
        (
            "breakages: {a: {sequence: {steps: [x], within: 1h}}}",
            "5: breakages.a.sequence.steps: expected at least 2 of them, got 1",
        ),
        ("breakages: {a: {sequence: {order: [x, y]}}}", "5: breakages.a.sequence.order.0: no stage is called `x`"),
        (
            "breakages: {a: {sequence: {steps: [x, y], order: [x, y]}}}",
            "expected exactly one of `steps`, `over: journeys` and `order`",
        ),
        ("breakages: {a: {sequence: {order: [x, y], within: 3d}}}", "`within` does not go with `order`"),
        (
            "breakages: {a: {scope: person, sequence: {over: journeys, "
            "gap: {from: closed, to: opened, at_least: 9d, at_most: 8d}}}}",
            "`at_least` is longer than `at_most`: no gap is both",
        ),
        ("breakages: {a: {threshold: {of: x, value: attributes.a}}}", "nothing is compared"),
        (
            "breakages: {a: {absence: {after: {breaks: x}, of: b, within: 1h}}}",
            "absence.after.breaks: no rule is called `x`; expected `a`",
        ),
        (
            "breakages: {a: {absence: {after: {breaks: case.x}, of: b, within: 1h}}}",
            "`case.x` breaks in another journey: only a rule with",
        ),
        ("breakages: {a: {absence: {after: {breaks: 3}, of: b, within: 1h}}}", "`3` names no breakage"),
        (
            "closes: {x: {breaks: a}}\nbreakages: {a: {count: {of: b, at_least: 2}}}",
            "5: closes.x.breaks: only the selectors of `breakages` can mean",
        ),
        ("breakages: {a: {absence: {after: a, of: b, within: 1h}, if: {outcome: lost}}}", "no outcome is called `lost`"),
        ("breakages: {a: {absence: {after: a, of: b, within: 1h}, if: {promis.x: kept}}}", "unknown condition `promis.x`"),
        ("closes: {x: {any: []}}", "5: closes.x.any:"),
        ("closes: {x: {}}", "an empty selector says nothing"),
        ("closes: {x: {origin: {}}}", "an empty condition says nothing"),
        ("closes: {x: {where: {a: {matches: '('}}}}", "`(` is no regular expression of RE2: missing ): ("),
        ("closes: {x: {not: {changes: {teams: {}}}}}", "5: closes.x.not.changes.teams: `teams` is no path; did you mean `team`?"),
        ("closes: {x: {time: {inside: true}}}", "5: closes.x.time: `calendar` is missing"),
        ("closes: {x: {any: [{chanel: web}]}}", "5: closes.x.any.0.chanel: unknown key `chanel`; did you mean `channel`?"),
        ("closes: {x: 3}", "expected a mapping, got `3`"),
        ("cases: [{name: a, given: [[0h]], at: 1h, expect: {}}]", "5: cases.0.given.0: expected [DURATION, ACTION"),
        ("cases: [{name: a, given: [], at: 1h, expect: {x: 1}}]", "5: cases.0.expect.x: no rule is called `x`; there is none"),
        ("cases: [{name: a, given: [[0h, b, {}, {arives: 1h}]], at: 1h, expect: {}}]", "is {arrives: DURATION}"),
        ("breakages: {a: {promise: b}}\ncases: [{name: a, given: [], at: 1h, expect: {a: often}}]", "got `often`"),
    ],
)
def test_each_mistake_is_named_with_its_place(body: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(RIGHT + body)), problems(RIGHT + body)


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        ("{episode: {gap: 0d}}", "3: instance.episode: `gap` of no length"),
        ("{episode: {by: team}}", "3: instance.episode: `gap` is missing"),
        ("[order]", "3: instance: expected an identifier type like `order`"),
    ],
)
def test_an_instance_is_an_identifier_type(instance: str, expected: str) -> None:
    (problem,) = problems(f"journey: a\nversion: 1\ninstance: {instance}\nopens: x\n")
    assert problem.startswith(expected)


def test_an_instance_is_one_of_the_known_types() -> None:
    assert load(RIGHT, "f.yaml", {"order", "case"}).instance == "order"
    with pytest.raises(DefinitionError, match=r"f.yaml:3: instance: no identifier type is called `order`; did you mean `orders`\?"):
        load(RIGHT, "f.yaml", {"orders", "case"})


def test_all_problems_are_said_at_once_in_order_of_lines() -> None:
    text = """\
        journey: Order
        instance: order
        opens: {actoin: a}
        promises:
          p: {made_by: a, due: attributes.x, kept_by: b, paused: true}
        breakages:
          a: {promise: q, severity: high}
          b: {threshold: {of: x}}
        """
    assert problems(dedent(text)) == [
        "1: `version` is missing",
        "1: journey: expected a name of small letters, digits and `_`, got `Order`",
        "3: opens.actoin: unknown key `actoin`; did you mean `action`?",
        "5: promises.p.paused: `paused: true` needs `pauses` in the definition: when the clock stands still",
        "7: breakages.a.promise: no promise is called `q`; expected `p`",
        "7: breakages.a.severity: expected 'info', 'warning' or 'critical', got `high`",
        "8: breakages.b.threshold: `value` is missing",
    ]


CARE = "calendars: {care: {zone: UTC, hours: {mon-fri: '09:00-17:00'}}}"
ROUND = """
breakages:
  a: {absence: {after: {breaks: b}, of: x, within: 1h}}
  b: {absence: {after: {any: [y, {breaks: c}]}, of: x, within: 1h}}
  c: {count: {of: {breaks: a}, at_least: 1}}
"""
OTHER = """journey: case
version: 1
instance: case
opens: x
breakages: {a: {absence: {after: {breaks: order.late}, of: x, within: 1h}, scope: person}}
"""


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([RIGHT + "calendar: cares\n"], "0.yaml:5: calendar: no calendar is called `cares`; did you mean `care`?"),
        ([RIGHT + ROUND], "0.yaml:7: breakages.a: breakages wait for one another: order.a -> order.b -> order.c -> order.a; take"),
        ([RIGHT, OTHER], "1.yaml:5: breakages.a.absence.after.breaks: `order` has no rule `late`; there is none"),
        ([OTHER], "0.yaml:5: breakages.a.absence.after.breaks: no journey is called `order`"),
    ],
)
def test_what_only_all_definitions_show_is_said_with_its_line(texts: list[str], expected: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        bundle_of([(f"{number}.yaml", text) for number, text in enumerate(texts)], calendars=load_calendars(CARE, "calendars.yaml"))
    assert [str(each)[: len(expected)] for each in raised.value.problems] == [expected]


def test_a_bundle_says_what_is_wrong_in_all_files() -> None:
    with pytest.raises(DefinitionError) as raised:
        bundle_of([("a.yaml", RIGHT), ("b.yaml", RIGHT), ("c.yaml", "journey: x")])
    assert [str(each) for each in raised.value.problems] == [
        "b.yaml:1: journey: `order` is already defined in a.yaml",
        "c.yaml:1: `instance` is missing",
        "c.yaml:1: `opens` is missing",
        "c.yaml:1: `version` is missing",
    ]


@pytest.mark.parametrize("text", ["3", "[]", "text", "journey"])
def test_what_is_no_mapping_is_said(text: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith("1: expected a mapping")
