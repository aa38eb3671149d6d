"""Which definitions are in force, from when on, and whether others reach back to touchpoints that are forgotten."""

from collections.abc import Callable, Iterator, Sequence

from streams.core.definition import Bundle, Compiled
from streams.core.definition.length import ENDLESS_MS, Length
from streams.core.log import Activation

SOME_DAY_MS = 1_700_000_000_000  # a length in working hours depends on where it begins
Versions = dict[str, tuple[tuple[int, str], ...]]  # by a definition's name: (effective from, bundle's hash), the newest first


class Force:
    """The activations in the order of the log.  From its `effective_from_ms` on, one replaces all before it."""

    def __init__(self, activations: Sequence[Activation], load: Callable[[str], Bundle]) -> None:
        standing: list[Activation] = []
        for activation in activations:
            standing = [*(each for each in standing if each.effective_from_ms < activation.effective_from_ms), activation]
        self.bundles = [(each.effective_from_ms, load(each.bundle)) for each in reversed(standing)]  # the newest first
        self.has_wholes = any(bundle.of_person for _, bundle in self.bundles)
        self.longest_ms = max([0, *(_window_ms(length) for _, bundle in self.bundles for length in _windows(bundle))])
        self.by_type: dict[str, dict[str, list[tuple[int, Compiled]]]] = {}
        for effective_from_ms, bundle in self.bundles:
            for kind, definitions in bundle.by_instance_type.items():
                named = self.by_type.setdefault(kind, {})
                for definition in definitions:
                    named.setdefault(definition.name, []).append((effective_from_ms, definition))

    def reaches_back(self, before: "Force", kind: str, until_ms: int, clock_ms: int) -> bool:
        """Whether what happened up to `until_ms` at an address of this kind is to be judged otherwise than before."""
        return self._judging(kind, until_ms) != before._judging(kind, until_ms) or self._reaches_persons(before, clock_ms)

    def _judging(self, kind: str, until_ms: int) -> Versions:
        """The versions that judge journeys opened by then: those effective by then, and the oldest where there is none."""
        found: Versions = {}
        for since_ms, bundle in self.bundles:
            for definition in bundle.by_instance_type.get(kind, ()):
                known = found.get(definition.name, ())
                if since_ms <= until_ms or since_ms == self.by_type[kind][definition.name][-1][0]:
                    found[definition.name] = (*known, (since_ms, bundle.content_hash))
        return found

    def _reaches_persons(self, before: "Force", clock_ms: int) -> bool:
        """What judges persons is other than any before, and looks beyond what is kept by then."""
        known = {_of_person(bundle) for _, bundle in before.bundles}
        fresh = [(since_ms, bundle) for since_ms, bundle in self.bundles if bundle.of_person and _of_person(bundle) not in known]
        return any(since_ms < clock_ms or _is_endless(bundle) for since_ms, bundle in fresh)


def _of_person(bundle: Bundle) -> tuple[tuple[str, int], ...]:
    return tuple((each.name, each.version) for each in bundle.of_person)


def _is_endless(bundle: Bundle) -> bool:
    """A journey of the person, or a rule over it without a window, looks at everything that ever was."""
    lives = any(not each.instances.kind and each.instances.gap is None for each in bundle.of_person)
    rules = (rule.primitive for each in bundle.of_person for rule in each.person_rules)
    return lives or any(getattr(each, "within", None) is None and getattr(each, "at_most", None) is None for each in rules)


def _windows(bundle: Bundle) -> Iterator[Length]:
    """In which rules of journeys look at a touchpoint that comes."""
    for definition in bundle.definitions:
        for rule in definition.journey_rules:
            found = rule.recovers_within, getattr(rule.primitive, "within", None)
            yield from (each for each in found if isinstance(each, Length))


def _window_ms(length: Length) -> int:
    return min(length.after(SOME_DAY_MS, "") - SOME_DAY_MS, ENDLESS_MS)
