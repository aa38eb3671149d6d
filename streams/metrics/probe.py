"""Asks a running agent how it is, from other threads.

Nothing is kept: each question goes to the agent's event loop, so an answer is as true as it is new, and a loop that does not turn
shows as one.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from streams.metrics.gc_time import GcTime
from streams.metrics.metric import Reading

LOOP_S = 5.0  # a loop that has not turned for so long does not turn
T = TypeVar("T")


class Subject(Protocol):
    def readings(self) -> Iterable[Reading]:
        """Gauges as they are now."""

    def trouble(self) -> str:
        """Why it cannot do its work at the moment; empty: it can."""


class LoopStands(Exception):
    """The event loop did not turn in time."""


class Probe:
    """`subject` runs, or is about to run, in `loop`.  Reasons are empty where all is well, and carry no data."""

    def __init__(self, loop: asyncio.AbstractEventLoop, subject: Subject) -> None:
        self._loop, self._subject = loop, subject
        self._gc = GcTime()

    def close(self) -> None:
        self._gc.close()

    def sick(self) -> str:
        """Why the process should be started again.  One that has not begun yet is well."""
        return self._reason(str)

    def unready(self) -> str:
        """Why no work is done here at the moment."""
        return self._reason(self._subject.trouble) if self._loop.is_running() else "starting"

    def readings(self) -> list[Reading]:
        """What can be read now; while the loop stands, only what needs no loop."""
        try:
            told = self._ask(lambda: list(self._subject.readings()))
        except LoopStands:
            told = []
        return [*told, *self._gc.readings()]

    def _reason(self, question: Callable[[], str]) -> str:
        try:
            return self._ask(question)
        except LoopStands as error:
            return str(error)

    def _ask(self, question: Callable[[], T]) -> T:
        if not self._loop.is_running():
            return question()
        answer: Future[T] = Future()
        self._loop.call_soon_threadsafe(_answer, answer, question)
        try:
            return answer.result(LOOP_S)
        except TimeoutError:
            raise LoopStands(f"the event loop has not turned for {LOOP_S:g} s") from None


def _answer(answer: "Future[T]", question: Callable[[], T]) -> None:
    """In the loop; what goes wrong is the asker's to know, not the loop's."""
    try:
        answer.set_result(question())
    except Exception as error:
        answer.set_exception(error)
