"""Somebody who looks again and again, beside whatever else goes on."""

import time
from abc import abstractmethod
from statistics import fmean

from tests.bench.beside import Beside


class Looker(Beside):
    """While inside, a thread calls `look`, with a pause of `pause_s` before each."""

    def __init__(self, pause_s: float) -> None:
        super().__init__()
        self._pause_s = pause_s
        self._looks_s: list[float] = []

    @abstractmethod
    def look(self) -> None: ...

    @property
    @abstractmethod
    def unseen(self) -> int:
        """How many are yet to be seen."""

    @property
    def look_ms(self) -> float:
        """Mean time from one look to the next."""
        return 1_000 * fmean(self._looks_s)

    def _work(self) -> None:
        while not self._over.wait(self._pause_s):
            began_s = time.monotonic()
            self.look()
            self._looks_s.append(time.monotonic() - began_s + self._pause_s)
