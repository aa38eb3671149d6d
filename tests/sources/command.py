"""Commands of `throughline` in this process: what they print, and with which code they end."""

import contextlib
import io
import sys
from collections.abc import Iterator
from unittest.mock import patch

from streams.cli import main


def command(*arguments: object) -> tuple[int, str, str]:
    """-> (exit code, standard output, standard error)."""
    with _captured() as (out, err), patch.object(sys, "argv", ["throughline", *map(str, arguments)]):
        try:
            main.main()
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue(), err.getvalue()
    raise AssertionError("main ends by SystemExit")


@contextlib.contextmanager
def _captured() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield out, err
