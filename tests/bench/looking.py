"""Somebody who looks again and again, beside whatever else goes on."""

import threading
import time
from statistics import fmean
from typing import Self


class Looker:
    """While inside, a thread calls `look`, with a pause of `pause_s` before each.  What that raises is raised on leaving."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: BaseException | None = None
        self._looks_s: list[float] = []

    def look(self) -> None:
        raise NotImplementedError

    @property
    def unseen(self) -> int:
        """How many are yet to be seen."""
        raise NotImplementedError

    @property
    def look_ms(self) -> float:
        """Mean time from one look to the next."""
        return 1_000 * fmean(self._looks_s)

    def check(self) -> None:
        """Raises what looking raised."""
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.check()

    def _run(self) -> None:
        try:
            while not self._ended.wait(self._pause_s):
                began_s = time.monotonic()
                self.look()
                self._looks_s.append(time.monotonic() - began_s + self._pause_s)
        except BaseException as error:
            self._error = error
