"""However long workers take to take up their partitions, they come to work, and do nothing before."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

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
Start = Callable[[Settings], Path]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(settings)` -> where a process that takes long says what it does."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(settings: Settings) -> Path:
        said = tmp_path / f"said{len(running)}"
        command = [sys.executable, "-m", "tests.integration.slow_to_begin", str(TAKES_S)]
        with said.open("wb") as out, said.with_suffix(".err").open("wb") as err:
            running.append(subprocess.Popen(command, cwd=ROOT, env=environment(settings), stdout=out, stderr=err))
        return said

    yield begin
    for each in running:
        each.terminate()
    assert [each.wait(60) for each in running] == [0] * len(running)


def shared(*processes: Path) -> list[str]:
    """What each has said last."""
    return sorted((["", *said.read_text().splitlines()])[-1] for said in processes)


def test_taking_up_may_take_longer_than_a_request(pipelines: Pipelines, start: Start) -> None:
    """Faust gave it as long as a request, and then went on as if it were done: a million journeys were never taken up."""
    pipeline = pipelines(FIRST)
    pipeline.put(TOUCHPOINTS, b"one")
    said = start(pipeline.settings.model_copy(update={"session_timeout_s": 6.0}))
    eventually(lambda: "read" in said.read_text(), 120)
    assert said.read_text() == "taken up 0 1\nread one\n"


def test_who_joins_while_another_takes_up_does_not_throw_it_out(pipelines: Pipelines, start: Start) -> None:
    """A group waits 15 s for its members to join again: who takes up for longer breaks off, and begins with what it then has."""
    pipeline = pipelines(FIRST)
    settings = pipeline.settings.model_copy(update={"session_timeout_s": 6.0})
    first = start(settings)
    time.sleep(8)  # it is in the midst of it
    second = start(settings)
    eventually(lambda: shared(first, second) == SHARED, 150)
    assert shared(first, second) == SHARED
