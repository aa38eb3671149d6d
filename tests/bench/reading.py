"""What a BI tool waits for: queries of a day and of a week on each view, while touchpoints land.

    python -m tests.bench.reading            # progress on stderr, a table on stdout; --json; --write writes docs/reading.md

Exit codes: 0 measured, whether or not the goal holds; 1 something failed; 4 broker or database cannot be started.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Annotated, NamedTuple

import typer
from clickhouse_driver import Client

from sinks.clickhouse.minutes import ClickHouseMinutes
from tests.bench.console import chosen, measuring, show, tell
from tests.bench.history import EACH, YEAR_MS, fill
from tests.bench.machine import described
from tests.bench.page import heading, markdown
from tests.bench.places import places
from tests.bench.report import Shown
from tests.bench.stream import Stream
from tests.bench.world import HISTORY_MS
from tests.fixtures.pipeline import Pipeline
from tests.fixtures.touchpoints import DAY_MS

SPANS_MS = {"a day": DAY_MS, "a week": 7 * DAY_MS}
GOAL_MS = 300.0
PAGE = Path(__file__).parents[2] / "docs" / "reading.md"
INTRODUCTION = """\
# What a dashboard waits for

Queries bounded in time, on each view, while touchpoints land. Written by

    python -m tests.bench.reading --write{options}

| | |
|---|---|
{machine}

A year of {journeys:,} journeys with {touchpoints:,} touchpoints lies there, made by the database itself: each journey has five
touchpoints, a customer, three stages, a promise and two facts, every tenth a breakage; its instance is a hash, so nothing about
its place tells its time. In every tenth an attribute of its person is said, in every twentieth a consent. One worker lands
{rate:,g} other touchpoints a second meanwhile, on the same machine. Each view is asked {looks} times for a day and {looks} times
for a week of that year, by chance, everything in an order by chance; each query groups and counts, as a chart does. Milliseconds
until the client has the answer; the goal is a 95th percentile below {goal:g} ms.

`v_conflicts` looks at a number of every touchpoint whatever the bounds: a copy may lie on any day. `v_touchpoints`, the attributes
and the consents look at numbers of every identifier: whose an order is may have been found out on any day.

"""
QUERIES = {  # view -> the time that bounds it, and what is asked
    "v_touchpoints": ("occurred_at", "channel, action, count(), uniq(person_id)"),
    "v_touchpoint_identifiers": ("occurred_at", "identifier_type, uniq(identifier_value)"),
    "v_touchpoint_attributes": ("occurred_at", "name, count(), avg(value_number)"),
    "v_conflicts": ("occurred_at", "action, count()"),
    "v_journeys": ("opened_at", "region, channel, outcome, count(), avg(duration_s)"),
    "v_stages": ("opened_at", "stage, count(), quantile(0.9)(duration_s)"),
    "v_promises": ("opened_at", "promise, state, count(), avg(margin_s)"),
    "v_journey_facts": ("opened_at", "fact, count(), avg(value_number)"),
    "v_breakages": ("broken_at", "rule, severity, state, count()"),
    "v_breakage_history": ("broken_at", "rule, severity, state, count()"),
    "v_breakage_evidence": ("broken_at", "rule, action, count()"),
    "v_journey_minutes": ("minute", "definition, kind, name, sum(n)"),
    "v_journey_hours": ("hour", "definition, kind, name, sum(n)"),
    "v_journey_attributes": ("opened_at", "name, value, count()"),
    "v_breakage_attributes": ("broken_at", "name, value, count()"),
    "v_journey_consents": ("opened_at", "purpose, state, count()"),
}


class Read(NamedTuple):
    view: str
    span: str
    p50_ms: float
    p95_ms: float


def read(client: Client, looks: int, random: Random) -> list[Read]:
    """Each view and span so often, at other days of the history, in an order by chance."""
    waited_ms: dict[tuple[str, str], list[float]] = {(view, span): [] for view in QUERIES for span in SPANS_MS}
    for view, span in random.sample(sorted(waited_ms) * looks, len(waited_ms) * looks):
        time_column, asked = QUERIES[view]
        since_ms = HISTORY_MS + random.randrange(YEAR_MS // DAY_MS - 7) * DAY_MS
        bounds = " AND ".join(
            f"{time_column} {sign} fromUnixTimestamp64Milli({ms}, 'UTC')"
            for sign, ms in ((">=", since_ms), ("<", since_ms + SPANS_MS[span]))
        )
        began_s = time.perf_counter()
        client.execute(f"SELECT {asked} FROM {view} WHERE {bounds} GROUP BY ALL")
        waited_ms[view, span].append(1_000 * (time.perf_counter() - began_s))
    return [Read(*key, (at := quantiles(waited, n=100))[49], at[94]) for key, waited in waited_ms.items()]


def reading(journeys: int, looks: int, rate: float, progress: Callable[[str], None]) -> tuple[dict[str, str], list[Read]]:
    """-> machine and figures."""
    with places() as here, here.pipeline(clock="live") as pipeline:
        client = pipeline.connect()
        pipeline.start()
        with Stream(pipeline.settings, rate):
            make(pipeline, journeys, progress)
            return described(here), read(client, looks, Random(1))


def make(pipeline: Pipeline, journeys: int, progress: Callable[[str], None]) -> None:
    """The history, once all partitions have spoken: before that every redirect is taken for a new one."""
    pipeline.eventually("SELECT number > 0 FROM redirects_settled", [(1,)])
    progress("the worker has spoken")
    fill(pipeline.connect(), journeys)
    progress(f"{journeys:,} journeys lie there")
    minutes = ClickHouseMinutes(pipeline.connect)
    minutes.recompute(minutes.known(0, 1 << 50), 1)
    minutes.close()
    progress("their minutes are counted")


def table(found: list[Read]) -> Shown:
    rows = [(each.view, each.span, f"{each.p50_ms:.0f}", f"{each.p95_ms:.0f}", _holds(each)) for each in found]
    return Shown("Milliseconds", ("view", "bounds", "p50", "p95", "holds"), rows)


def _holds(each: Read) -> str:
    return "yes" if each.p95_ms < GOAL_MS else "no"


def page(machine: dict[str, str], found: list[Read], journeys: int, looks: int, rate: float) -> str:
    introduction = INTRODUCTION.format(
        **heading(machine, chosen()), journeys=journeys, touchpoints=EACH * journeys, rate=rate,
        looks=looks, goal=GOAL_MS,
    )  # fmt: skip
    return introduction + "\n".join(markdown(table(found))) + "\n"


def main(
    journeys: Annotated[int, typer.Option(help="In the history; five touchpoints each.")] = 2_000_000,
    looks: Annotated[int, typer.Option(min=2, help="Queries of a view and a span.")] = 30,
    rate: Annotated[float, typer.Option(help="Touchpoints per second that come meanwhile.")] = 1_000.0,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write docs/reading.md.")] = False,
) -> None:
    """What a BI tool waits for, on each view."""
    with measuring() as progress:
        machine, found = reading(journeys, looks, rate, progress)
    if write:
        PAGE.write_text(page(machine, found, journeys, looks, rate), encoding="utf-8")
        tell(f"wrote {PAGE}")
    if json_:
        print(json.dumps({"machine": machine, "read": [each._asdict() for each in found]}))
        return
    show([table(found)])


if __name__ == "__main__":
    typer.run(main)
