"""What of a journey is looked at again: when touchpoints came, when a part's deadline passed, when a fact changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

MOST_REMEMBERED = 10_000
CLOSING = -1  # its place among what waits for the clock: promises come first by number, rules behind them

Slots = frozenset[int]  # numbers of selectors


@dataclass(frozen=True, slots=True)
class Concerned:
    """Parts of a definition by number, ascending; rules that look at what others found come behind these."""

    keeps: tuple[int, ...] = ()
    stages: tuple[int, ...] = ()
    promises: tuple[int, ...] = ()
    rules: tuple[int, ...] = ()
    closing: bool = False

    def joined(self, other: "Concerned") -> "Concerned":
        return Concerned(
            tuple(sorted({*self.keeps, *other.keeps})),
            tuple(sorted({*self.stages, *other.stages})),
            tuple(sorted({*self.promises, *other.promises})),
            tuple(sorted({*self.rules, *other.rules})),
            self.closing or other.closing,
        )


class Concerns:
    """The parts of one definition, each with the selectors that it looks at.

    A touchpoint is asked of few of them.  Which, is found out once for all that the same selectors select.
    """

    __slots__ = ("_always", "_closing", "_keeps", "_known", "_promises", "_rules", "_rules_of", "_stages", "facts")

    def __init__(
        self,
        keeps: Sequence[Slots],
        stages: Sequence[Slots],
        promises: Sequence[Slots],
        rules: Sequence[Slots],
        closing: Slots,
        *,
        rules_of: Sequence[Collection[int]],
        due_by_facts: Collection[int],
        always: Concerned,
    ) -> None:
        """`rules_of`: for each promise the rules over it; `due_by_facts`: the promises whose due is a fact of the journey;
        `always`: what looks at the whole journey."""
        self._keeps, self._stages, self._promises, self._rules, self._closing = keeps, stages, promises, rules, closing
        self._rules_of, self._always = rules_of, always
        self.facts = self._over(due_by_facts) if due_by_facts else None
        self._known: dict[Slots, Concerned] = {}

    def of(self, slots: Slots) -> Concerned:
        """What touchpoints that these selectors select concern."""
        found = self._known.get(slots)
        if found is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            found = self._known[slots] = self._found(slots)
        return found

    def _found(self, slots: Slots) -> Concerned:
        found = Concerned(
            keeps=_selected(self._keeps, slots),
            stages=_selected(self._stages, slots),
            rules=_selected(self._rules, slots),
            closing=not self._closing.isdisjoint(slots),
        )
        return found.joined(self._over(_selected(self._promises, slots))).joined(self._always)

    def at(self, place: int) -> Concerned:
        """What the clock concerns when it passes the deadline at a place."""
        if place == CLOSING:
            return Concerned(closing=True)
        behind = place - len(self._promises)
        return self._over((place,)) if behind < 0 else Concerned(rules=(behind,))

    def _over(self, promises: Collection[int]) -> Concerned:
        """Promises, and the rules over them."""
        return Concerned(promises=tuple(promises), rules=tuple(rule for each in promises for rule in self._rules_of[each]))


def _selected(parts: Sequence[Slots], slots: Slots) -> tuple[int, ...]:
    return tuple(number for number, each in enumerate(parts) if not each.isdisjoint(slots))
