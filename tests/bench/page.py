"""docs/benchmarks.md: the figures of one run, and how to have others."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.peers import PEERS
from tests.bench.report import Shown, tables
from tests.bench.run import Results

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
INTRODUCTION = """\
# Benchmarks

What a touchpoint costs, measured in one run on one broker and one database, all of it on one machine. Written by

    make bench ARGS="--write{options}"

| | |
|---|---|
{machine}

## What is measured

- **The bare job** is what nobody can do without: consume, decode, update one state a person, insert a row a touchpoint and a row
  a changed journey. The *loop* is the tightest one that we can write over aiokafka, fastavro and clickhouse-driver; *our transport*
  is the same job, function by function, as a Faust app on `streams/transport.py`. Loop and transport take turns. Each round is a
  process of its own that reads all touchpoints from the beginning, measured from the first fetch until the last insert is visible
  and committed.
- **The bare job, peers** is the same job in other frameworks, each written as its own documentation would: same broker, database,
  decoder, insert and batch size (20,000 rows, where a framework does not cut a batch earlier). Each has rounds of our transport
  beside it, in turns, over the same touchpoints; slow ones get fewer, as the table says. Peers are measured from the first
  touchpoint decoded until the last insert is visible; what they commit or write to a changelog after that is not in it.
  Our transport reads with a consumer group, inserts beside decoding, and commits behind the insert: at least once. Like the loop
  it keeps the states of the bare job in memory, without a changelog; exactly once and states that survive are what the whole
  pipeline adds. What each peer does with states, and what it does not do:
{peers}
- **The whole pipeline** does what the bare job does not: validation, two hops, owners of orders and cases, the shipped definitions
  with their promises and absences, exactly once, touchpoints, journeys and breakages landed. The agents run and are warm; measured
  is from the first touchpoint sent until the clocks of all partitions have landed behind the last. The views are counted: all
  touchpoints and journeys are there, and every round shows the same.
- **Per CPU-second** is per second of user and system time of the process, all its threads. *All agents* divides by the sum of the
  four.
- **Event to queryable** is from the creation of a touchpoint until a query of the view gives it, or gives its journey with it
  inside, with a live clock. A reader asks the views again and again, so a figure is up to a look too high ({look_ms:.0f} ms),
  and never too low.
- **Judging** is the core alone: a touchpoint more, with ten before it in one order (on average over the order), and with a thousand
  before it in a hundred orders. *Going on* is what the stream does while it remembers the journey, *from scratch* when it does not.
- **Identity** is the core alone, too. *New links* are learned, decided and packed in steps of a thousand, of persons with 1 to 6
  identifiers and an order each, whose links come together; links that come one by one over days cost up to twice that. *Memory* is
  what a million identifiers and orders of them add to a process, divided. *Merging* is
  what both homes do when a cookie and a customer, each with five orders of ten touchpoints, turn out to be one person; 8 rules.
- Input: {count:,} touchpoints of {bytes:.0f} bytes as framed Avro, in the order of event time over 30 days, 8 partitions: orders
  and cases of about eight touchpoints each; carrier and warehouse know the order's number alone. Seeded: every run sends the same.
  The views show {journeys:,} journeys and {breakages:,} breakages, those of the warm-up included.
- The garbage collector is set the same in every process: frozen after the start, collecting seldom, as the agents do it.
"""
END = """\
## To repeat it

`make bench` prints the tables; `ARGS="--json"` prints every round as one JSON object; `--write` writes this page. Options:
`--count`, `--rounds`, `--rate`, `--seconds`. A run compares what everything costs, in units of the loop, with
`docs/benchmarks.json`, as `--write` left it, and tells changes of more than 15 %. It starts a broker and a database of its own on
free ports and leaves nothing behind but its environment, `.venv-bench`: peers pin other packages than we do. In an environment
without a peer the table says so. Other work on the machine makes every figure worse, per CPU-second too: look at the load at the
start.
"""


def peers() -> Iterator[str]:
    """What each of them does not do, as items below an item."""
    yield from (f"  - *{peer.name}*: {peer.lacks}." for peer in PEERS.values())


def write_page(results: Results, arguments: str) -> Path:
    PAGE.write_text(written(results, arguments), encoding="utf-8")
    return PAGE


def written(results: Results, arguments: str) -> str:
    introduction = INTRODUCTION.format(
        **heading(results.machine, arguments), count=results.options.count, bytes=results.touchpoint_bytes,
        journeys=results.shown["v_journeys"], breakages=results.shown["v_breakages"], look_ms=results.look_ms,
        peers="\n".join(peers()),
    )  # fmt: skip
    parts = [introduction, "## Figures\n", *("\n".join(markdown(shown)) + "\n" for shown in tables(results)), END]
    return "\n".join(parts)


def heading(machine: Mapping[str, str], arguments: str) -> dict[str, str]:
    """What an introduction says of the run: `options` behind the command, `machine` as rows of a table."""
    rows = (f"| {name} | {value} |" for name, value in machine.items())
    return {"options": f" {arguments}" if arguments else "", "machine": "\n".join(rows)}


def markdown(shown: Shown) -> Iterator[str]:
    yield f"### {shown.title}\n"
    yield f"| {' | '.join(shown.columns)} |"
    yield f"|---|{'---:|' * (len(shown.columns) - 1)}"
    for row in shown.rows:
        yield f"| {' | '.join(row)} |"
