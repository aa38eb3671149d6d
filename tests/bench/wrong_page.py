"""docs/comparison.md: the whole job beside the same in Faust with tables, what is wrong in the end, and why."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.contest import Took
from tests.bench.contestants import CHUNKS
from tests.bench.page import heading, markdown
from tests.bench.report import Shown
from tests.bench.versus import IN_ORDER, KILLED, SESSION_S, WARM_UP, Outcome, Results
from tests.bench.wrongs import told

PAGE = Path(__file__).parents[2] / "docs" / "comparison.md"
INTRODUCTION = """\
# The whole job, beside the same in Faust

What it costs, and what is wrong in the end. Written by

    python -m tests.bench.wrong --write{options}

| | |
|---|---|
{machine}

## What is compared

Touchpoints come as framed Avro on one topic of 8 partitions, go by order or case through a second one, become journeys that are
judged by the shipped definitions of orders and cases, and land in ClickHouse with journeys and breakages. {count:,} touchpoints of
30 days, behind {warm} of other people to warm up; seeded, so every run sends the same.

- *{in_order}*: in the order of event time, each once. Nothing fails.
- *{killed}*: three of ten come up to 12 hours later, three of a hundred twice. When half of them are in the table, SIGKILL
  ends all processes of the worker, and another one takes its place at once.

What stands in the tables afterwards, as a reader sees it (ours by the views, the others' with `FINAL`), is held against one
computation over all touchpoints that knows no order of arrival (`tests/fixtures/batch.py`). A journey says something wrong when
its person, state, outcome, times, number of touchpoints or effort differ; a breakage, when its person, state or times do.

Who takes part:

- **Our pipeline**, four processes, exactly once. Its clock is held, as for a history, and is moved {steps} times while touchpoints
  come, each time to the newest that has been sent. A clock that is moved more often finds more that it has to take back.
- **Faust, as documented** (`tests/bench/peers/whole_faust.py`): one agent with `group_by` for the second hop, journeys in a table
  with a changelog topic, whose an order is in another one, a timer for what is due, inserts of what has gathered once a second.
  A touchpoint counts as done when the agent has it. Journeys are judged over what came, in the order in which it came, with the
  newest event time that the worker has seen as the clock; a breakage that is found is inserted.
- **Faust, with care**: the same, written by somebody who has been bitten. `noack`, and done by hand behind the insert; journeys
  are judged over what came in the order of event time, each touchpoint once; what holds no more is withdrawn; what comes again is
  told again; the table of touchpoints replaces copies.

Both use our decoder, the checks of our intake and our `judge` for the rules, so that they differ in state, time, owners, delivery
and landing, and not in a rule that was written down another way. Neither merges persons: an order's customer is all that they
know. All workers lose their partitions {session_s:g} s after they went silent. All topics are made beforehand: a worker in Faust
that has just made its own may go without one of them, or fail, until it is started again.

Faust's `processing_guarantee` is `at_least_once`, its default. faust-streaming 0.15 runs this job with `exactly_once` as well, on
ordered input and without a kill; that binds topics and changelogs together, and no table of a database, whose inserts go on
beside it. How it fares under a kill is not measured here.

"""
DIFFERENCES = {
    "touchpoints lost": (
        "As documented, a touchpoint is done when the agent asks for the next one, while its row waits in memory: what was "
        "committed before its insert is gone with the process. How many that are is a matter of when it strikes: offsets are "
        "committed every 2.8 s, rows inserted every second. With care a touchpoint is done behind its insert; ours commits "
        "behind the insert, too."
    ),
    "touchpoints there twice": (
        "Copies come from the source, and from the last commit on again after a kill. As documented each is a row. A table that "
        "replaces copies by source and event id, as with care and with us, shows each once."
    ),
    "touchpoints without their person": (
        "A carrier knows the order alone. Both ways in Faust write the person that is known by then into the row, so what came "
        "before the purchase has none; ours has the person looked up when it is read. The same could be written in Faust: leave "
        "the person out of the row, and join."
    ),
    "journeys missing": (
        "No journey is lost as long as one of its touchpoints comes after the kill: every touchpoint tells all of it anew. "
        "Missing is one whose last row waited in memory for its insert."
    ),
    "journeys that are none": ("What opens no journey is none with any of them."),
    "journeys that say something wrong": (
        "As documented a copy counts twice, and so does whatever the changelog has and the commit has not: table and offset are "
        "two writes. Remembering event ids, as with care, makes that harmless, at the price of keeping them; ours keeps state "
        "and offset in one transaction."
    ),
    "breakages missing": (
        "What is told once, when it is found, is lost if its row waits in memory when the worker dies: the table knows that it "
        "was told. With care whatever comes again is told again."
    ),
    "breakages that are none": (
        "Event time of 8 partitions does not go on evenly, least of all behind a restart, and late touchpoints come behind the "
        "newest one: a clock that is ahead finds overdue what is still to come. As documented that stays. With care it is "
        "withdrawn later (*told and taken back*); ours waits for the clocks of all partitions, so that only lateness is taken "
        "back. With a wall clock and no backlog there would be fewer; behind an outage all of them."
    ),
    "breakages that say something wrong": (
        "In the order of arrival a promise that is kept before it is made is another story. With care, sorted, it is the same one."
    ),
}
END = """\

## To repeat it

`python -m tests.bench.wrong`; `--json` prints every figure, and by column and rule what differs. Options: `--count`, `--only`. It
starts a broker and a database of its own on free ports. Other work on the machine makes figures worse, and may make a worker
miss its session.
"""
FIGURES: dict[str, Callable[[Outcome], str]] = {
    "touchpoints sent": lambda each: f"{each.touchpoints:,}",
    "seconds": lambda each: f"{each.took.wall_s:.1f}",
    "touchpoints per second": lambda each: f"{each.touchpoints / each.took.wall_s:,.0f}",
    "touchpoints per CPU-second of the workers": lambda each: f"{_per_cpu_second(each):,.0f}",
    "in the table at the kill": lambda each: _killed_at(each.took),
    "workers that ended by themselves": lambda each: f"{each.took.revived}",
}


def _per_cpu_second(each: Outcome) -> float:
    return each.touchpoints / each.took.cpu_s


def _killed_at(took: Took) -> str:
    return "" if took.killed_at is None else f"{took.killed_at:,}"


def tables(results: Results) -> list[Shown]:
    return [table for event in (IN_ORDER, KILLED) for table in _tables(event, [o for o in results.outcomes if o.event == event])]


def _tables(event: str, outcomes: list[Outcome]) -> Iterator[Shown]:
    names = tuple(each.contestant for each in outcomes)
    figures = [(name, *map(figure, outcomes)) for name, figure in FIGURES.items()]
    yield Shown(f"What it costs: {event}", ("figure", *names), figures)
    counted = [list(told(each.wrongs)) for each in outcomes]
    wrong = [(its[0][0], *(f"{number:,}" for _, number, _ in its), f"{its[0][2]:,}") for its in zip(*counted, strict=True)]
    back = ("breakages told and taken back", *(f"{each.wrongs.taken_back:,}" for each in outcomes), "")
    yield Shown(f"What is wrong in the end: {event}", ("what", *names, "of"), [*wrong, back])


def written(results: Results, arguments: str) -> str:
    introduction = INTRODUCTION.format(
        **heading(results.machine, arguments), count=results.count, warm=WARM_UP, in_order=IN_ORDER, killed=KILLED,
        session_s=SESSION_S, steps=CHUNKS,
    )  # fmt: skip
    shown = "\n".join("\n".join(markdown(each)) + "\n" for each in tables(results))
    why = "\n".join(f"- **{what}**: {text}" for what, text in DIFFERENCES.items())
    return f"{introduction}## Figures\n\n{shown}\n## Why\n\n{why}\n{END}"


def write_page(results: Results, arguments: str) -> Path:
    PAGE.write_text(written(results, arguments), encoding="utf-8")
    return PAGE
