"""One journey's touchpoints, sorted by what they mean, while it is judged."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from streams.core.definition.compiled import Compiled, Slot
from streams.core.definition.length import Pauses
from streams.core.journey.echo import Echo
from streams.core.touchpoint import Scalar, Touchpoint, order_of
from streams.core.verdict import Breakage

if TYPE_CHECKING:
    from streams.core.journey.promise import Commitment

Position = int  # of a touchpoint in the journey's order

_NOWHERE: list[Position] = []  # stays empty


class Scene:
    """What the parts of a verdict are read from.

    `found[slot]`: the ascending positions of the touchpoints that a selector selects.  `at`: their times.
    """

    __slots__ = ("at", "clock_ms", "definition", "effort", "facts", "found", "history", "made", "pauses", "pending", "touchpoints")

    def __init__(self, definition: Compiled, touchpoints: Sequence[Touchpoint], clock_ms: int) -> None:
        self.definition = definition
        self.clock_ms = clock_ms
        self.touchpoints: list[Touchpoint] = []
        self.at: list[int] = []
        self.found: list[list[Position]] = [_NOWHERE] * len(definition.classifier)
        self.effort = 0.0
        self.facts: Mapping[str, Scalar] = {}
        self.made: dict[str, list[Commitment]] = {}
        self.pending: list[int] = []
        self.history = definition.changes.history() if definition.changes else None
        self.take(touchpoints)
        self.pauses = self._pauses(definition.pauses) if definition.pauses else []

    def take(self, touchpoints: Sequence[Touchpoint]) -> set[Slot]:
        """Touchpoints behind all that are here.  -> the selectors that select one of them."""
        classifier, found = self.definition.classifier, self.found
        key, known = classifier.key, classifier.known
        touched: set[Slot] = set()
        begun, seen = len(self.at), self.history.take(touchpoints) if self.history else None
        for position, touchpoint in enumerate(touchpoints, begun):
            slots, undecided, weight = known.get(key(touchpoint)) or classifier.learn(touchpoint)
            if undecided:
                slots += tuple([slot for slot, holds in undecided if holds(touchpoint, seen[position - begun] if seen else 0)])
            for slot in slots:
                if positions := found[slot]:
                    positions.append(position)
                else:
                    found[slot] = [position]
            touched.update(slots)
            self.effort += weight
        self.touchpoints += touchpoints
        self.at += [touchpoint.occurred_at for touchpoint in touchpoints]
        return touched

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
        scene.facts, scene.pending = self.facts, self.pending
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
