"""The rules over promises: which of their states break a journey, and when."""

from streams.core.definition.compiled import PromiseRulePlan
from streams.core.journey.broken import Broken
from streams.core.journey.promise import Commitment, made_in
from streams.core.journey.scene import Scene


def broken_promises(plan: PromiseRulePlan, scene: Scene) -> list[Broken]:
    """What a rule finds broken, one for each commitment.

    Broken at the due that was missed; for `kept` and `released` when that happened, for `open` at the making, and
    for `revised` not before the revision that was one too many.  A late keeping recovers.
    """
    broken = []
    for commitment in made_in(scene, plan.of):
        due_ms = commitment.first_due_ms if plan.against_first else commitment.due_ms
        state = commitment.state(due_ms, scene) if plan.when else ""
        if len(commitment.revised) >= plan.revised and (state in plan.when or not plan.when):
            broken.append(_broken(plan, commitment, state, due_ms, scene))
    return broken


def _broken(plan: PromiseRulePlan, commitment: Commitment, state: str, due_ms: int, scene: Scene) -> Broken:
    at, settled = scene.at, commitment.settled
    broken_ms, recovered_ms = at[commitment.made], None
    if state in ("kept_late", "overdue"):
        broken_ms = due_ms
        recovered_ms = at[settled] if state == "kept_late" and settled is not None else None
    elif state in ("kept", "released") and settled is not None:
        broken_ms = at[settled]
    if plan.revised:
        broken_ms = max(broken_ms, at[commitment.revised[plan.revised - 1]])
    proofs = [(commitment.made, "made"), *((position, "revised") for position in commitment.revised)]
    if settled is not None and state not in ("open", "overdue"):
        proofs.append((settled, "released" if commitment.released else "kept"))
    return Broken(commitment.made, due_ms, broken_ms, recovered_ms, proofs)
