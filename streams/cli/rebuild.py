"""`throughline rebuild`: the way back when state or topics were lost."""

import json
import sys
import time
from dataclasses import asdict
from typing import Annotated

import typer

from streams.cli.errors import CheckFailed
from streams.cli.reach import reaching
from streams.settings import Settings, load_settings


def register(app: typer.Typer) -> None:
    app.command("rebuild")(rebuild)


def rebuild(
    tables: Annotated[
        bool, typer.Option("--tables", help="The other way: ClickHouse was lost.  Land again what the topics still hold.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")] = False,
) -> None:
    """Make journeys, breakages and persons again from the touchpoints that have landed.  All workers must be stopped."""
    from streams.rebuilding import NotLanded, OtherTables
    from streams.resetting import AtWork

    settings = load_settings()
    with reaching(settings):
        try:
            (_land_again if tables else _rebuild)(settings, as_json=as_json)
        except (AtWork, NotLanded, OtherTables) as error:
            raise CheckFailed(str(error)) from None


def _rebuild(settings: Settings, *, as_json: bool) -> None:
    from streams import rebuilding

    started_s = time.monotonic()
    rebuilt = rebuilding.rebuild(settings, lambda text: print(text, file=sys.stderr))
    if as_json:
        print(json.dumps(asdict(rebuilt)))
        return
    print(f"{rebuilt.touchpoints:,} touchpoints that had landed, {rebuilt.from_input:,} from the input topic alone")
    if rebuilt.log_gone:
        print(f"person.log lost {rebuilt.log_gone:,} records before they landed: load again what the input topic lost, too")
    for partition, count in rebuilt.gone.items():
        print(f"partition {partition} of the input topic lost {count:,} records before they were read: load them again")
    print(f"rebuilt in {time.monotonic() - started_s:.1f} s; start the workers", file=sys.stderr)


def _land_again(settings: Settings, *, as_json: bool) -> None:
    from streams.rebuilding import land_again

    begins = land_again(settings)
    if as_json:
        print(json.dumps({"person_log_begins": begins}))
        return
    for partition, offset in begins.items():
        print(f"partition {partition} of person.log begins at offset {offset}: load older touchpoints again")
    print("land begins anew when the workers start", file=sys.stderr)
