"""A fault of ours stops the worker at once, before anything more is sent or committed.  The next one begins at the last commit."""

import os
from typing import NoReturn

import structlog

from streams.logs import told

log = structlog.get_logger("throughline")


def fault(what: str, error: BaseException | None = None) -> NoReturn:
    """Log and end the process with exit code 1; no handler up the stack may turn this into a commit."""
    log.critical("fault", what=what, error=type(error).__name__ if error else "", detail=told(error), exc_info=error)
    os._exit(1)
