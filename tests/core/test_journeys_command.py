"""`throughline journeys check` and `test`: what they print and how they end."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.errors import CheckFailed
from streams.cli.journeys import journeys_app

RIGHT = """\
journey: order
version: 1
instance: order
opens: opened
breakages: {quiet: {absence: {after: asked, of: told, within: 4h}}}
cases: [{name: asked, given: [[0h, opened], [1h, asked]], at: 9h, expect: {quiet: 1}}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "order.yaml"


def run(*arguments: str) -> tuple[str, str, BaseException | None]:
    """(standard output, standard error, what it ended with)."""
    result = CliRunner().invoke(journeys_app, list(arguments))
    return result.stdout, result.stderr, result.exception


def test_check_is_content_with_what_is_right(file: Path) -> None:
    file.write_text(RIGHT)
    stdout, stderr, ended = run("check", str(file))
    assert (stdout, ended) == ("", None)
    assert stderr.startswith("1 definition in order, bundle ")


def test_check_notes_an_instance_that_nobody_declared(file: Path) -> None:
    """It is allowed; but of a slip of the pen nothing would ever open, and nobody would say why."""
    file.write_text(RIGHT.replace("instance: order", "instance: ordr"))
    stdout, stderr, ended = run("check", str(file))
    assert (stdout, ended) == ("", None)
    assert stderr.startswith("note: the instance `ordr` is not declared")
    assert "did you mean `order`?" in stderr


def test_check_shows_every_problem_and_fails(file: Path) -> None:
    file.write_text(RIGHT.replace("within", "whithin").replace("version: 1", "version: x"))
    stdout, _, ended = run("check", str(file))
    assert [line.split(":")[1] for line in stdout.splitlines()] == ["2", "5", "5"]
    assert isinstance(ended, CheckFailed)
    assert str(ended) == "3 problems in the definitions"


def test_check_says_the_same_as_json(file: Path) -> None:
    file.write_text(RIGHT)
    said = json.loads(run("check", "--json", str(file))[0])
    assert (said["ok"], said["definitions"], said["problems"]) == (True, {"order": 1}, [])
    file.write_text("journey: a\nversion: 1\nopens: b\n")
    stdout, _, ended = run("check", "--json", str(file))
    assert json.loads(stdout) == {
        "ok": False,
        "problems": [{"file": str(file), "line": 1, "where": "", "message": "`instance` is missing"}],
    }
    assert isinstance(ended, CheckFailed)


def test_check_compares_instances_with_the_identifier_types(file: Path, tmp_path: Path) -> None:
    file.write_text(RIGHT)
    identity = tmp_path / "identity.yaml"
    identity.write_text("identifiers: {customer: {kind: person}, orders: {kind: object}}\n")
    stdout, _, ended = run("check", "--identity", str(identity), str(file))
    assert "no identifier type is called `order`; did you mean `orders`?" in stdout
    assert isinstance(ended, CheckFailed)


def test_the_cases_of_a_definition_are_run(file: Path) -> None:
    file.write_text(RIGHT)
    stdout, stderr, ended = run("test", str(file))
    assert (stdout, ended) == ("", None)
    assert re.fullmatch(r"1 case held in [0-9.]+ ms\n", stderr)


def test_a_case_that_does_not_hold_fails(file: Path) -> None:
    file.write_text(RIGHT.replace("{quiet: 1}", "{quiet: 2}"))
    stdout, _, ended = run("test", str(file))
    assert stdout == "order: asked: quiet: expected 2, found 1\n"
    assert isinstance(ended, CheckFailed)
    assert str(ended) == "1 of 1 case did not hold"
    said = json.loads(run("test", "--json", str(file))[0])
    assert said["failures"] == [{"definition": "order", "case": "asked", "rule": "quiet", "expected": 2, "found": 1}]


def test_the_definitions_that_ship_are_taken_where_none_are_named() -> None:
    assert run("check")[2] is None
    assert "cases held in " in run("test")[1]
