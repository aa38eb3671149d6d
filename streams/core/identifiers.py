"""Identifier types: which there are, what each is good for, and which one decides where a touchpoint travels."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from streams.core.touchpoint import identifier_key

Kind = Literal["person", "object", "reference"]
Pairs = tuple[tuple[str, str], ...]
SHIPPED = Path(__file__).parent.parent / "definitions" / "identity.yaml"


class IdentityError(ValueError):
    """identity.yaml cannot be used; the text names the file, the place and the remedy."""


class IdentifierType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Kind


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    identifiers: dict[str, IdentifierType]
    nobody: list[str] = []


class Identifiers:
    """The declared types.  Rank is the order of declaration: the first is the strongest."""

    def __init__(
        self, kinds: dict[str, Kind], nobody: frozenset[str] = frozenset(), instances: frozenset[str] = frozenset()
    ) -> None:
        self.kinds = kinds
        self.nobody = nobody
        self.instances = instances  # types that definitions take as their instance
        self.rank = {name: rank for rank, name in enumerate(kinds)}
        self._objects = {name for name, kind in kinds.items() if kind == "object"}
        self._persons = {name for name, kind in kinds.items() if kind == "person"}
        self._copied = self._objects | instances

    def with_instances(self, types: Iterable[str]) -> "Identifiers":
        """What a definition takes as its instance is an object, also where identity.yaml does not know it."""
        instances = frozenset(types)
        added: dict[str, Kind] = {name: "object" for name in sorted(instances) if name not in self.kinds}
        return Identifiers({**self.kinds, **added}, self.nobody, instances)

    def normalise(self, pairs: Pairs) -> Pairs:
        """Trimmed, without values that stand for nobody.  Undeclared types are carried like references."""
        trimmed = ((name, value.strip()) for name, value in pairs)
        return tuple((name, value) for name, value in trimmed if value.lower() not in self.nobody)

    def address(self, pairs: Pairs) -> str | None:
        """The strongest object, else the strongest person identifier, as a key; None if neither is there."""
        found = self._strongest(pairs, self._objects) or self._strongest(pairs, self._persons)
        return identifier_key(*found) if found else None

    def other_addresses(self, pairs: Pairs, address: str) -> list[str]:
        """Where copies go: to every other object, and to whatever else is an instance of a definition.

        What happened to two objects belongs to both, also when they belong to two people; each has its own owner, so a journey is
        never judged for two people at once.
        """
        keys = [identifier_key(*pair) for pair in pairs if pair[0] in self._copied]
        return [key for key in dict.fromkeys(keys) if key != address]

    def links(self, pairs: Pairs) -> list[tuple[str, str]]:
        """(object, target) for every object: the target is the strongest person, or without one the strongest object above it."""
        if len(pairs) == 1:
            return []
        person = self._strongest(pairs, self._persons)
        objects = [pair for pair in pairs if pair[0] in self._objects]
        target = person or self._strongest(pairs, self._objects)
        if target is None:
            return []
        below = [pair for pair in objects if person or self.rank[pair[0]] > self.rank[target[0]]]
        return [(identifier_key(*pair), identifier_key(*target)) for pair in below]

    def is_person(self, key: str) -> bool:
        return key.partition(":")[0] in self._persons

    def _strongest(self, pairs: Pairs, among: set[str]) -> tuple[str, str] | None:
        best, best_rank = None, len(self.rank)
        for pair in pairs:
            if pair[0] in among:
                rank = self.rank[pair[0]]
                if rank < best_rank or (rank == best_rank and best is not None and pair[1] < best[1]):
                    best, best_rank = pair, rank
        return best


def load_identifiers(path: Path | None = None) -> Identifiers:
    """Raises IdentityError."""
    file = path or SHIPPED
    try:
        read = msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), _File)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise IdentityError(f"{file}: {error}; see streams/definitions/identity.yaml for the form") from None
    wrong = [name for name in read.identifiers if ":" in name or not name]
    if wrong:
        raise IdentityError(f"{file}: identifier types {wrong} must not be empty or contain a colon")
    return Identifiers({name: declared.kind for name, declared in read.identifiers.items()}, frozenset(read.nobody))
