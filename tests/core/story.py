"""Short words for the tests of the core: definitions from YAML, touchpoints by the hour, verdicts of both."""

from textwrap import dedent
from typing import Any

from streams.core.definition import Compiled, compile_definition, load
from streams.core.journey import judge
from streams.core.touchpoint import Scalar, Touchpoint, order_of
from streams.core.verdict import NEVER, Breakage, Clock, Journey, Verdict

HOUR_MS = 3_600_000
HEAD = "journey: order\nversion: 1\ninstance: order\nopens: opened\n"
FIELDS = ("sequence", "event_id", "source", "origin", "channel", "direction", "region", "agent", "team", "load", "identifiers")


def define(body: str) -> Compiled:
    """A definition `order`, opened by `opened`, with the rest in YAML."""
    return compile_definition(load(HEAD + dedent(body), "order.yaml"))


def touch(hour: float, action: str, **fields: Any) -> Touchpoint:
    """A touchpoint of order `o` so many hours after the epoch; fields that are no dimension are attributes."""
    attributes: dict[str, Scalar] = {name: value for name, value in fields.items() if name not in FIELDS}
    given = {name: value for name, value in fields.items() if name in FIELDS}
    given["identifiers"] = (("order", "o"), *given.get("identifiers", ()))
    plain: dict[str, Any] = dict.fromkeys(("channel", "direction", "region", "locale", "agent", "team", "address"), "")
    plain |= {"occurred_at": round(hour * HOUR_MS), "sequence": 0, "event_id": f"{action}@{hour}", "source": "test"}
    plain |= {"origin": "system", "action": action, "attributes": attributes, "content_hash": 0}
    return Touchpoint(**{**plain, **given})


def verdict(definition: Compiled, *touchpoints: Touchpoint, clock_h: float = 10_000, final_h: float | None = None) -> Verdict:
    final_ms = NEVER if final_h is None else round(final_h * HOUR_MS)
    clock = Clock(round(clock_h * HOUR_MS), final_ms)
    return judge(definition, "o", sorted(touchpoints, key=order_of), clock)


def journey(definition: Compiled, *touchpoints: Touchpoint, clock_h: float = 10_000) -> Journey:
    found = verdict(definition, *touchpoints, clock_h=clock_h).journey
    assert found is not None, "nothing opened it"
    return found


def broken(found: Verdict) -> list[tuple[str, str]]:
    """(rule, state) of every breakage."""
    return [(breakage.rule, breakage.state) for breakage in found.breakages]


def hours(instant_ms: int | None) -> float | None:
    return None if instant_ms is None else instant_ms / HOUR_MS


def proofs(breakage: Breakage) -> list[tuple[str, str]]:
    return [(proof.event_id, proof.role) for proof in breakage.evidence]
