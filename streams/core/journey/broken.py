"""From what is broken to the breakages that are reported: healed or not, one for a journey or one for each occurrence."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import structs

from streams.core.definition.compiled import NOTHING, RulePlan
from streams.core.journey.echo import Echo
from streams.core.journey.scene import Position, Scene
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import Breakage, Fact, Proof

Proofs = list[tuple[Position, str]]


class About(NamedTuple):
    """What a breakage shares with the journey that it is of."""

    definition: str
    version: int
    instance: str
    region: str
    channel: str
    backfilled: bool
    facts: tuple[Fact, ...]
    of_person: bool = False  # no journey: region, channel and load are those of the touchpoint


class Broken:
    """One occurrence that is broken, at the touchpoint that waited, promised or proves it.  Times are epoch milliseconds.

    `ordinal`: which violation of its rule it is, from 1, where that names it; 0: the touchpoint names it.
    """

    __slots__ = ("broken_ms", "due_ms", "ordinal", "position", "proofs", "recovered_ms")

    def __init__(self, position: Position, due_ms: int | None, broken_ms: int, recovered_ms: int | None, proofs: Proofs) -> None:
        self.position = position
        self.due_ms = due_ms
        self.broken_ms = broken_ms
        self.recovered_ms = recovered_ms
        self.proofs = proofs
        self.ordinal = 0


def numbered(broken: Iterable[Broken]) -> list[Broken]:
    """In the order in which they were complete, by number: a late earlier proof shifts a violation and makes no new one."""
    found = sorted(broken, key=lambda each: (each.proofs[-1][0], each.position))
    for ordinal, each in enumerate(found, 1):
        each.ordinal = ordinal
    return found


def breakages(plan: RulePlan, broken: list[Broken], about: About, scene: Scene) -> list[Breakage]:
    """Per occurrence each as it is; per journey one, see `_whole`."""
    if not broken:
        return []
    if plan.heals != NOTHING or plan.recovers_within is not None:
        for each in broken:
            _heal(plan, each, scene)
    if not plan.each:
        whole = broken[0] if len(broken) == 1 else _whole(broken)
        return [_breakage(plan, whole, "", about, scene)]
    return [_breakage(plan, each, _occurrence(each, scene), about, scene) for each in broken]


def _heal(plan: RulePlan, broken: Broken, scene: Scene) -> None:
    """`heals` replaces what recovers a rule by itself; recovering takes place after the break, and soon enough."""
    if plan.heals != NOTHING:
        healer = scene.first_after(plan.heals, broken.broken_ms)
        broken.recovered_ms = None if healer is None else scene.at[healer]
        if healer is not None:
            broken.proofs = [*broken.proofs, (healer, "healed")]
    if plan.recovers_within is not None and broken.recovered_ms is not None:
        region = scene.touchpoints[broken.position].region
        if broken.recovered_ms > plan.recovers_within.after(broken.broken_ms, region):
            broken.recovered_ms = None


def _whole(broken: Sequence[Broken]) -> Broken:
    """The earliest speaks for the journey.  It recovers when all have, with the last of them; until then one that has
    not recovered stands in the evidence as well."""
    earliest = min(broken, key=lambda each: (each.broken_ms, each.position))
    standing = next((each for each in broken if each.recovered_ms is None), None)
    recovered_ms, proofs = None, earliest.proofs
    if standing is None:
        recovered_ms = max(each.recovered_ms for each in broken if each.recovered_ms is not None)
    elif standing is not earliest:
        proofs = [*proofs, *standing.proofs]
    return Broken(earliest.position, earliest.due_ms, earliest.broken_ms, recovered_ms, proofs)


def _occurrence(broken: Broken, scene: Scene) -> str:
    if broken.ordinal:
        return str(broken.ordinal)
    touchpoint = scene.touchpoints[broken.position]
    return f"{touchpoint.source}/{touchpoint.event_id}"


def _breakage(plan: RulePlan, broken: Broken, occurrence: str, about: About, scene: Scene) -> Breakage:
    region, channel, backfilled = about.region, about.channel, about.backfilled
    if about.of_person:
        touchpoint = scene.touchpoints[broken.position]
        region, channel, backfilled = touchpoint.region, touchpoint.channel, bool(touchpoint.load)
    return Breakage(
        about.definition,
        about.version,
        about.instance,
        plan.name,
        occurrence,
        "open" if broken.recovered_ms is None else "recovered",
        plan.severity,
        plan.owner,
        plan.runbook,
        broken.due_ms,
        broken.broken_ms,
        broken.recovered_ms,
        region,
        channel,
        backfilled,
        tuple([proof for position, role in broken.proofs for proof in _proofs(scene.touchpoints[position], role)]),
        about.facts,
    )


def _proofs(touchpoint: Touchpoint, role: str) -> Sequence[Proof]:
    """A breakage is proven by the touchpoints that prove it."""
    if isinstance(touchpoint, Echo) and touchpoint.breakage is not None:
        return [structs.replace(proof, role="broke") for proof in touchpoint.breakage.evidence]
    return (Proof(touchpoint.source, touchpoint.event_id, touchpoint.occurred_at, touchpoint.action, role),)
