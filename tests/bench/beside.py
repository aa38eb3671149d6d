"""What goes on in a thread beside the measurement."""

import threading
from abc import ABC, abstractmethod
from typing import Self


class Beside(ABC):
    """While inside, a thread works.  What that raises is raised on leaving."""

    def __init__(self) -> None:
        self._over = threading.Event()  # set when it is to end
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: BaseException | None = None

    @abstractmethod
    def _work(self) -> None:
        """Until it is over."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.check()

    def check(self) -> None:
        """Raises what working raised."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error
