"""`throughline journeys backtest`: what breaks otherwise, and the limits that CI sets."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from streams.cli.errors import CheckFailed
from streams.settings import ConfigurationError
from tests.core.test_journeys_command import run
from tests.history.recorded import definition, recorded

STRICT = ("within: 4h", "within: 2h")
LOOSE = ("within: 4h", "within: 10h")


@pytest.fixture
def old(tmp_path: Path) -> str:
    return definition(tmp_path, name="old.yaml")


def backtested(folder: Path, old: str, new: str, *more: str) -> tuple[dict[str, Any], BaseException | None]:
    stdout, _, ended = run("backtest", old, new, *recorded(folder), "--json", *more)
    return json.loads(stdout), ended


def rule(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["rules"] if each["rule"] == name)


def test_a_version_against_itself_changes_nothing(tmp_path: Path, old: str) -> None:
    found, ended = backtested(tmp_path, old, old, "--most-new", "0")
    assert ended is None
    assert (found["touchpoints"], found["people"], found["days"], found["as_of"]) == (9, 3, 4, "2024-01-11T00:00:00.000Z")
    assert (found["before"], found["after"], found["appeared"], found["vanished"], found["changed"]) == (7, 7, 0, 0, 0)
    assert [(each["day"], each["before"]) for each in found["by_day"]] == [("2024-01-08", 1), ("2024-01-09", 3), ("2024-01-10", 3)]


def test_a_stricter_rule_shows_what_appears_and_what_moves_in_time(tmp_path: Path, old: str) -> None:
    found, _ = backtested(tmp_path, old, definition(tmp_path, STRICT))
    quiet = rule(found, "quiet")
    assert (quiet["before"], quiet["after"], quiet["appeared"], quiet["vanished"], quiet["changed"]) == (2, 3, 1, 0, 2)
    assert (quiet["before_per_day"], quiet["after_per_day"]) == (0.5, 0.75)
    (appeared,) = quiet["examples"]["appeared"]
    assert (appeared["instance"], appeared["state"], appeared["broken_at"]) == ("o2", "recovered", "2024-01-08T02:00:00.000Z")
    moved = quiet["examples"]["changed"][0]
    assert (moved["before"]["broken_at"], moved["after"]["broken_at"]) == ("2024-01-09T04:00:00.000Z", "2024-01-09T02:00:00.000Z")
    assert rule(found, "late")["changed"] == 0


def test_a_looser_rule_shows_what_vanishes(tmp_path: Path, old: str) -> None:
    found, ended = backtested(tmp_path, old, definition(tmp_path, LOOSE), "--most-new", "0")
    assert [each["instance"] for each in rule(found, "quiet")["examples"]["vanished"]] == ["o3"]
    assert ended is None


def test_a_rule_that_only_one_version_has(tmp_path: Path, old: str) -> None:
    new = definition(tmp_path, ("poor:", "bad:"))
    found, _ = backtested(tmp_path, old, new)
    assert [rule(found, name)["vanished" if name == "poor" else "appeared"] for name in ("poor", "bad")] == [1, 1]


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (("--most-new", "0"), "1 breakages appear, 0 may"),
        (("--most-new", "10%"), "1 breakages appear, 1 may (10% of 7)"),
        (("--most-alerts-per-day", "1.9"), "2.0 breakages a day, 1.9 may"),
    ],
)
def test_more_than_a_limit_allows_is_a_failed_check(tmp_path: Path, old: str, limit: tuple[str, str], said: str) -> None:
    _, ended = backtested(tmp_path, old, definition(tmp_path, STRICT), *limit)
    assert isinstance(ended, CheckFailed)
    assert str(ended) == said


@pytest.mark.parametrize("limit", [("--most-new", "1"), ("--most-new", "15%"), ("--most-alerts-per-day", "2")])
def test_what_a_limit_allows_is_fine(tmp_path: Path, old: str, limit: tuple[str, str]) -> None:
    assert backtested(tmp_path, old, definition(tmp_path, STRICT), *limit)[1] is None


def test_as_of_an_earlier_time_less_is_broken(tmp_path: Path, old: str) -> None:
    found, _ = backtested(tmp_path, old, old, "--as-of", "2024-01-10T02:30:00.001")
    assert (rule(found, "late")["before"], rule(found, "quiet")["before"]) == (3, 1)
    found, _ = backtested(tmp_path, old, old, "--as-of", "2024-01-10T02:30:00")
    assert (rule(found, "late")["before"], rule(found, "quiet")["before"]) == (2, 1)


def test_the_tables_show_every_rule_and_the_days_that_differ(tmp_path: Path, old: str) -> None:
    stdout, stderr, _ = run("backtest", old, definition(tmp_path, STRICT), *recorded(tmp_path))
    assert "order.quiet" in stdout
    assert "2024-01-08" in stdout
    assert "judged twice: 9 touchpoints in " in stderr


def test_what_cannot_be_read_is_named(tmp_path: Path, old: str) -> None:
    assert isinstance(run("backtest", old, str(tmp_path / "none.yaml"), *recorded(tmp_path))[2], ConfigurationError)
    assert isinstance(run("backtest", old, old, "--from", str(tmp_path))[2], SystemExit | typer.BadParameter)
    assert isinstance(run("backtest", old, old, *recorded(tmp_path), "--most-new", "few")[2], SystemExit | typer.BadParameter)
