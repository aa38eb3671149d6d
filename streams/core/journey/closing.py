"""How a journey ends: by a touchpoint of `closes`, or by silence."""

from typing import NamedTuple

from streams.core.definition.compiled import Compiled
from streams.core.definition.length import Length
from streams.core.definition.references import EXPIRED
from streams.core.journey.scene import Position, Scene


class Closing(NamedTuple):
    at_ms: int
    outcome: str


def last_adopted(definition: Compiled, opening: Position, scene: Scene) -> Position:
    """`after_close: ignore`: what follows the first closing touchpoint behind the opening does not belong to the journey."""
    behind = (place for _, slot in definition.closes for place in scene.found[slot] if place >= opening)
    return min(behind, default=len(scene.at) - 1)


def closing(definition: Compiled, opening: Position, scene: Scene) -> Closing | None:
    """The closing that wins, None while the journey is open.

    Every touchpoint of `closes` counts, also one before the opening; `outcome` says whether the first or the last wins.
    `expires`: an open journey expires when its opening or a later touchpoint is followed by a longer silence.  Silence is
    an absence: the clock must be past its end.  An expiry competes with the other closings like any of them.
    `after_close: reopen`: if several touchpoints of `opens` are there, what lies before the last of them does not count.
    """
    outcomes = _outcomes(definition, scene)
    start = scene.found[definition.opens][-1] if definition.reopens else opening
    if start != opening:
        outcomes = {position: outcome for position, outcome in outcomes.items() if position >= start}
    if definition.expires is not None and (definition.takes_first_outcome or not outcomes):
        expired_ms = _expired_ms(definition.expires, start, min(outcomes, default=None), scene)
        if expired_ms is not None and scene.passed(expired_ms):
            return Closing(expired_ms, EXPIRED)
    if not outcomes:
        return None
    position = min(outcomes) if definition.takes_first_outcome else max(outcomes)
    return Closing(scene.at[position], outcomes[position])


def _outcomes(definition: Compiled, scene: Scene) -> dict[Position, str]:
    """Closing touchpoints; one that several outcomes select has the first that is declared."""
    outcomes: dict[Position, str] = {}
    for outcome, slot in definition.closes:
        for position in scene.found[slot]:
            outcomes.setdefault(position, outcome)
    return outcomes


def _expired_ms(longest: Length, start: Position, closed: Position | None, scene: Scene) -> int | None:
    """The end of the first silence from `start` that is too long and not ended by a closing before it is; None without."""
    at, end, region = scene.at, len(scene.at) - 1 if closed is None else closed, scene.touchpoints[start].region
    if end > start and at[end] > longest.after(at[start], region):
        for position in range(start, end):
            silent_ms = longest.after(at[position], region)
            if at[position + 1] > silent_ms:
                return silent_ms
    return longest.after(at[end], region) if closed is None else None
