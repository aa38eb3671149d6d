"""How a journey ends: by a touchpoint of `closes`, or by silence."""

from typing import NamedTuple

from streams.core.definition.compiled import Compiled
from streams.core.definition.references import EXPIRED
from streams.core.journey.scene import Position, Scene


class Closing(NamedTuple):
    """What closes a journey.  `last`: with `after_close: ignore` the last touchpoint that still belongs to it."""

    at_ms: int
    outcome: str
    last: Position


def closing(definition: Compiled, opening: Position, scene: Scene) -> Closing | None:
    """The closing that wins, None while the journey is open.

    Every touchpoint of `closes` counts, also one before the opening; `outcome` says whether the first or the last wins.
    `expires`: a journey that is open expires when no touchpoint follows its opening or a later one within that time.
    Silence is an absence: the clock must be past its end.  An expiry competes with the other closings like any of them.
    `after_close: reopen`: what lies before the last touchpoint of `opens` does not count, if several open.
    `after_close: ignore`: the first closing behind the opening wins, and what follows it does not belong to the journey.
    """
    outcomes = _outcomes(definition, scene)
    start = scene.found[definition.opens][-1] if definition.reopens else opening
    if start != opening:
        outcomes = {position: outcome for position, outcome in outcomes.items() if position >= start}
    expiry = _expiry(definition, start, min(outcomes, default=None), scene)
    if definition.ignores_after_close:
        behind = min((position for position in outcomes if position >= opening), default=None)
        if expiry or behind is None:
            return expiry or _winner(definition, outcomes, scene)
        winner = _winner(definition, {each: outcomes[each] for each in outcomes if each <= behind}, scene)
        return winner and winner._replace(last=behind)
    if expiry and (definition.takes_first_outcome or not outcomes):
        return expiry
    return _winner(definition, outcomes, scene)


def _outcomes(definition: Compiled, scene: Scene) -> dict[Position, str]:
    """Closing touchpoints; one that several outcomes select has the first that is declared."""
    outcomes: dict[Position, str] = {}
    for outcome, slot in definition.closes:
        for position in scene.found[slot]:
            outcomes.setdefault(position, outcome)
    return outcomes


def _winner(definition: Compiled, outcomes: dict[Position, str], scene: Scene) -> Closing | None:
    if not outcomes:
        return None
    position = min(outcomes) if definition.takes_first_outcome else max(outcomes)
    return Closing(scene.at[position], outcomes[position], len(scene.at) - 1)


def _expiry(definition: Compiled, start: Position, closed: Position | None, scene: Scene) -> Closing | None:
    if definition.expires_ms is None or (closed is not None and closed <= start):
        return None
    end = len(scene.at) if closed is None else closed
    silent = _silent(scene.at, start, end, definition.expires_ms)
    if silent is None:
        return None
    expired_ms = scene.at[silent] + definition.expires_ms
    return Closing(expired_ms, EXPIRED, silent) if scene.passed(expired_ms) else None


def _silent(at: list[int], start: Position, end: Position, longest_ms: int) -> Position | None:
    """The first touchpoint from `start` that is followed by more than the longest silence, before `end`."""
    last = min(end, len(at) - 1)
    if at[last] - at[start] > longest_ms:
        for position in range(start, last):
            if at[position + 1] - at[position] > longest_ms:
                return position
    return last if last < end else None
