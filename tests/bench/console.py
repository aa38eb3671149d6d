"""How benchmarks talk: progress and errors on stderr, tables and JSON on stdout."""

import logging
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Never

from rich.console import Console
from rich.table import Table

from deploy.local.errors import LocalStackError
from tests.bench.report import Shown
from tests.bench.whole import NotAllLanded


def chosen() -> str:
    """The options of this run but for how it is shown."""
    return shlex.join(argument for argument in sys.argv[1:] if argument not in ("--write", "--json"))


def show(tables: Iterable[Shown]) -> None:
    for shown in tables:
        Console().print(_rich(shown))


def _rich(shown: Shown) -> Table:
    table = Table(title=shown.title, title_justify="left")
    for number, name in enumerate(shown.columns):
        table.add_column(name, justify="right" if number else "left")
    for row in shown.rows:
        table.add_row(*row)
    return table


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def measuring() -> Iterator[Callable[[str], None]]:
    """-> tells how far it is, with the seconds since it began.  Ends the process with 4 where broker or database cannot be started,
    and with 5 where not all that was sent came through."""
    logging.disable(logging.ERROR)  # the clients' own: what fails is raised
    began_s = time.monotonic()
    try:
        yield lambda text: tell(f"{time.monotonic() - began_s:6.1f} s  {text}")
    except LocalStackError as error:
        _fail(error, 4)
    except NotAllLanded as error:
        _fail(error, 5)


def _fail(error: Exception, code: int) -> Never:
    tell(f"bench: {error}")
    raise SystemExit(code)
