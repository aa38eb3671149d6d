"""Why a command ends without having done its work, and the exit code of each."""

import logging
import sys
from collections.abc import Callable

from streams.settings import ConfigurationError

CONFIGURATION, UNREACHABLE, CHECK_FAILED = 3, 4, 5


class Unreachable(Exception):
    """A dependency does not answer or is not ready (exit 4): the text says which, where, and what to do."""


class CheckFailed(Exception):
    """What the command was to hold does not hold (exit 5)."""


def ended(command: Callable[[], object]) -> int:
    """Run it; every expected failure is one sentence on stderr.  -> exit code"""
    for name in ("clickhouse_driver", "kafka"):  # what they say in the log we say in one sentence
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        command()
    except ConfigurationError as error:
        return _said(error, CONFIGURATION)
    except Unreachable as error:
        return _said(error, UNREACHABLE)
    except CheckFailed as error:
        return _said(error, CHECK_FAILED)
    return 0


def _said(error: Exception, code: int) -> int:
    print(f"throughline: {error}", file=sys.stderr)
    return code
