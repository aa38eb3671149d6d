"""One journey's touchpoints, sorted by what they mean, while it is judged."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from streams.core.definition.compiled import AbsencePlan, Compiled, Slot
from streams.core.definition.length import Pauses
from streams.core.journey.echo import Echo
from streams.core.touchpoint import Scalar, Touchpoint, order_of
from streams.core.verdict import Breakage

if TYPE_CHECKING:
    from streams.core.journey.promise import Commitment

Position = int  # of a touchpoint in the journey's order
Ending = tuple[int | None, bool, int]  # when a journey was closed, whether the books are closed over it, its last touchpoint's time

NEVER_ENDS: Ending = (None, False, 0)

_NOWHERE: list[Position] = []  # stays empty


class Scene:
    """What the parts of a verdict are read from.

    `found[slot]`: the ascending positions of the touchpoints that a selector selects.  `at`: their times.
    `touched`: the selectors that selected something that nobody has looked at yet.
    `settled`: from where on an absence has waits that may still be missed.
    """

    __slots__ = (
        "at", "clock_ms", "definition", "effort", "ending", "facts", "found", "history", "made", "pauses", "pending", "settled",
        "touched", "touchpoints",
    )  # fmt: skip

    def __init__(self, definition: Compiled, touchpoints: Sequence[Touchpoint], clock_ms: int) -> None:
        self.definition = definition
        self.clock_ms = clock_ms
        self.touchpoints: list[Touchpoint] = []
        self.at: list[int] = []
        self.found: list[list[Position]] = [_NOWHERE] * len(definition.classifier)
        self.touched: set[Slot] = set()
        self.effort = 0.0
        self.facts: Mapping[str, Scalar] = {}
        self.ending: Ending = NEVER_ENDS  # for `within: journey`
        self.made: dict[str, list[Commitment]] = {}
        self.settled: dict[AbsencePlan, Position] = {}
        self.pending: list[int] = []
        self.history = definition.changes.history() if definition.changes else None
        self.take(touchpoints)
        self.pauses = self._pauses(definition.pauses) if definition.pauses else []

    def take(self, touchpoints: Sequence[Touchpoint]) -> None:
        """Touchpoints behind all that are here."""
        classifier, found, at = self.definition.classifier, self.found, self.at
        begun, seen = len(at), self.history.take(touchpoints) if self.history else None
        for position, touchpoint in enumerate(touchpoints, begun):
            slots, undecided, weight = classifier.known.get(classifier.key(touchpoint)) or classifier.learn(touchpoint)
            if undecided:
                slots += tuple([slot for slot, holds in undecided if holds(touchpoint, seen[position - begun] if seen else 0)])
            for slot in slots:
                if positions := found[slot]:
                    positions.append(position)
                else:
                    found[slot] = [position]
            self.touched.update(slots)
            self.effort += weight
            at.append(touchpoint.occurred_at)
        self.touchpoints += touchpoints

    def passed(self, deadline_ms: int) -> bool:
        """Whether the clock is past a deadline.  If not, the verdict may change when it is."""
        if self.clock_ms > deadline_ms:
            return True
        self.pending.append(deadline_ms)
        return False

    def among_breakages(self, breakages: Sequence[Breakage]) -> "Scene":
        """The same with breakages among the touchpoints."""
        merged = sorted([*self.touchpoints, *map(Echo.of, breakages)], key=order_of)
        scene = Scene(self.definition, merged, self.clock_ms)
        scene.facts, scene.pending, scene.ending = self.facts, self.pending, self.ending
        return scene

    def _pauses(self, slots: tuple[Slot, Slot]) -> Pauses:
        """From a touchpoint that begins one to the next that ends it."""
        begins, ends = self.found[slots[0]], frozenset(self.found[slots[1]])
        pauses: Pauses = []
        since_ms: int | None = None
        beginning = frozenset(begins)
        for position in sorted({*begins, *ends}):
            if position in ends and since_ms is not None:
                pauses.append((since_ms, self.at[position]))
                since_ms = None
            if position in beginning and since_ms is None:
                since_ms = self.at[position]
        return pauses if since_ms is None else [*pauses, (since_ms, None)]

    def first_after(self, slot: Slot, instant_ms: int) -> Position | None:
        """The first touchpoint of a selector that happened after an instant."""
        positions = self.found[slot]
        index = bisect_right(positions, instant_ms, key=self.at.__getitem__)
        return positions[index] if index < len(positions) else None


def following(positions: Sequence[Position], position: Position) -> Position | None:
    """The first of ascending `positions` behind `position`."""
    index = bisect_right(positions, position)
    return positions[index] if index < len(positions) else None
