"""From what is broken to the breakages that are reported: healed or not, one for a journey or one for each occurrence."""

from collections.abc import Sequence

from streams.core.definition.compiled import NOTHING, RulePlan
from streams.core.journey.scene import Position, Scene
from streams.core.verdict import Breakage, Journey, Proof

Proofs = list[tuple[Position, str]]


class Broken:
    """One occurrence that is broken, at the touchpoint that waited or promised.  Times are epoch milliseconds."""

    __slots__ = ("broken_ms", "due_ms", "position", "proofs", "recovered_ms")

    def __init__(self, position: Position, due_ms: int | None, broken_ms: int, recovered_ms: int | None, proofs: Proofs) -> None:
        self.position = position
        self.due_ms = due_ms
        self.broken_ms = broken_ms
        self.recovered_ms = recovered_ms
        self.proofs = proofs


def breakages(plan: RulePlan, broken: list[Broken], journey: Journey, scene: Scene) -> list[Breakage]:
    """Per occurrence each as it is; per journey one, see `_whole`."""
    if not broken:
        return []
    if plan.heals != NOTHING or plan.recovers_within_ms is not None:
        for each in broken:
            _heal(plan, each, scene)
    if not plan.each:
        whole = broken[0] if len(broken) == 1 else _whole(broken)
        return [_breakage(plan, whole, "", journey, scene)]
    return [_breakage(plan, each, _occurrence(each.position, scene), journey, scene) for each in broken]


def _heal(plan: RulePlan, broken: Broken, scene: Scene) -> None:
    """`heals` replaces what recovers a rule by itself; recovering takes place after the break, and soon enough."""
    if plan.heals != NOTHING:
        healer = scene.first_after(plan.heals, broken.broken_ms)
        broken.recovered_ms = None if healer is None else scene.at[healer]
        if healer is not None:
            broken.proofs = [*broken.proofs, (healer, "healed")]
    longest_ms = plan.recovers_within_ms
    if longest_ms is not None and broken.recovered_ms is not None and broken.recovered_ms - broken.broken_ms > longest_ms:
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


def _occurrence(position: Position, scene: Scene) -> str:
    touchpoint = scene.touchpoints[position]
    return f"{touchpoint.source}/{touchpoint.event_id}"


def _breakage(plan: RulePlan, broken: Broken, occurrence: str, journey: Journey, scene: Scene) -> Breakage:
    return Breakage(
        journey.definition,
        journey.definition_version,
        journey.instance,
        plan.name,
        occurrence,
        "open" if broken.recovered_ms is None else "recovered",
        plan.severity,
        plan.owner,
        plan.runbook,
        broken.due_ms,
        broken.broken_ms,
        broken.recovered_ms,
        journey.region,
        journey.channel,
        journey.backfilled,
        tuple([_proof(position, role, scene) for position, role in broken.proofs]),
        journey.facts,
    )


def _proof(position: Position, role: str, scene: Scene) -> Proof:
    touchpoint = scene.touchpoints[position]
    return Proof(touchpoint.source, touchpoint.event_id, touchpoint.occurred_at, touchpoint.action, role)
