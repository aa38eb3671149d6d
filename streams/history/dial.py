"""The number in a rule that can be turned: the same definition at another threshold."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from streams.core.definition import Bundle, Definition
from streams.core.definition.compiled import Compiled
from streams.core.definition.model import Rule
from streams.core.definition.primitives import PromiseRule, Threshold
from streams.core.definition.values import DEFAULT_REGION, span
from streams.core.touchpoint import Scalar

Place = tuple[str, ...]
NUMBER_KEYS = ("above", "at_least", "below", "at_most")


class NoDial(ValueError):
    """A rule has no threshold; the text says why."""


@dataclass(frozen=True)
class Dial:
    """`place`: where the threshold stands within the definition's plain values; `kind`: length, count or number.

    `everything`: the setting at which all breaks that could; None: where nothing is compared any more.
    """

    bundle: Bundle
    compiled: Compiled
    rule: str
    place: Place
    kind: str
    everything: Scalar | None

    @property
    def model(self) -> Rule:
        return self.compiled.definition.breakages[self.rule]

    @property
    def now(self) -> Any:
        """As it is set: lengths by region, a number, or None."""
        return _at(self.compiled.definition.describe(), self.place)

    def at(self, setting: Scalar | None) -> Bundle:
        """The same definition with this threshold, for all regions."""
        return self.with_rule(lambda plain: self.turn(plain, setting))

    def turn(self, plain: dict[str, Any], setting: Scalar | None) -> None:
        part, key = _at(plain, self.place[:-1]), self.place[-1]
        if setting is None:
            part.pop(key, None)
            if self.kind == "number":
                part["exists"] = True
        else:
            part[key] = {DEFAULT_REGION: setting} if self.kind == "length" else setting

    def with_rule(self, change: Callable[[dict[str, Any]], None]) -> Bundle:
        """The bundle with the definition's plain values changed; without all other rules, unless this one looks at breakages."""
        plain = self.compiled.definition.describe()
        change(plain)
        others = [one.definition for one in self.bundle.definitions if one.name != self.compiled.name]
        if not any(rule.breaks for rule in self.compiled.rules if rule.name == self.rule):
            plain["breakages"], others = {self.rule: plain["breakages"][self.rule]}, []
        definition = Definition.model_validate_json(json.dumps(plain))
        return Bundle.of([definition, *others], self.bundle.calendars)


def dial_of(bundle: Bundle, journey: str, rule: str, settings: Iterable[str] = ()) -> Dial:
    """Of a rule that has several thresholds, the one that the settings are of: lengths or numbers.  Raises NoDial."""
    compiled = next(one for one in bundle.definitions if one.name == journey)
    wants_length = any(_is_length(each) for each in settings)
    model = compiled.definition
    return Dial(bundle, compiled, rule, *_place(model, rule, model.breakages[rule], wants_length=wants_length))


def _place(definition: Definition, name: str, rule: Rule, *, wants_length: bool) -> tuple[Place, str, Scalar | None]:
    here = ("breakages", name)
    if rule.absence:
        if isinstance(rule.absence.within, str):
            raise NoDial("it waits for as long as the journey lasts: there is no length to choose")
        return (*here, "absence", "within"), "length", "0h"
    if rule.promise:
        return _of_promise(definition, here, rule.promise, wants_length=wants_length)
    if rule.count:
        return ((*here, "count", "within"), "length", None) if wants_length else ((*here, "count", "at_least"), "count", 1)
    if rule.threshold:
        return (*here, "threshold", _bound(rule.threshold)), "number", None
    if rule.sequence is None or rule.sequence.steps is None:
        raise NoDial("only a sequence of steps has a length to choose")
    return (*here, "sequence", "within"), "length", None


def _of_promise(definition: Definition, here: Place, rule: PromiseRule, *, wants_length: bool) -> tuple[Place, str, Scalar | None]:
    due = definition.promises[rule.of].due
    if rule.revised and not wants_length:
        return (*here, "promise", "revised"), "count", 1
    if isinstance(due, str):
        raise NoDial(f"its promise is due at `{due}`, which touchpoints bring: there is no length to choose")
    return ("promises", rule.of, "due"), "length", "0h"


def _bound(threshold: Threshold) -> str:
    for key in NUMBER_KEYS:
        bound = getattr(threshold, key)
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            return key
    raise NoDial("it compares with no number: expected `above`, `at_least`, `below` or `at_most`")


def _is_length(text: str) -> bool:
    try:
        span(text)
    except ValueError:
        return False
    return True


def _at(plain: Any, place: Place) -> Any:
    for step in place:
        plain = plain.get(step) if isinstance(plain, dict) else None
    return plain
