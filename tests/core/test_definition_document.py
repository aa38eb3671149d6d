"""YAML becomes plain values, with lines, and nothing turns into something else."""

import pytest

from streams.core.definition.document import parse
from streams.core.definition.problems import DefinitionError


def problems(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as raised:
        parse(text, "f.yaml")
    return [str(problem) for problem in raised.value.problems]


def test_every_place_knows_its_line() -> None:
    document = parse("a:\n  b:\n    - 1\n    - c: 2\nd: 3\n", "f.yaml")
    assert document.value == {"a": {"b": [1, {"c": 2}]}, "d": 3}
    assert [document.lines[place] for place in (("a",), ("a", "b"), ("a", "b", 1, "c"), ("d",))] == [1, 2, 4, 5]


def test_a_place_of_the_long_form_is_found_in_the_short_one() -> None:
    problem = parse("opens:\n  - a\n  - b\n", "f.yaml").problem(("opens", "any", 1, "action", "is"), "wrong")
    assert str(problem) == "f.yaml:3: opens.1: wrong"


@pytest.mark.parametrize("text", ["NO", "yes", "off", "2024-01-01", "1:30", "0x10", "1_000", ".nan", "4h", "'1'", "12e", "e5"])
def test_text_stays_text(text: str) -> None:
    assert parse(f"a: {text}", "f.yaml").value == {"a": text.strip("'")}


@pytest.mark.parametrize(
    ("text", "value"), [("010", 10), ("-3", -3), ("1.5", 1.5), ("1e3", 1000.0), ("true", True), ("False", False)]
)
def test_numbers_and_truths_are_those_of_json(text: str, value: object) -> None:
    found = parse(f"a: {text}", "f.yaml").value
    assert found == {"a": value}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(value)


def test_keys_are_text() -> None:
    assert parse("{NO: 1, 2: 2, true: 3}", "f.yaml").value == {"NO": 1, "2": 2, "true": 3}


def test_merged_keys_stand_behind_our_own() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 9}\n"
    document = parse(text, "f.yaml")
    assert document.value == {"a": {"x": 1, "y": 2}, "b": {"y": 3, "z": 4}, "c": {"x": 9, "y": 2, "z": 4}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ["f.yaml:3: `a` is there twice"]),
        ("x:\n  a: 1\n  a: 3\ny: {b: 1, b: 1}", ["f.yaml:3: x: `a` is there twice", "f.yaml:4: y: `b` is there twice"]),
        ("a: 1\nb:\n", ["f.yaml:2: b: nothing is written here: expected a value"]),
        ("a: [1\nb: 2", ["f.yaml:2: no YAML: expected ',' or ']', but got ':'"]),
        ("a: !!python/name:os.system x", ["f.yaml:1: a: cannot read `x`: expected text or a number"]),
        ("{[1]: 2}", ["f.yaml:1: a key must be text"]),
        ("a: {<<: 3}", ["f.yaml:1: a: `<<` takes a mapping or a list of mappings"]),
        ("", ["f.yaml:1: the file is empty: expected a definition beginning with `journey:`"]),
        ("a: 1\n---\nb: 2\n", ["f.yaml:2: no YAML: but found another document"]),
        ("a: \x00", ["f.yaml:1: no YAML: unacceptable character #x0000: special characters are not allowed"]),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "a: &a {b: {<<: *a}}",
        "&a {<<: *a}",
        "[" * 3000 + "]" * 3000,
        "a0: &a0 [1,1,1,1,1,1,1,1,1]\n" + "\n".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)),
    ],
    ids=["itself in a list", "itself in a merge", "itself", "deep", "a billion"],
)
def test_what_would_never_end_is_refused(text: str) -> None:
    assert problems(text)
