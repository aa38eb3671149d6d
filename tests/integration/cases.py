"""Cases that are to be answered within seconds, for tests with a live clock."""

import time

from tests.fixtures.pipeline import Pipeline
from tests.fixtures.told import told
from tests.fixtures.touchpoints import Record, touch
from tests.integration.definitions import bundle

WITHIN_S, LATENESS_S = 2.0, 1.0
STILL_S = 1.2  # several times what a clock needs to get through
CASES = bundle(f"""
journey: service_case
version: 1
instance: case
opens: case.opened
breakages:
  unanswered: {{absence: {{after: case.opened, of: case.answered, within: {WITHIN_S:g}s}}}}
""")
OPEN = "SELECT instance FROM v_breakages WHERE startsWith(instance, %(prefix)s) AND state = 'open' ORDER BY instance"
SHOWN = "SELECT count() FROM v_journeys WHERE startsWith(instance, %(prefix)s)"
HEARD = """
SELECT uniqExact(source) FROM clocks FINAL WHERE topic = 'person.log' AND clock_ms > %(ms)s
"""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def asked(name: str, at_ms: int) -> Record:
    return touch("case.opened", at_ms, {"case": name, "customer": f"of-{name}"})


def answered(name: str, at_ms: int) -> Record:
    return touch("case.answered", at_ms, {"case": name})


def beyond(pipeline: Pipeline, at_ms: int, sources: int) -> None:
    """Returns when what was asked then would be told, did the clocks of so many source partitions suffice."""
    pipeline.eventually(HEARD, [(sources,)], ms=at_ms + WITHIN_S * 1_000)
    time.sleep(STILL_S)


def tell_only(pipeline: Pipeline, prefix: str, expected: list[str]) -> None:
    """These break, and no other was ever told or is withdrawn."""
    pipeline.eventually(OPEN, [(instance,) for instance in sorted(expected)], prefix=prefix)
    told_ever = sorted({(row["instance"], row["state"]) for row in told(pipeline, prefix) if row["state"] != "moved"})
    assert told_ever == [(instance, "open") for instance in sorted(expected)]
