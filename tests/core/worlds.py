"""Random definitions and random journeys for them, small enough that everything happens at once."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from streams.core.definition import Compiled, Definition, compile_definition
from streams.core.journey import judge
from streams.core.touchpoint import Touchpoint, better_copy, content_hash, order_of
from streams.core.verdict import Clock, Verdict

HOUR_MS = 3_600_000
always = settings(deadline=None, max_examples=100)

ACTIONS = ("open", "close", "stop", "ask.mail", "ask.call", "tell.mail", "tell.call", "pay")
NAMES = ("a", "b")

clocks_ms = st.sampled_from([-1, 3, 9, 14, 20, 27, 33, 1000]).map(lambda hour: hour * HOUR_MS) | st.integers(-HOUR_MS, 40 * HOUR_MS)
scalars = st.sampled_from([0, 1, 2.5, True, False, "x", "5", ""])
conditions = (
    scalars
    | st.dictionaries(st.sampled_from(["is", "is_not", "at_least", "at_most", "above", "below"]), scalars, min_size=1, max_size=2)
    | st.dictionaries(st.sampled_from(["in", "not_in"]), st.lists(scalars, max_size=2), min_size=1)
    | st.sampled_from([{"exists": True}, {"exists": False}, {"matches": "^x"}, {"matches": "."}])
)
patterns = st.sampled_from([*ACTIONS, "ask.*", "tell.*", "*.mail", "*"])
deep_selectors: st.SearchStrategy[Any] = st.recursive(
    patterns
    | st.fixed_dictionaries({"action": patterns | st.lists(patterns, min_size=1, max_size=2)}, optional={"origin": conditions})
    | st.fixed_dictionaries({"where": st.dictionaries(st.sampled_from(NAMES), conditions, min_size=1, max_size=2)}),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.fixed_dictionaries({"not": inner})
        | st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=2), "team": conditions})
    ),
    max_leaves=4,
)
selectors = st.sampled_from(
    [
        *ACTIONS,
        "ask.*",
        "tell.*",
        "*",
        ["ask.mail", "pay"],
        {"action": "ask.*", "origin": "human"},
        {"action": ["tell.*", "stop"], "where": {"a": {"exists": True}}},
        {"where": {"a": {"at_least": 1}}},
        {"not": ["ask.*", "open"]},
        {"any": ["pay", {"direction": "inbound", "not": "open"}], "channel": {"is_not": "web"}},
        {"changes": {"team": {}}},
        {"changes": {"attributes.a": {"to": {"seen": True}}}, "not": "pay"},
        {"changes": {"attributes.a": {"from": "x"}, "team": {"to": {"is": "one"}}}},
    ]
)


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def some(part: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(NAMES), part, min_size=least, max_size=2)


pers = one_of("journey", "occurrence")
paths = one_of("attributes.a", "identifiers.item", "channel", "region", "team")
lengths = one_of("0h", "1h", "3h", "8h", {"default": "2h", "BR": "5h"})
stages = st.fixed_dictionaries(
    {"from": selectors, "to": selectors, "per": pers}, optional={"match": paths, "paused": st.booleans()}
)
keeps = st.fixed_dictionaries(
    {"of": selectors, "value": paths, "take": one_of("first", "last", "min", "max", "sum", "count", "distinct")}
)
absences = st.fixed_dictionaries(
    {"after": selectors, "of": selectors, "within": lengths | st.just("journey"), "waits": one_of("first", "each", "last")},
    optional={"unless": selectors, "until": selectors, "same": st.lists(paths, max_size=2), "paused": st.booleans()},
)
promises = st.fixed_dictionaries(
    {"made_by": selectors, "due": lengths | one_of("attributes.due", "keeps.a"), "kept_by": selectors, "per": pers},
    optional={
        "revised_by": selectors,
        "released_by": selectors,
        "match": paths,
        "grain": one_of("day", "instant"),
        "paused": st.booleans(),
    },
)
spans = one_of("2h", "6h", {"default": "3h", "BR": "7h"})
counts = st.fixed_dictionaries(
    {"of": selectors, "at_least": st.integers(1, 3)},
    optional={
        "within": spans,
        "distinct": paths,
        "same": st.lists(paths, max_size=1),
        "until": selectors,
        "then": one_of("slide", "reset"),
    },
)
sequences = st.fixed_dictionaries(
    {"steps": st.lists(selectors, min_size=2, max_size=3)},
    optional={
        "within": spans,
        "without": selectors,
        "same": st.lists(paths, max_size=1),
        "next": st.booleans(),
        "counts": one_of("first", "last"),
    },
)
thresholds = st.fixed_dictionaries(
    {
        "of": selectors,
        "value": one_of("attributes.a", "attributes.b", "team"),
        "take": one_of("each", "first", "last", "min", "max", "sum"),
    },
    optional={"above": one_of(0, 1), "is_not": one_of("x", 1), "at_most": st.just(2)},
).filter(lambda each: len(each) > 3)
promise_rules = st.fixed_dictionaries(
    {"of": st.sampled_from(NAMES)},
    optional={
        "when": st.lists(one_of("open", "kept", "kept_late", "overdue", "released"), min_size=1, max_size=3),
        "against": one_of("first", "last"),
        "revised": st.integers(1, 2),
    },
)
said = {
    "if": one_of({"promise.a": {"is_not": "kept"}}, {"keeps.b": {"at_least": 1}}, {"outcome": {"exists": False}}),
    "heals": selectors,
    "recovers_within": one_of("0h", "2h", "9h"),
    "per": pers,
}
primitives = {"absence": absences, "promise": promise_rules, "count": counts, "sequence": sequences, "threshold": thresholds}
rules = st.one_of(*(st.fixed_dictionaries({name: one}, optional=said) for name, one in primitives.items()))
bodies = st.fixed_dictionaries(
    {
        "opens": one_of("open", ["open", "pay"], "*"),
        "closes": some(selectors),
        "stages": some(stages),
        "promises": st.fixed_dictionaries({"a": promises, "b": promises}),
        "keeps": st.fixed_dictionaries({"a": keeps, "b": keeps}),
        "breakages": some(rules, least=1),
    },
    optional={
        "pauses": st.fixed_dictionaries({"from": selectors, "to": selectors}),
        "outcome": one_of("first", "last"),
        "after_close": one_of("attach", "reopen", "ignore"),
        "expires": one_of("2h", "9h"),
        "effort": st.just({"ask.*": 1, "*": 0.5}),
    },
)


def definition(body: dict[str, Any]) -> Definition:
    """Nothing is `paused` where there are no pauses."""
    if "pauses" not in body:
        body = _unpaused(body)
    return Definition.model_validate({"journey": "order", "version": 1, "instance": "order", **body})


def _unpaused(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unpaused(each) for key, each in value.items() if key != "paused"}
    return value


definitions = bodies.map(definition)
compiled = definitions.map(compile_definition)
values = one_of(0, 1, 2.5, True, "x", "5", "", float("nan"), float("inf"), 2**63 - 1)
dues = st.integers(0, 30).map(lambda hour: hour * HOUR_MS) | one_of("1970-01-01T09:00:00", "1970-01-02", "soon", 2**62, True)
attributes = st.fixed_dictionaries({"due": dues}, optional={"a": values, "b": values})


def touchpoints(*actions: str) -> st.SearchStrategy[Touchpoint]:
    items = st.lists(one_of("i", "j"), max_size=2)
    return st.builds(
        _with_hash,
        occurred_at=st.integers(0, 24).map(lambda hour: hour * HOUR_MS),
        sequence=st.integers(0, 1),
        event_id=st.sampled_from("defghijklmn"),
        source=one_of("s", "t"),
        origin=one_of("product", "human", "system"),
        channel=one_of("", "web"),
        action=one_of(*actions),
        direction=one_of("", "inbound", "outbound"),
        identifiers=items.map(lambda each: (("order", "o"), *(("item", item) for item in each))),
        attributes=attributes,
        region=one_of("", "BR"),
        locale=st.just(""),
        agent=st.just(""),
        team=one_of("", "one"),
        address=st.just("order:o"),
        load=one_of("", "2016"),
    )


def _with_hash(load: str, **content: Any) -> Touchpoint:
    return Touchpoint(**content, content_hash=content_hash((*content.values(),)), load=load)


def copies_resolved(arrived: list[Touchpoint]) -> list[Touchpoint]:
    """What a journey is judged by: one copy of each (source, event id), in order."""
    kept: dict[tuple[str, str], Touchpoint] = {}
    for touchpoint in arrived:
        key = touchpoint.source, touchpoint.event_id
        kept[key] = better_copy(kept[key], touchpoint) if key in kept else touchpoint
    return sorted(kept.values(), key=order_of)


arrivals = st.builds(lambda opening, rest: [opening, *rest], touchpoints("open"), st.lists(touchpoints(*ACTIONS), max_size=9))
stories = arrivals.map(copies_resolved)


def verdict_at(definition: Compiled, story: list[Touchpoint], clock_ms: int, final_ms: int) -> Verdict:
    return judge(definition, "o", story, Clock(clock_ms, final_ms))
