"""The pipeline against simulated traffic: all breakages that were injected, and no other."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from streams.definitions import load_bundle
from streams.simulate import DEFINITIONS
from streams.simulate.live import simulate
from streams.simulate.story import Expected
from streams.simulate.traffic import LATEST_S, LONGEST_S, Plan, Traffic, plan
from streams.sources.produce import find_topic
from streams.topology import TOUCHPOINTS
from tests.fixtures.pipeline import Pipeline, Pipelines

FOUND = "SELECT definition, rule, instance, occurrence, state FROM v_breakages"
START_MS = 1_760_000_000_000


def found(pipeline: Pipeline) -> Counter[Expected]:
    return Counter(Expected(*row) for row in pipeline.query(FOUND))


def read(file: Path) -> list[Expected]:
    return [Expected(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def started(pipelines: Pipelines, **settings: Any) -> Pipeline:
    pipeline = pipelines(load_bundle([DEFINITIONS]), **settings)
    pipeline.start()
    return pipeline


def test_a_plan_with_a_held_clock(pipelines: Pipelines) -> None:
    """Late ones and copies included, in the order of their arrival."""
    planned = plan(seed=11, customers=300, start_ms=START_MS, span_s=30, rate=300)
    pipeline = started(pipelines)
    pipeline.send(arrival.record for arrival in planned.arrivals)
    pipeline.settle(planned.settled_ms)
    assert found(pipeline) == Counter(planned.truth)
    assert len(planned.truth) > 500


def test_traffic_in_the_past_with_a_live_clock(pipelines: Pipelines) -> None:
    """Everything has happened already, so the live clock passes every deadline as soon as it has read to the end."""
    span_s = 10.0
    start_ms = time.time_ns() // 1_000_000 - round((span_s + LONGEST_S + LATEST_S + 60) * 1_000)
    planned: Plan = plan(seed=12, customers=100, start_ms=start_ms, span_s=span_s, rate=100)
    pipeline = started(pipelines, clock="live", allowed_lateness_s=2.0)
    pipeline.send(arrival.record for arrival in planned.arrivals)
    pipeline.landed(planned.settled_ms)
    assert found(pipeline) == Counter(planned.truth)


def test_what_simulate_sends_is_what_it_says(pipelines: Pipelines, tmp_path: Path) -> None:
    """The command's own way: through a real topic with a truth file; what lies in the past is sent at once."""
    pipeline = started(pipelines)
    traffic = Traffic(seed=13, customers=50, start_ms=START_MS, span_s=2, rate=100)
    with (tmp_path / "truth.jsonl").open("w", encoding="utf-8") as lines:
        summary = simulate(traffic, find_topic(pipeline.settings, TOUCHPOINTS), lines, lambda _: None)
    pipeline.settle(traffic.settled_ms(2))
    assert summary.sent == len(plan(13, 50, START_MS, 2, 100).arrivals)
    assert found(pipeline) == Counter(read(tmp_path / "truth.jsonl"))
    assert summary.expected.total() == sum(found(pipeline).values()) > 0
