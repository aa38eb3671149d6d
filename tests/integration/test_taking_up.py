"""However long workers take to take up their partitions, they come to work, and do nothing before."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.settings import Settings
from streams.topology import TOUCHPOINTS
from streams.worker import environment
from tests.fixtures.pipeline import Pipelines
from tests.fixtures.waiting import eventually
from tests.integration.definitions import FIRST

ROOT = Path(__file__).parents[2]
TAKES_S = 30  # longer than a request, and than a group waits for its members
SHARED = ["taken up 0", "taken up 1"]


class Slow(NamedTuple):
    """A process that takes long to take up its partitions, and where it says what it does."""

    process: subprocess.Popen[bytes]
    said: Path


Start = Callable[[Settings], Slow]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(settings)`; all are stopped after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(settings: Settings) -> Slow:
        said = tmp_path / f"said{len(running)}"
        command = [sys.executable, "-m", "tests.integration.slow_to_begin", str(TAKES_S)]
        with said.open("wb") as out, said.with_suffix(".err").open("wb") as err:
            running.append(subprocess.Popen(command, cwd=ROOT, env=environment(settings), stdout=out, stderr=err))
        return Slow(running[-1], said)

    yield begin
    for each in running:
        each.terminate()
    assert [each.wait(60) for each in running] == [0] * len(running)


def shared(*several: Slow) -> list[str]:
    """What each has said last."""
    return sorted((["", *each.said.read_text().splitlines()])[-1] for each in several)


def test_taking_up_may_take_longer_than_a_request(pipelines: Pipelines, start: Start) -> None:
    """Faust gave it as long as a request, and then went on as if it were done: a million journeys were never taken up."""
    pipeline = pipelines(FIRST)
    pipeline.put(TOUCHPOINTS, b"one")
    said = start(pipeline.settings.model_copy(update={"session_timeout_s": 6.0})).said
    eventually(lambda: "read" in said.read_text(), 120)
    assert said.read_text() == "begins\ntaken up 0 1\nread one\n"


def test_who_is_stopped_while_it_takes_up_breaks_off(pipelines: Pipelines, start: Start) -> None:
    """It ends in good order, and does not take up first what it gives up at once."""
    slow = start(pipelines(FIRST).settings)
    eventually(lambda: "begins" in slow.said.read_text(), 60)
    slow.process.terminate()
    assert slow.process.wait(TAKES_S - 10) == 0
    assert "taken up" not in slow.said.read_text()


def test_who_joins_while_another_takes_up_does_not_throw_it_out(pipelines: Pipelines, start: Start) -> None:
    """A group waits 15 s for its members to join again: who takes up for longer breaks off, and begins with what it then has."""
    pipeline = pipelines(FIRST)
    settings = pipeline.settings.model_copy(update={"session_timeout_s": 6.0})
    first = start(settings)
    time.sleep(8)  # it is in the midst of it
    second = start(settings)
    eventually(lambda: shared(first, second) == SHARED, 150)
    assert shared(first, second) == SHARED
