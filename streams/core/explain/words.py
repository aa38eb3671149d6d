"""The small words of the language in English: values, lists, lengths of time, conditions, selectors."""

from collections.abc import Iterable, Mapping, Sequence

from streams.core.definition.selector import Change, Cond, NewCond, Selector
from streams.core.definition.values import DEFAULT_REGION, DIMENSIONS, UNIT_MS, Span
from streams.core.touchpoint import Scalar

UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond"}
WHO = {"human": "by a human", "product": "by the product", "system": "by a system"}
ANYTHING = "anything"
BOUNDS = {"at_least": "is at least", "at_most": "is at most", "above": "is above", "below": "is below"}


def quoted(text: object) -> str:
    return f"`{text}`"


def value(scalar: Scalar) -> str:
    """Texts in quotes, so that "5" is not 5."""
    if isinstance(scalar, str):
        return quoted(scalar) if scalar else "the empty text"
    return str(scalar).lower() if isinstance(scalar, bool) else repr(scalar)


def listed(parts: Sequence[str], word: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def length(span: Span) -> str:
    """`4 hours`, `2 working days`, in the largest unit that divides it."""
    if span.unit == "working days":
        return counted(span.length, "working day")
    units = ("d", "h", "m", "s", "ms") if span.unit == "ms" else ("h", "m", "s", "ms")
    unit = next(each for each in units if span.length % UNIT_MS[each] == 0 and (span.length or each == "h"))
    return counted(span.length // UNIT_MS[unit], ("" if span.unit == "ms" else "working ") + UNITS[unit])


def lengths(spans: Mapping[str, Span]) -> str:
    regions = [f"{length(span)} in {quoted(region)}" for region, span in spans.items() if region != DEFAULT_REGION]
    return length(spans[DEFAULT_REGION]) + (f" ({', '.join(regions)})" if regions else "")


def paths(found: Iterable[str]) -> str:
    return listed([quoted(each) for each in found])


def condition(cond: Cond) -> str:
    """What is said of a value, such as `is at least 2 and is not 5`."""
    return listed(list(_conditions(cond)))


def _conditions(cond: Cond) -> Iterable[str]:
    if cond.is_ is not None:
        yield f"is {value(cond.is_)}"
    if cond.is_not is not None:
        yield f"is not {value(cond.is_not)}"
    if cond.in_ is not None:
        yield f"is {_one_of(cond.in_)}"
    if cond.not_in is not None:
        yield f"is not {_one_of(cond.not_in)}"
    yield from (f"{said} {value(bound)}" for name, said in BOUNDS.items() if (bound := getattr(cond, name)) is not None)
    if cond.exists is not None:
        yield "is there" if cond.exists else "is absent"
    if cond.matches is not None:
        yield f"matches the expression {quoted(cond.matches)}"
    if isinstance(cond, NewCond) and cond.seen is not None:
        yield "was there before" if cond.seen else "was never there before"


def _one_of(values: Sequence[Scalar]) -> str:
    return f"one of ({', '.join(map(value, values))})" if values else "one of nothing"


def touched(selector: Selector) -> str:
    """A touchpoint, as `order.purchased by a human with channel `web``."""
    if selector.model_fields_set == {"any"} and selector.any:
        return _any(selector.any)
    action, who = _action(selector), _who(selector)
    if not action and not selector.breaks and who[:1] not in (["inbound"], ["outbound"]):
        action = [ANYTHING]
    return " ".join([*action, *who, *_rest(selector)])


def nothing(selector: Selector) -> str:
    """That no such touchpoint."""
    said = touched(selector)
    return said.replace(ANYTHING, "nothing", 1) if said.startswith(ANYTHING) else f"no {said}"


def _any(selectors: Sequence[Selector]) -> str:
    return f"either of ({', '.join(map(touched, selectors))})" if len(selectors) > 1 else f"({touched(selectors[0])})"


def _only(cond: Cond | None, *names: str) -> bool:
    return cond is not None and {name for name in Cond.model_fields if getattr(cond, name) is not None} == set(names)


def _action(selector: Selector) -> list[str]:
    action = selector.action
    if action is not None and _only(action, "is_") and action.is_ == "*":
        return []
    if _only(action, "is_") and action is not None:
        return [quoted(action.is_)]
    if _only(action, "in_") and action is not None and action.in_:
        return [listed([quoted(each) for each in action.in_], "or")]
    return [] if action is None else [f"what has an action that {condition(action)}"]


def _who(selector: Selector) -> list[str]:
    found = []
    if _only(selector.direction, "is_") and selector.direction and selector.direction.is_ in ("inbound", "outbound"):
        found.append(str(selector.direction.is_))
    if _only(selector.origin, "is_") and selector.origin and selector.origin.is_ in WHO:
        found.append(WHO[str(selector.origin.is_)])
    return found


def _rest(selector: Selector) -> Iterable[str]:
    if selector.breaks:
        yield f"a breakage of {quoted(selector.breaks)}"
    said = _who(selector)
    where = []
    for name in DIMENSIONS:
        cond = getattr(selector, name)
        if cond is not None and not (_only(cond, "is_") and (WHO.get(str(cond.is_), cond.is_) in said)):
            where.append(f"{name} {condition(cond)}")
    where += [f"{quoted(name)} {condition(cond)}" for name, cond in (selector.where or {}).items()]
    if where:
        yield f"where {listed(where)}"
    elif selector.where is not None:
        yield "where nothing is asked"
    for path, change in (selector.changes or {}).items():
        yield f"that changes {quoted(path)}{_change(change)}"
    if selector.time:
        yield f"{'inside' if selector.time.inside else 'outside'} the hours of {quoted(selector.time.calendar)}"
    if selector.any:
        yield f"that is {_any(selector.any)}"
    if selector.not_:
        yield f"but not ({touched(selector.not_)})"


def _change(change: Change) -> str:
    before = f" from what {condition(change.from_)}" if change.from_ else ""
    after = f" to what {condition(change.to)}" if change.to else ""
    return before + after or " to anything else"
