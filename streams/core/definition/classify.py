"""What a touchpoint means to a definition: the numbers of the selectors that select it, and its effort."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from streams.core.definition.patterns import literal_length, wildcard
from streams.core.definition.select import BREAKS, Node, Predicate, dimensions, means_breakages, narrow, of_echo
from streams.core.touchpoint import Touchpoint

MOST_REMEMBERED = 10_000
ECHO = "breakage"  # the origin of a breakage that stands among touchpoints; its action is the breakage's name


class Meaning(NamedTuple):
    """Selectors that hold for sure, those that a predicate decides, and the effort."""

    sure: tuple[int, ...]
    open: tuple[tuple[int, Predicate], ...]
    effort: float


class Classifier:
    """Remembers the meaning of each combination of those dimensions that the selectors ask for.

    A touchpoint costs one look-up and the predicates that its own action leaves open.
    """

    __slots__ = ("_dimensions", "_echoes", "_effort", "_nodes", "key", "known")

    def __init__(self, nodes: Sequence[Node | None], effort: Mapping[str, float]) -> None:
        self._nodes = tuple(nodes)
        self._echoes = tuple(of_echo(node) if node and means_breakages(node) else None for node in nodes)
        asked = {"action"}.union(*(dimensions(node) for node in self._nodes if node))
        self._dimensions = tuple(sorted(asked))
        by_precision = sorted(effort.items(), key=lambda entry: literal_length(entry[0]), reverse=True)
        self._effort = [(wildcard(pattern), float(weight)) for pattern, weight in by_precision]
        self.key: Callable[[Touchpoint], Any] = attrgetter(*self._dimensions)
        self.known: dict[Any, Meaning] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def may_select(self, touchpoint: Touchpoint, slots: frozenset[int]) -> bool:
        """Whether one of these selectors selects it, wherever it may stand among others."""
        meaning = self.known.get(self.key(touchpoint)) or self.learn(touchpoint)
        if not slots.isdisjoint(meaning.sure):
            return True
        return any(slot in slots and (holds(touchpoint, ~0) or holds(touchpoint, 0)) for slot, holds in meaning.open)

    def learn(self, touchpoint: Touchpoint) -> Meaning:
        """The meaning of all touchpoints that share this one's dimensions."""
        if len(self.known) >= MOST_REMEMBERED:
            self.known.clear()
        known = {dimension: getattr(touchpoint, dimension) for dimension in self._dimensions}
        is_echo = touchpoint.origin == ECHO and "origin" in self._dimensions
        if is_echo:
            known[BREAKS] = touchpoint.action
        nodes = self._echoes if is_echo else self._nodes
        answers = [(number, narrow(node, known)) for number, node in enumerate(nodes) if node]
        meaning = Meaning(
            tuple(number for number, answer in answers if answer is True),
            tuple((number, answer) for number, answer in answers if not isinstance(answer, bool)),
            0.0 if is_echo else next((weight for matches, weight in self._effort if matches(touchpoint.action)), 0.0),
        )
        self.known[self.key(touchpoint)] = meaning
        return meaning
