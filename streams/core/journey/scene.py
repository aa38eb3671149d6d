"""One journey's touchpoints, sorted by what they mean, while it is judged."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from streams.core.definition.compiled import Compiled, Slot
from streams.core.touchpoint import Scalar, Touchpoint

Position = int  # of a touchpoint in the journey's order

_NOWHERE: list[Position] = []  # stays empty


class Scene:
    """What the parts of a verdict are read from.

    `found[slot]`: the ascending positions of the touchpoints that a selector selects.  `at`: their times.
    """

    __slots__ = ("at", "clock_ms", "effort", "facts", "found", "pending", "touchpoints")

    def __init__(self, definition: Compiled, touchpoints: Sequence[Touchpoint], clock_ms: int) -> None:
        classifier = definition.classifier
        key, known = classifier.key, classifier.known
        found = [_NOWHERE] * len(classifier)
        effort = 0.0
        for position, touchpoint in enumerate(touchpoints):
            slots, undecided, weight = known.get(key(touchpoint)) or classifier.learn(touchpoint)
            if undecided:
                slots += tuple([slot for slot, holds in undecided if holds(touchpoint)])
            for slot in slots:
                if positions := found[slot]:
                    positions.append(position)
                else:
                    found[slot] = [position]
            effort += weight
        self.touchpoints = touchpoints
        self.clock_ms = clock_ms
        self.found: Sequence[Sequence[Position]] = found
        self.effort = effort
        self.at = [touchpoint.occurred_at for touchpoint in touchpoints]
        self.facts: Mapping[str, Scalar] = {}
        self.pending: list[int] = []

    def passed(self, deadline_ms: int) -> bool:
        """Whether the clock is past a deadline.  If not, the verdict may change when it is."""
        if self.clock_ms > deadline_ms:
            return True
        self.pending.append(deadline_ms)
        return False

    def first_after(self, slot: Slot, instant_ms: int) -> Position | None:
        """The first touchpoint of a selector that happened after an instant."""
        positions = self.found[slot]
        index = bisect_right(positions, instant_ms, key=self.at.__getitem__)
        return positions[index] if index < len(positions) else None


def following(positions: Sequence[Position], position: Position) -> Position | None:
    """The first of ascending `positions` behind `position`."""
    index = bisect_right(positions, position)
    return positions[index] if index < len(positions) else None
