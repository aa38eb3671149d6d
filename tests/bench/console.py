"""How benchmarks talk: progress and errors on stderr, tables and JSON on stdout."""

import shlex
import sys
from collections.abc import Iterable
from typing import Never

from rich.console import Console
from rich.table import Table

from tests.bench.report import Shown


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


def fail(error: Exception, code: int) -> Never:
    tell(f"bench: {error}")
    raise SystemExit(code)
