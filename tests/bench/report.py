"""The figures as tables for people, and as one JSON object for programs."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import msgspec

from tests.bench.figures import Round, Spread, spread
from tests.bench.goals import goals, ratios
from tests.bench.identifying import Identified
from tests.bench.peers import PEERS
from tests.bench.run import Results


class Shown:
    """One table: a heading, the names of its columns, its rows."""

    def __init__(self, title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        self.title, self.columns, self.rows = title, columns, rows


def tables(results: Results) -> list[Shown]:
    seen = results.latency.items()
    waited = [(view, f"{w.count:,}", *(f"{ms:,.0f}" for ms in (w.p50_ms, w.p95_ms, w.p99_ms, w.most_ms))) for view, w in seen]
    steady = f"Event to queryable at {results.options.rate:,g}/s for {results.options.seconds:g} s, milliseconds"
    return [
        Shown("Touchpoints per second", ("job", "least", "median", "most"), list(_speeds(results))),
        Shown("Touchpoints per CPU-second", ("process", "least", "median", "most", "µs each"), list(_costs(results))),
        Shown("The bare job, peers", ("peer", "touchpoints", "figure", "least", "median", "most"), list(_peers(results))),
        Shown(steady, ("view", "seen", "p50", "p95", "p99", "longest"), waited),
        Shown("Judging one touchpoint in the core, µs of CPU", ("journey", "going on", "from scratch"), _judged(results)),
        Shown("Identity in the core", ("figure", "measured"), _identified(results.identified)),
        Shown(
            "Goals", ("figure", "goal", "measured", "holds"), [(g.name, g.wanted, g.found, _yes(g.holds)) for g in goals(results)]
        ),
    ]


def _peers(results: Results) -> Iterator[tuple[str, ...]]:
    for which, peer in PEERS.items():
        beside = results.peers.get(which)
        if beside is None:
            yield peer.name, "", f"not run: {peer.package} is not installed", "", "", ""
            continue
        count = f"{beside.other[0].touchpoints:,}"
        yield peer.name, count, "per second", *_told(spread(each.per_second for each in beside.other))
        yield peer.name, count, "per CPU-second", *_told(spread(each.per_cpu_second() for each in beside.other))
        yield peer.name, count, "our transport to it, per second", *_times(beside.per_second())
        yield peer.name, count, "our transport to it, per CPU-second", *_times(beside.per_cpu_second())


def _times(found: list[float]) -> tuple[str, ...]:
    return tuple(f"{value:.2f}" for value in spread(found))


def _judged(results: Results) -> list[tuple[str, ...]]:
    return [(each.name, f"{each.on_us:.1f}", f"{each.scratch_us:.1f}") for each in results.judged]


def _identified(found: Identified) -> list[tuple[str, ...]]:
    return [
        ("new links per CPU-second", f"{found.links_per_s:,.0f}"),
        ("memory of an identifier, bytes", f"{found.bytes_each:,.0f}"),
        ("merging two persons with 50 touchpoints each, ms of CPU", f"{found.merge_ms:.2f}"),
    ]


def _speeds(results: Results) -> Iterator[tuple[str, ...]]:
    for name, rounds in (
        ("bare job, loop", results.loop),
        ("bare job, our transport", results.transport),
        ("whole", results.whole),
    ):
        yield name, *_told(spread(each.per_second for each in rounds))


def _costs(results: Results) -> Iterator[tuple[str, ...]]:
    yield _cost("bare job, loop", results.loop, None)
    yield _cost("bare job, our transport", results.transport, None)
    for agent in results.whole[0].cpu_s:
        yield _cost(f"whole, {agent}", results.whole, agent)
    yield _cost("whole, all agents", results.whole, None)
    yield "our transport to the loop", *_times(ratios(results)), ""
    for server in results.whole[0].servers_cpu_s:
        each_us = spread(1e6 * each.servers_cpu_s[server] / each.touchpoints for each in results.whole)
        yield f"beside them, {server}", "", "", "", f"{each_us.middle:.1f}"


def _cost(name: str, rounds: list[Round], process: str | None) -> tuple[str, ...]:
    found = spread(each.per_cpu_second(process) for each in rounds)
    return name, *_told(found), f"{1e6 / found.middle:.1f}"


def _told(found: Spread) -> tuple[str, str, str]:
    return f"{found.least:,.0f}", f"{found.middle:,.0f}", f"{found.most:,.0f}"


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def as_json(results: Results) -> dict[str, Any]:
    """Every round as it was measured, and what the goals say."""
    judged = [msgspec.to_builtins(each) for each in results.judged]
    identity = msgspec.to_builtins(results.identified)
    return {
        **asdict(results),
        "judged": judged,
        "identified": identity,
        "ratios": ratios(results),
        "peers_ratios": {peer: beside.per_cpu_second() for peer, beside in results.peers.items()},
        "goals": [goal._asdict() for goal in goals(results)],
    }
