"""`throughline settings` is where names of settings are copied from."""

import subprocess
import sys

from streams.settings import PREFIX, Settings


def test_every_name_is_whole_however_narrow_the_terminal() -> None:
    command = [sys.executable, "-m", "streams.cli.main", "settings"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env={"COLUMNS": "60"}).stdout
    assert {f"{PREFIX}{name}".upper() for name in Settings.model_fields} <= set(told.split())
