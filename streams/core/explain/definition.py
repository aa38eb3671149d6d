"""A definition in English: one paragraph for the journey, one for each stage, fact, promise and rule."""

from collections.abc import Iterator

from streams.core.definition.model import Definition, Episode, Keep, Promise, Rule, Stage
from streams.core.definition.values import ALWAYS
from streams.core.explain.rule import breaks_when
from streams.core.explain.words import counted, length, lengths, quoted, touched

TAKES = {
    "first": "the first", "last": "the last", "min": "the least", "max": "the greatest", "sum": "the sum of",
    "count": "how many have", "distinct": "how many different",
}  # fmt: skip
AFTER_CLOSE = {
    "attach": "What comes after the end still belongs to it",
    "reopen": "Another opening opens it anew",
    "ignore": "What comes after the first closing does not belong to it",
}


def explain(definition: Definition) -> list[str]:
    """Paragraphs without line breaks, in the order of the definition."""
    return [
        _journey(definition),
        *(_keep(name, each) for name, each in definition.keeps.items()),
        *([_effort(definition.effort)] if definition.effort else []),
        *(_stage(name, each) for name, each in definition.stages.items()),
        *(_promise(name, each) for name, each in definition.promises.items()),
        *(explain_rule(name, each) for name, each in definition.breakages.items()),
    ]


def explain_rule(name: str, rule: Rule) -> str:
    """`NAME (severity, for OWNER): breaks when … What is said about it.`"""
    owner = f", for {rule.owner}" if rule.owner else ""
    about = f" {_sentence(rule.about)}" if rule.about else ""
    runbook = f" Runbook: {rule.runbook}" if rule.runbook else ""
    return f"{name} ({rule.severity}{owner}): {breaks_when(rule)}{about}{runbook}"


def _journey(definition: Definition) -> str:
    said = f"{definition.journey}, version {definition.version}:"
    return " ".join(
        [said, *([_sentence(definition.about)] if definition.about else []), *(f"{each}." for each in _life(definition))]
    )


def _life(definition: Definition) -> Iterator[str]:
    yield _instance(definition)
    yield f"It opens with {touched(definition.opens)}"
    if definition.closes:
        outcomes = ", ".join(f"as {quoted(name)} with {touched(each)}" for name, each in definition.closes.items())
        yield f"It closes {outcomes}; the {definition.outcome} closing wins"
    elif definition.outcome != "last":
        yield f"The {definition.outcome} closing wins"
    yield AFTER_CLOSE[definition.after_close]
    if definition.expires:
        yield f"It expires after a silence of {length(definition.expires)}"
    if definition.calendar != ALWAYS:
        yield f"Working time is that of the calendar {quoted(definition.calendar)}"
    if definition.look_back:
        yield f"Rules over a person look back {length(definition.look_back)}"
    if definition.pauses:
        yield f"It pauses from {touched(definition.pauses.from_)} to {touched(definition.pauses.to)}"
    if definition.cases:
        yield f"It has {counted(len(definition.cases), 'case')}"


def _instance(definition: Definition) -> str:
    instance = definition.instance
    if isinstance(instance, Episode):
        each = f", one for each {quoted(instance.episode.by)}" if instance.episode.by else ""
        return f"A journey is an episode of a person until a silence of {length(instance.episode.gap)}{each}"
    return "A journey is all of a person" if definition.of_person else f"A journey is all that carries the same {quoted(instance)}"


def _keep(name: str, keep: Keep) -> str:
    if keep.value is None:
        return f"Fact {name}: how many {touched(keep.of)}."
    return f"Fact {name}: {TAKES[keep.take]} {quoted(keep.value)} of {touched(keep.of)}."


def _effort(effort: dict[str, float]) -> str:
    return f"Effort: {', '.join(f'{quoted(pattern)} {weight:g}' for pattern, weight in effort.items())}; the most precise counts."


def _stage(name: str, stage: Stage) -> str:
    match = f" with the same {quoted(stage.match)}" if stage.match else ""
    each = "each " if stage.per == "occurrence" else ""
    said = [f"Stage {name}: from {each}{touched(stage.from_)} to {touched(stage.to)}{match}."]
    said += [f"Working time is that of the calendar {quoted(stage.calendar)}."] if stage.calendar else []
    return " ".join([*said, *_stands_still(stage.paused)])


def _promise(name: str, promise: Promise) -> str:
    each = "each " if promise.per == "occurrence" else ""
    due = quoted(promise.due) if isinstance(promise.due, str) else f"{lengths(promise.due)} later"
    if promise.grain == "day":
        due += f", at the end of that day in {promise.zone or 'UTC'}{'' if promise.zone else ' by default'}"
    said = [f"Promise {name}: made by {each}{touched(promise.made_by)}, due {'at ' if isinstance(promise.due, str) else ''}{due}."]
    match = f" with the same {quoted(promise.match)}" if promise.match else ""
    said.append(f"Kept by {touched(promise.kept_by)}{match}.")
    said += [f"Revised by {touched(promise.revised_by)}."] if promise.revised_by else []
    said += [f"Released by {touched(promise.released_by)}."] if promise.released_by else []
    return " ".join([*said, *_stands_still(promise.paused)])


def _stands_still(paused: bool) -> list[str]:
    return ["The clock stands still in pauses."] if paused else []


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
