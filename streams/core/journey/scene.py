"""One journey's touchpoints, sorted by what they mean, while it is judged."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from streams.core.definition.compiled import Compiled, Slot
from streams.core.touchpoint import Scalar, Touchpoint

Position = int  # of a touchpoint in the journey's order


class Scene:
    """What the parts of a verdict are read from.

    `found[slot]`: the ascending positions of the touchpoints that a selector selects.  `at`: their times.
    """

    __slots__ = ("at", "clock_ms", "effort", "facts", "found", "pending", "touchpoints")

    def __init__(self, definition: Compiled, touchpoints: Sequence[Touchpoint], clock_ms: int) -> None:
        classifier = definition.classifier
        key, known = classifier.key, classifier.known
        found: list[list[Position]] = [[] for _ in range(len(classifier))]
        effort = 0.0
        for position, touchpoint in enumerate(touchpoints):
            meaning = known.get(key(touchpoint)) or classifier.learn(touchpoint)
            for slot in meaning.sure:
                found[slot].append(position)
            for slot, holds in meaning.open:
                if holds(touchpoint):
                    found[slot].append(position)
            effort += meaning.effort
        self.touchpoints = touchpoints
        self.clock_ms = clock_ms
        self.found: Sequence[list[Position]] = found
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
        for position in self.found[slot]:
            if self.at[position] > instant_ms:
                return position
        return None


def following(positions: Sequence[Position], position: Position) -> Position | None:
    """The first of ascending `positions` behind `position`."""
    index = bisect_right(positions, position)
    return positions[index] if index < len(positions) else None
