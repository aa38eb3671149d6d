"""`throughline minutes rebuild`: figures a minute, computed anew where they are in doubt."""

import json
import sys
from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from kafka import KafkaProducer

from sinks.clickhouse.minutes import ClickHouseMinutes
from sinks.contract import Backpressure
from streams import topology
from streams.agents.touched import MINUTE_MS, records
from streams.cli.errors import Unreachable
from streams.cli.reach import reaching
from streams.cli.settle import epoch_ms
from streams.known import database
from streams.settings import Settings, load_settings

EVER_MS = 1 << 50
minutes_app = typer.Typer(no_args_is_help=True, help="Figures a minute.")


@minutes_app.callback()
def minutes() -> None:
    """Figures a minute."""


def register(app: typer.Typer) -> None:
    app.add_typer(minutes_app, name="minutes")


@minutes_app.command()
def rebuild(
    since: Annotated[str | None, typer.Option("--from", help="The first minute (ISO 8601); left out: the first of all.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="The last minute (ISO 8601); left out: the last of all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a sentence.")] = False,
) -> None:
    """Count anew from journeys and breakages as they stand.  Land does it; this only says which minutes."""
    settings = load_settings()
    first, last = (epoch_ms(text) if text else ever for text, ever in ((since, -EVER_MS), (until, EVER_MS)))
    with reaching(settings):
        known = _known(settings, first // MINUTE_MS, last // MINUTE_MS)
        _touch(settings, known)
    if as_json:
        print(json.dumps({"minutes": len(known)}))
    print(f"{len(known)} minutes are computed anew as soon as land reads of them", file=sys.stderr)


def _known(settings: Settings, first: int, last: int) -> list[int]:
    found = ClickHouseMinutes(partial(database, settings))
    try:
        found.refill()
        return found.known(first, last)
    except Backpressure as pressure:
        raise Unreachable(f"{pressure}; start ClickHouse, or set clickhouse_host") from None
    finally:
        found.close()


def _touch(settings: Settings, minutes: Sequence[int]) -> None:
    sender = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    try:
        for future in [sender.send(settings.topic(topology.TOUCHED), value, partition=0) for value in records(minutes)]:
            future.get(timeout=30)
    finally:
        sender.close()
