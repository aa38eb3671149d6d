"""What is wrong with a definition is said with its line, all of it at once, and with the remedy."""

from textwrap import dedent

import pytest

from streams.core.definition import DefinitionError, bundle_of, load

RIGHT = "journey: order\nversion: 1\ninstance: order\nopens: opened\n"


def problems(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as raised:
        load(text, "f.yaml")
    return [str(problem).removeprefix("f.yaml:") for problem in raised.value.problems]


LATER = "is part of the language, and not in this version yet"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("expire: 3d", "5: expire: unknown key `expire`; did you mean `expires`?"),
        ("stages: {a: {form: x, to: y}}", "5: stages.a: `from` is missing"),
        ("stages: {a: {from: x, to: y, form: 1}}", "5: stages.a.form: unknown key `form`; did you mean `from`?"),
        ("breakages: {absence: {absence: {after: a, of: b, within: 1h, whithin: 1}}}", "did you mean `within`?"),
        ("closes: {Done: x}", "5: closes.Done: expected a name of small letters, digits and `_`, got `Done`"),
        ("closes: {expired: x}", "5: closes.expired: `expired` is set by Throughline itself: take another name"),
        ("keeps: {promises_without_due: {of: a, take: count}}", "is set by Throughline itself: take another name"),
        ("expires: 3 days", "5: expires: expected a duration like `90s`, `30m`, `4h` or `7d`, got `3 days`"),
        ("expires: 40000d", "5: expires: `40000d` is longer than 36500d"),
        ("expires: 5 working days", f"5: expires: `working days` {LATER}"),
        ("outcome: middle", "5: outcome: expected 'first' or 'last', got `middle`"),
        ("version: 0", "5: `version` is there twice"),
        ("calendar: care", f"5: calendar: `calendar` {LATER}, except `always`"),
        ("look_back: 3d", f"5: look_back: `look_back` {LATER}"),
        ("pauses: {from: a, to: b}", f"5: pauses: `pauses` {LATER}"),
        ("effort: {call.*: much}", "5: effort.call.*: a valid number, got `much`"),
        ("keeps: {a: {of: x, take: last}}", "5: keeps.a: `take: last` needs a `value`"),
        ("keeps: {a: {of: x, take: last, value: keeps.b}}", "`keeps.b` is one value for the whole journey"),
        ("keeps: {a: {of: x, take: last, value: chanel}}", "`chanel` is no path; did you mean `channel`?"),
        ("promises: {a: {made_by: x, due: 1h, kept_by: y, zone: UTC}}", "5: promises.a: `zone` needs `grain: day`"),
        ("promises: {a: {made_by: x, due: 1h, kept_by: y, grain: day, zone: Mars/A}}", "no time zone is called `Mars/A`"),
        ("promises: {a: {made_by: x, due: {BR: 1h}, kept_by: y}}", "expected `default` for the regions that are not named"),
        ("promises: {a: {made_by: x, due: tomorrow, kept_by: y}}", "5: promises.a.due: `tomorrow` is no path"),
        ("promises: {a: {made_by: x, due: 3x, kept_by: y}}", "5: promises.a.due: expected a duration"),
        ("promises: {a: {made_by: x, due: 1h, kept_by: y, paused: true}}", f"5: promises.a.paused: `paused` {LATER}"),
        ("promises: {a: {made_by: x, due: keeps.b, kept_by: y}}", "5: promises.a.due: no fact is called `b`; there is none"),
        ("breakages: {a: {promise: b}}", "5: breakages.a.promise: no promise is called `b`; there is none"),
        ("breakages: {a: {severity: info}}", "5: breakages.a: expected exactly one of `absence` and `promise`"),
        ("breakages: {a: {absence: {after: a, of: b, within: 1h}, promise: b}}", "expected exactly one of"),
        ("breakages: {a: {absence: {after: a, of: b, within: 1h}, scope: person}}", f"5: breakages.a.scope: `person` {LATER}"),
        ("breakages: {a: {absence: {after: a, of: b, within: 1h}, per: person}}", f"5: breakages.a.per: `person` {LATER}"),
        ("breakages: {a: {count: {of: b, at_least: 1}}}", f"5: breakages.a.count: `count` {LATER}"),
        ("breakages: {a: {absence: {after: {breaks: x}, of: b, within: 1h}}}", f"absence.after.breaks: `breaks` {LATER}"),
        ("breakages: {a: {absence: {after: a, of: b, within: 1h}, if: {outcome: lost}}}", "no outcome is called `lost`"),
        ("breakages: {a: {absence: {after: a, of: b, within: 1h}, if: {promis.x: kept}}}", "unknown condition `promis.x`"),
        ("closes: {x: {any: []}}", "5: closes.x.any:"),
        ("closes: {x: {}}", "an empty selector says nothing"),
        ("closes: {x: {origin: {}}}", "an empty condition says nothing"),
        ("closes: {x: {where: {a: {matches: '('}}}}", "`(` is no regular expression of RE2: missing ): ("),
        ("closes: {x: {not: {changes: {team: {}}}}}", f"5: closes.x.not.changes: `changes` {LATER}"),
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
        ("person", f"3: instance: `person` {LATER}"),
        ("{episode: {gap: 3d}}", f"3: instance: `episode` {LATER}"),
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
        f"5: promises.p.paused: `paused` {LATER}",
        "7: breakages.a.promise: no promise is called `q`; expected `p`",
        "7: breakages.a.severity: expected 'info', 'warning' or 'critical', got `high`",
        f"8: breakages.b.threshold: `threshold` {LATER}",
    ]


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
