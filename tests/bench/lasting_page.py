"""docs/lasting.md: the figures of one run, what they are to be, and how to have others."""

from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Latency, spread
from tests.bench.goals import Goal
from tests.bench.lasted import STEADY_SHARE, Options, Results
from tests.bench.limited import PERIOD_US
from tests.bench.page import heading, markdown
from tests.bench.pausing import MORE_S, CaughtUp
from tests.bench.places import PARTITIONS
from tests.bench.report import Shown
from tests.bench.sharing import CORES, Shared
from tests.bench.steady import Steady

PAGE = Path(__file__).parents[2] / "docs" / "lasting.md"
P50_MS, P95_MS, P99_MS, FLAT, MINUTES = 250, 1_000, 2_000, 1.2, 10.0
LEAST_RATE = 0.99 * STEADY_SHARE  # of the maximal one: a rate is rounded
VERDICT_MS, CATCH_UP, PAUSE_S, SECOND = 1_000, 3.0, 300.0, 1.7
INTRODUCTION = """\
# What lasts

Latency and verdicts over minutes, after a pause, and what a second worker adds. Measured on one machine with a broker and a
database of its own. Written by

    python -m tests.bench.lasting --write{options}

| | |
|---|---|
{machine}

## What is measured

- **Touchpoints** are those of [`benchmarks.md`](benchmarks.md): orders and cases of about eight, {partitions} partitions, one
  worker unless two are named. They come at a steady rate with the present as their time; new stories begin all the time, most
  take 20 to 40 s. Sender and readers run on the same machine and are part of its load.
- **The maximal rate** is that of the whole pipeline when {count:,} touchpoints lie there from the beginning, as `make bench`
  measures it: {maximal:,.0f} a second here. Nothing reads views meanwhile.
- **Event to queryable** is from the creation of a touchpoint until a query of the view gives it, or gives its journey with it
  inside. A reader asks the views again and again, so a figure is up to a look too high ({look_ms:.0f} ms on average), and never
  too low. *landed* is until ClickHouse took the touchpoint (`landed_at`), whoever looked when: a little too low. A minute has what
  was created in it. *Last third to first* compares the p95 of what was created in each; up to {flat:g} counts as flat.
- **The verdict of an absence**: cases that were opened eight hours before a moment of the run, so that the first answer is due
  then, and nobody answers. A live clock stands `allowed_lateness_s` behind the newest touchpoint. *Moment* is when that one
  could be so far, whether anybody had been told or not; *judged*, when stitch told the breakage (`detected_at`): clocks of all
  partitions had passed the moment, and it had heard of that; *seen*, when a query of `v_breakages` gave it, up to a look
  ({absent_look_ms:.0f} ms) too high.
- **Catching up**: the worker ends by SIGTERM, touchpoints go on coming, and after {pause_s:g} s another one starts; it is forked
  from a server that has imported everything. *All landed* is when no more touchpoints are on their way to their table than before
  the pause, and what comes in {more_s:g} s; *up to date*, when landed clocks, which go behind journeys and breakages, are as far
  behind as before the pause, {more_s:g} s more at most. The touchpoints that landed by then, with those that came meanwhile,
  divided by these seconds and by the live rate, are how many times the live rate it catches up; the start of the worker counts.
  Who lives at a share of the maximal rate cannot catch up much faster than at its inverse, at half of it twice; so the live rate
  is {paused_share:.2f} of the maximal one here.
- **Two workers** share the partitions of all agents; each worker gets {cores:g} of a core for all its processes together, by a
  quota of the kernel (cgroup, periods of {period_ms:g} ms), as a container does. Broker, database and sender are not limited. From
  the first touchpoint sent until the clocks of all partitions have landed behind the last; all of it is there. One and two take
  turns. *Cores* are those that were used: workers below their limit waited for something else.
- **Goals** name how long and at which rate; what was measured for shorter or at less counts as not held.

## Figures
"""
END = """\
## To repeat it

`python -m tests.bench.lasting` prints the tables, `--json` one JSON object; `--write` writes this page. Options: `--rate`,
`--minutes`, `--absences`, `--paused-rate`, `--pause-s`, `--count`, `--bulk`, `--rounds`. It starts a broker and a database of its
own on free ports and leaves nothing behind. Other work on the machine makes every figure worse: look at the load.
"""


def tables(results: Results) -> list[Shown]:
    """Of what was measured."""
    shown = [
        *(_of_steady(results.steady) if results.steady else ()),
        *([_of_pause(results.caught_up)] if results.caught_up else ()),
        *([_of_workers(results.shared)] if results.shared else ()),
    ]
    if results.not_shared:
        shown.append(Shown("Workers", ("not measured",), [(results.not_shared,)]))
    told = [(goal.name, goal.wanted, goal.found, "yes" if goal.holds else "no") for goal in goals(results)]
    return [*shown, Shown("Goals", ("figure", "goal", "measured", "holds"), told)]


def _of_steady(found: Steady) -> Iterator[Shown]:
    at = f"at {found.rate:,g}/s"
    percentiles = ("p50", "p95", "p99", "longest")
    whole = [(view, f"{its.count:,}", *_ms(its)) for view, its in [*found.whole.items(), ("landed", found.landed)]]
    yield Shown(f"Event to queryable {at} for {found.minutes:g} min, milliseconds", ("view", "seen", *percentiles), whole)
    for view in found.whole:
        minutes = [(str(number), *_ms(views[view])) for number, views in enumerate(found.each_minute, 1)]
        yield Shown(f"{view} minute by minute, milliseconds", ("minute", *percentiles), minutes)
    cores = [(name, f"{used:.2f}") for name, used in found.cores.items()]
    yield Shown(f"Cores used {at}", ("process", "cores"), cores)
    spans = (("moment to seen", found.seen), ("moment to judged", found.judged), ("judged to seen", found.told))
    verdicts = [(name, f"{its.count:,}", *_ms(its)) for name, its in spans]
    yield Shown(f"The verdict of an absence {at}, milliseconds", ("from", "absences", *percentiles), verdicts)


def _ms(found: Latency) -> tuple[str, ...]:
    return tuple(f"{ms:,.0f}" for ms in (found.p50_ms, found.p95_ms, found.p99_ms, found.most_ms))


def _of_pause(found: CaughtUp) -> Shown:
    columns = ("live rate", "waiting", "first landed, s", "all landed, s", "up to date, s", "per second", "times the live rate")
    seconds = (f"{value:.1f}" for value in (found.first_s, found.worked_off_s, found.up_to_date_s))
    row = (f"{found.rate:,g}/s", f"{found.waiting:,}", *seconds, f"{found.per_second:,.0f}", f"{found.times:.2f}")
    return Shown(f"After a pause of {found.pause_s:g} s", columns, [row])


def _of_workers(found: Shared) -> Shown:
    rows = []
    for workers, rounds in found.rounds.items():
        speed = spread(each.per_second for each in rounds)
        cores = spread(sum(each.cpu_s.values()) / each.wall_s for each in rounds).middle
        servers = spread(sum(each.servers_cpu_s.values()) / each.wall_s for each in rounds).middle
        rows.append((str(workers), *(f"{value:,.0f}" for value in speed), f"{cores:.2f}", f"{servers:.2f}"))
    columns = ("workers", "least", "median", "most", "cores of workers", "cores of servers")
    return Shown(f"Touchpoints per second, each worker limited to {CORES:g} of a core", columns, rows)


def goals(results: Results) -> list[Goal]:
    """One that was measured for shorter than it names, or at less, does not hold."""
    found: list[Goal] = []
    if results.steady:
        found += _goals_of_steady(results.steady, results.maximal)
    if (caught := results.caught_up) is not None:
        name = f"catching up after {caught.pause_s:g} s, to the live rate"
        holds = caught.times >= CATCH_UP and caught.pause_s >= PAUSE_S
        found.append(Goal(name, f">= {CATCH_UP:g} after {PAUSE_S:g} s", f"{caught.times:.2f}", holds))
    if results.shared:
        times = results.shared.times
        found.append(Goal("two workers to one", f">= {SECOND:g}", f"{times:.2f}", times >= SECOND))
    return found


def _goals_of_steady(steady: Steady, maximal: float) -> Iterator[Goal]:
    enough = steady.minutes >= MINUTES and steady.rate >= LEAST_RATE * maximal
    for view, its in steady.whole.items():
        for name, ms, most_ms in (("p50", its.p50_ms, P50_MS), ("p95", its.p95_ms, P95_MS), ("p99", its.p99_ms, P99_MS)):
            yield _within(f"event to {view}, {name}", ms, most_ms, enough)
        growth = steady.growth(view)
        yield Goal(f"event to {view}, last third to first", f"<= {FLAT:g}", f"{growth:.2f}", enough and growth <= FLAT)
    fast = steady.rate >= LEAST_RATE * maximal
    yield _within("the verdict of an absence, moment to seen, longest", steady.seen.most_ms, VERDICT_MS, fast)
    yield _within("the verdict of an absence, judged to seen, longest", steady.told.most_ms, VERDICT_MS, fast)


def _within(name: str, ms: float, most_ms: float, enough: bool) -> Goal:
    return Goal(name, f"<= {most_ms:,} ms", f"{ms:,.0f} ms", enough and ms <= most_ms)


def write_page(results: Results, options: Options, arguments: str, page: Path = PAGE) -> Path:
    steady = results.steady
    introduction = INTRODUCTION.format(
        **heading(results.machine, arguments), partitions=PARTITIONS, count=options.count, maximal=results.maximal,
        look_ms=steady.look_ms if steady else 0.0, absent_look_ms=steady.absent_look_ms if steady else 0.0, flat=FLAT,
        pause_s=options.pause_s, more_s=MORE_S, paused_share=results.paused_share, cores=CORES, period_ms=PERIOD_US / 1_000,
    )  # fmt: skip
    parts = [introduction, *("\n".join(markdown(shown)) + "\n" for shown in tables(results)), END]
    page.write_text("\n".join(parts), encoding="utf-8")
    return page
