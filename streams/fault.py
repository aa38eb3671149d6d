"""A fault of ours stops the worker at once, before anything more is sent or committed.  The next one begins at the last commit."""

import os
from typing import Any, NoReturn

import structlog

from streams.logs import told

CHECK_FAILED = 5  # as commands end whose check did not hold

log = structlog.get_logger("throughline")


def fault(what: str, error: BaseException | None = None) -> NoReturn:
    """Log and end the process with exit code 1; no handler up the stack may turn this into a commit."""
    log.critical("fault", what=what, error=type(error).__name__ if error else "", detail=told(error), exc_info=error)
    os._exit(1)


def refusal(what: str, **told: Any) -> NoReturn:
    """Log and end the process with exit code 5: nothing is wrong with us, and going on would do harm.  Whoever starts the next one
    changes something before."""
    log.critical("stopped", what=what, **told)
    os._exit(CHECK_FAILED)
