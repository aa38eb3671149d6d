"""Identifier types: which there are, how a value is compared, what each is good for, and when it links nobody."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from functools import lru_cache
from hashlib import sha256
from hmac import HMAC
from typing import Literal

import msgspec

from streams.core.definition.values import duration_ms
from streams.core.identifiers.forms import Form, FormName, form
from streams.core.log import LINKED, SEEN, UNLINKED
from streams.core.touchpoint import hash_id, identifier_key

Kind = Literal["person", "object", "reference"]
Kept = Literal["clear", "hashed"]
Pairs = tuple[tuple[str, str], ...]
Said = tuple[str, str, int]  # weaker, stronger, what is said of them
ON_PURPOSE = {"identity.linked": LINKED, "identity.unlinked": UNLINKED}  # actions
MOST_IDENTIFIERS = 200


class IdentifierType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As written in identity.yaml, which explains each key."""

    kind: Kind
    form: FormName = "text"
    region: str = ""
    strict: bool = False
    keeps_case: bool = False
    dotless: tuple[str, ...] = ()
    tagless: tuple[str, ...] = ()
    matches: str = ""
    never: tuple[str, ...] = ()
    partners: int | dict[str, int] = 0
    most: int = 0
    expires: str = ""  # a duration
    kept: Kept = "clear"


class _Rules:
    """One type, ready for use."""

    __slots__ = ("expires_ms", "form", "kept", "least", "matches", "most", "never", "partners")

    def __init__(self, declared: IdentifierType) -> None:
        names = ("region", "strict", "keeps_case", "dotless", "tagless")
        self.form: Form = form(declared.form, **{name: getattr(declared, name) for name in names})
        self.matches = re.compile(declared.matches).fullmatch if declared.matches else None
        never = "|".join(translate(pattern.lower()) for pattern in declared.never)
        self.never = re.compile(never).fullmatch if never else None
        self.partners, self.most = declared.partners, declared.most
        self.least = self.partners if isinstance(self.partners, int) else min(self.partners.values(), default=0)
        self.expires_ms = duration_ms(declared.expires) if declared.expires else 0
        self.kept = declared.kept


class Identifiers:
    """The declared types.  Rank is the order of declaration: the first is the strongest.

    `nobody`: values that stand for nobody, in small letters; `most`: identifiers that one person may have; `secret`: key of the
    hashes of types that are not kept in clear; `instances`: types that definitions take as their instance.
    """

    def __init__(
        self,
        types: Mapping[str, Kind | IdentifierType],
        nobody: frozenset[str] = frozenset(),
        instances: frozenset[str] = frozenset(),
        most: int = MOST_IDENTIFIERS,
        secret: bytes = b"",
    ) -> None:
        self.types = {name: its if isinstance(its, IdentifierType) else IdentifierType(its) for name, its in types.items()}
        self.kinds: dict[str, Kind] = {name: its.kind for name, its in self.types.items()}
        self.nobody, self.instances, self.most, self._secret = nobody, instances, most, secret
        self.rank = {name: rank for rank, name in enumerate(self.types)}
        self._objects = {name for name, kind in self.kinds.items() if kind == "object"}
        self._persons = {name for name, kind in self.kinds.items() if kind == "person"}
        self._copied = self._objects | instances
        self._rules = {name: _Rules(its) for name, its in self.types.items()}
        self._plain = {name for name, its in self.types.items() if msgspec.structs.replace(its, kind="person") == PLAIN}
        self.few = min([most, *(rules.most or most for rules in self._rules.values())])  # identifiers that are never too many
        self.expiring = any(rules.expires_ms for rules in self._rules.values())
        self.denies = lru_cache(200_000)(self._denies)
        rules = [(name, its.kind, its.never, its.partners, its.most, its.expires) for name, its in self.types.items()]
        self.guards = hash_id(repr((rules, most)))  # tells one set of guards from another

    def with_instances(self, types: Iterable[str]) -> "Identifiers":
        """What a definition takes as its instance is an object, also where identity.yaml does not know it."""
        instances = frozenset(types)
        added: dict[str, Kind] = {name: "object" for name in sorted(instances) if name not in self.types}
        return Identifiers({**self.types, **added}, self.nobody, instances, self.most, self._secret)

    # values -----------------------------------------------------------------------------------------------------------

    def normalise(self, pairs: Pairs, region: str = "") -> Pairs:
        """In the form in which they are compared, without values that stand for nobody or cannot be one of their type.

        `region`: of the touchpoint; decides how a phone number in national form is read.  Undeclared types are only trimmed.
        """
        formed = ((name, self.value(name, value, region)) for name, value in pairs)
        return tuple((name, value) for name, value in formed if value)

    def value(self, name: str, value: str, region: str = "") -> str:
        """One value; empty if it is as good as none."""
        value = value.strip()
        if value.lower() in self.nobody or name in self._plain or name not in self._rules:
            return "" if value.lower() in self.nobody else value
        rules = self._rules[name]
        value = rules.form(value, region)
        if not value or value.lower() in self.nobody or (rules.matches and not rules.matches(value)):
            return ""
        return self._hashed(name, value) if rules.kept == "hashed" else value

    def _hashed(self, name: str, value: str) -> str:
        """What is denied must be seen before it is hashed, so a hash says so by its first letter."""
        never = self._rules[name].never
        mark = "x" if never and never(value.lower()) else "h"
        return mark + HMAC(self._secret, f"{name}\0{value}".encode(), sha256).hexdigest()[:32]

    def key_for(self, use: str) -> str:
        """A key that is used for nothing else, 64 hex digits: a secret one where the hashes' is."""
        return HMAC(self._secret, use.encode(), sha256).hexdigest()

    # where a touchpoint goes, and whom it links -----------------------------------------------------------------------

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

    def links(self, pairs: Pairs, action: str = "") -> list[Said]:
        """What a touchpoint says of its identifiers.

        Person identifiers are linked with each other.  An object's target is the strongest person, and the next one where that may
        turn out to link nobody; without a person the strongest object above it.
        """
        if len(pairs) == 1:
            return []
        persons = self._ranked(pairs, self._persons)
        objects = self._ranked(pairs, self._objects)
        if says := ON_PURPOSE.get(action, SEEN):
            ranked = [*persons, *objects]
            pairs_of = ((weaker, stronger) for at, stronger in enumerate(ranked) for weaker in ranked[at + 1 :])
            return [(weaker, stronger, says) for weaker, stronger in pairs_of if self._may_link(weaker, stronger)]
        said = [(weaker, stronger, SEEN) for at, stronger in enumerate(persons) for weaker in persons[at + 1 :]]
        if persons:
            return said + [(each, target, SEEN) for each in objects for target in self._owners(persons)]
        return [(each, objects[0], SEEN) for each in objects if self._may_link(each, objects[0])]

    def _may_link(self, weaker: str, stronger: str) -> bool:
        """Objects of one type never link: neither can belong to the other."""
        return self.is_person(stronger) or self.rank_of(weaker)[0] > self.rank_of(stronger)[0]

    def _owners(self, persons: list[str]) -> list[str]:
        """As many as it takes to come to one that no guard will refuse."""
        found = []
        for key in persons:
            found.append(key)
            rules = self._rules[key.partition(":")[0]]
            if not rules.partners and not rules.expires_ms and not self.denies(key):
                break
        return found

    def is_person(self, key: str) -> bool:
        return key.partition(":")[0] in self._persons

    def rank_of(self, key: str) -> tuple[int, str]:
        """Least for the strongest: of equal types the one that sorts first."""
        name, _, value = key.partition(":")
        return self.rank.get(name, len(self.rank)), value

    # guards -----------------------------------------------------------------------------------------------------------

    def _denies(self, key: str) -> bool:
        """Whether an identifier may never link, whatever is said of it."""
        name, _, value = key.partition(":")
        rules = self._rules.get(name)
        if rules is None or rules.never is None:
            return False
        return value[:1] == "x" if rules.kept == "hashed" else bool(rules.never(value.lower()))

    def expires_ms(self, key: str) -> int:
        """For so long it links, from its first link on; 0: for ever."""
        rules = self._rules.get(key.partition(":")[0])
        return rules.expires_ms if rules is not None else 0

    def least_limit(self, key: str) -> int:
        """With no more partners than so many it is not crowded, whatever they are; 0: it never is."""
        return self._rules[key.partition(":")[0]].least

    def crowded(self, key: str, partners: Mapping[str, int]) -> bool:
        """Whether it has more partners, counted by type, than one person's identifier has."""
        most = self._rules[key.partition(":")[0]].partners
        if isinstance(most, int):
            return bool(most) and sum(partners.values()) > most
        return any(partners.get(name, 0) > its for name, its in most.items())

    def too_many(self, counts: Mapping[str, int]) -> str:
        """The limit that a person with so many identifiers, by type, would break; empty if none."""
        if sum(counts.values()) > self.most:
            return "too_large"
        return next((f"too_many_{name}" for name, count in counts.items() if 0 < self._rules[name].most < count), "")

    def _ranked(self, pairs: Pairs, among: set[str]) -> list[str]:
        """Keys, the strongest first."""
        return sorted({identifier_key(*pair) for pair in pairs if pair[0] in among}, key=self.rank_of)

    def _strongest(self, pairs: Pairs, among: set[str]) -> tuple[str, str] | None:
        best, best_rank = None, len(self.rank)
        for pair in pairs:
            if pair[0] in among:
                rank = self.rank[pair[0]]
                if rank < best_rank or (rank == best_rank and best is not None and pair[1] < best[1]):
                    best, best_rank = pair, rank
        return best


PLAIN = IdentifierType("person")
