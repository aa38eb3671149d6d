"""Promises: commitments with a due time, and what became of them."""

from collections.abc import Iterable, Mapping, Sequence

from streams.core.definition.compiled import PromisePlan
from streams.core.definition.length import with_pauses
from streams.core.definition.read import Read
from streams.core.journey.pairs import ABSENT, matching, pair_all, pair_first
from streams.core.journey.scene import Position, Scene
from streams.core.verdict import PromiseState


class Commitment:
    """One promise as it was made.  Nothing that comes after it was kept or released changes it."""

    __slots__ = ("due_ms", "first_due_ms", "held", "made", "released", "revised", "settled")

    def __init__(self, made: Position, due_ms: int, kept: Position | None) -> None:
        self.made = made
        self.first_due_ms = self.due_ms = due_ms
        self.settled = kept
        self.released = False
        self.revised: list[Position] = []
        self.held = False  # a pause lasts that puts the due off

    def state(self, due_ms: int, scene: Scene) -> str:
        """open, kept, kept_late, overdue or released, judged against one of its dues.

        Kept and released in time are facts and hold at once; that a due was missed is an absence, and needs the clock.
        """
        settled = self.settled
        if settled is not None and scene.at[settled] <= due_ms:
            return "released" if self.released else "kept"
        if self.held or not scene.passed(due_ms):
            return "open"
        return "overdue" if settled is None or self.released else "kept_late"


def commitments(plan: PromisePlan, scene: Scene) -> tuple[list[Commitment], int]:
    """The promises of a plan in the order of their making, and how many makings and revisions had no usable due.

    Per journey the first making counts, and further ones revise it.  Which keeping belongs to which, `pairs` says.
    """
    makings, revisions, releases = scene.found[plan.made], scene.found[plan.revised], scene.found[plan.released]
    dues = _dues(makings, plan, scene)
    if not dues:
        return [], len(makings)
    pair = pair_all if plan.each else pair_first
    made = [Commitment(each, dues[each], kept) for each, kept in pair([*dues], scene.found[plan.kept], plan.match, scene)]
    revised = _dues(revisions, plan, scene)
    unusable = len(makings) - len(dues) + len(revisions) - len(revised)
    if not plan.each:
        revised |= dues
    if releases or len(revised) > (not plan.each):
        changes, releasing = sorted({*revised, *releases} if releases else revised), frozenset(releases)
        for commitment in made:
            _follow(commitment, changes, revised, releasing, plan, scene)
    if plan.paused:
        for commitment in made:
            _hold(commitment, scene)
    return made, unusable


def made_in(scene: Scene, name: str) -> list[Commitment]:
    """The commitments of one promise, at their places in this scene."""
    if name not in scene.made:
        plan = next(plan for plan in scene.definition.promises if plan.name == name)
        scene.made[name], _ = commitments(plan, scene)
    return scene.made[name]


def _hold(commitment: Commitment, scene: Scene) -> None:
    """While a pause lasts, a due behind its beginning is not known yet, and not missed."""
    if scene.pauses and scene.pauses[-1][1] is None:
        commitment.held = commitment.due_ms > scene.pauses[-1][0]


def _dues(positions: Iterable[Position], plan: PromisePlan, scene: Scene) -> dict[Position, int]:
    due, touchpoints, facts = plan.due, scene.touchpoints, scene.facts
    dues: dict[Position, int] = {}
    for position in positions:
        if (due_ms := due(touchpoints[position], facts)) is not None:
            dues[position] = _put_off(plan, position, due_ms, scene) if plan.paused else due_ms
    return dues


def _put_off(plan: PromisePlan, position: Position, due_ms: int, scene: Scene) -> int:
    """A due behind the pauses that are over; one that lasts does not move it yet."""
    assert plan.paused  # noqa: S101 - asked by the caller
    over = [pause for pause in scene.pauses if pause[1] is not None]
    return with_pauses(plan.paused, scene.at[position], due_ms, scene.touchpoints[position].region, over)


def _follow(
    commitment: Commitment,
    changes: Sequence[Position],
    revised: Mapping[Position, int],
    releases: frozenset[Position],
    plan: PromisePlan,
    scene: Scene,
) -> None:
    """Revisions up to the settling, and the release that settles: one at or before the due that then stands.

    A release that is stamped before the making counts per journey, not per occurrence.
    """
    made, kept = commitment.made, commitment.settled
    for position in changes:
        if kept is not None and position >= kept:
            return
        if position == made or (position < made and plan.each):
            continue
        if plan.match is not None and not _concerns(plan.match, position, made, scene):
            continue
        if position in releases and scene.at[position] <= commitment.due_ms:
            commitment.settled, commitment.released = position, True
            return
        if position in revised and position > made:
            commitment.due_ms = revised[position]
            commitment.revised.append(position)


def _concerns(match: Read, position: Position, made: Position, scene: Scene) -> bool:
    """Revisions and releases without a value to match by concern every promise of the plan."""
    value = matching(match, scene.touchpoints[position])
    return value in (ABSENT, matching(match, scene.touchpoints[made]))


def promise_state(plan: PromisePlan, commitment: Commitment, scene: Scene) -> PromiseState:
    """The row of one promise, judged against its last due."""
    touchpoint = scene.touchpoints[commitment.made]
    state = commitment.state(commitment.due_ms, scene)
    settled_at, settled_by, margin_s = None, "", None
    if commitment.settled is not None and state in ("kept", "kept_late", "released"):
        settled_at = scene.at[commitment.settled]
        settled_by = scene.touchpoints[commitment.settled].event_id
        margin_s = None if state == "released" else (settled_at - commitment.due_ms) / 1000
    return PromiseState(
        plan.name,
        f"{touchpoint.source}/{touchpoint.event_id}" if plan.each else "",
        state,
        touchpoint.occurred_at,
        commitment.first_due_ms,
        commitment.due_ms,
        settled_at,
        margin_s,
        len(commitment.revised),
        touchpoint.event_id,
        settled_by,
    )
