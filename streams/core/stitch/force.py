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
        """Something that judges persons is new, and looks at more than what is kept by then.

        Rules over a person number what they find, or say the first of it, so all that ever was may count; so does a journey of the
        person.  Episodes alone end.
        """
        known = {key for _, bundle in before.bundles for key, _ in _of_persons(bundle)}
        for since_ms, bundle in self.bundles:
            fresh = [definition for key, definition in _of_persons(bundle) if key not in known]
            if any(since_ms < clock_ms or each.person_rules or each.instances.gap is None for each in fresh):
                return True
        return False


def _of_persons(bundle: Bundle) -> Iterator[tuple[tuple[str, ...], Compiled]]:
    """What decides at which touchpoints somebody looks who judges persons: of a journey of an object its rules over a person."""
    for each in bundle.of_person:
        if each.instances.kind:
            rules = (each.definition.breakages[rule.name].model_dump_json() for rule in each.person_rules)
            yield (each.name, *rules), each
        else:
            yield (each.name, str(each.version)), each


def _windows(bundle: Bundle) -> Iterator[Length]:
    """In which rules of journeys look at a touchpoint that comes."""
    for definition in bundle.definitions:
        for rule in definition.journey_rules:
            found = rule.recovers_within, getattr(rule.primitive, "within", None)
            yield from (each for each in found if isinstance(each, Length))


def _window_ms(length: Length) -> int:
    return min(length.after(SOME_DAY_MS, "") - SOME_DAY_MS, ENDLESS_MS)
