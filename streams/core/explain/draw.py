"""A definition as a Mermaid state diagram: opening, stages, outcomes; promises and rules as notes."""

from collections.abc import Iterator

from streams.core.definition.model import Definition
from streams.core.definition.references import EXPIRED
from streams.core.explain.rule import breaks_when
from streams.core.explain.words import length, lengths, quoted, touched

JOURNEY = "journey"
# What means something to Mermaid within a label, as its entity; `'` stands for backticks, which begin Markdown.
ENTITIES = str.maketrans({each: f"#{ord(each)};" for each in '#;:"<>{}[]%&\\|*'} | {"`": "'"})


def draw(definition: Definition) -> str:
    """The text of a diagram.  States are numbered, so that no name can be a word of Mermaid."""
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _lines(definition))]) + "\n"


def _lines(definition: Definition) -> Iterator[str]:
    yield "direction LR"
    yield f'state "{label(definition.journey)} {definition.version}" as {JOURNEY}'
    yield f"[*] --> {JOURNEY} : {label(touched(definition.opens))}"
    yield from _stages(definition)
    yield from _outcomes(definition)
    yield from _notes(definition)


def _stages(definition: Definition) -> Iterator[str]:
    if not definition.stages:
        return
    yield f"state {JOURNEY} {{"
    for number, (name, stage) in enumerate(definition.stages.items(), 1):
        each = "each " if stage.per == "occurrence" else ""
        yield f'    state "{label(name)}" as stage{number}'
        yield f"    stage{number} : {label(f'from {each}{touched(stage.from_)}')}"
        yield f"    stage{number} : {label(f'to {touched(stage.to)}')}"
    yield from _following(definition)
    yield "}"


def _following(definition: Definition) -> Iterator[str]:
    """An arrow where one stage ends with what the next begins with."""
    stages = list(definition.stages.values())
    for number, stage in enumerate(stages, 1):
        for other, after in enumerate(stages, 1):
            if number != other and stage.to == after.from_:
                yield f"    stage{number} --> stage{other}"


def _outcomes(definition: Definition) -> Iterator[str]:
    ways = [(name, touched(closing)) for name, closing in definition.closes.items()]
    if definition.expires:
        ways.append((EXPIRED, f"silence of {length(definition.expires)}"))
    for number, (name, how) in enumerate(ways, 1):
        yield f'state "{label(name)}" as outcome{number}'
        yield f"{JOURNEY} --> outcome{number} : {label(how)}"
        if definition.after_close == "reopen":
            yield f"outcome{number} --> {JOURNEY} : {label(f'again {touched(definition.opens)}')}"
        yield f"outcome{number} --> [*]"


def _notes(definition: Definition) -> Iterator[str]:
    promised = [
        f"{name} - made by {touched(each.made_by)}, due {_due(each.due)}, kept by {touched(each.kept_by)}"
        for name, each in definition.promises.items()
    ]
    yield from _note("left", "Promises", promised)
    yield from _note("right", "Breakages", [f"{name} - {breaks_when(rule)}" for name, rule in definition.breakages.items()])


def _due(due: object) -> str:
    return quoted(due) if isinstance(due, str) else f"after {lengths(due)}"  # type: ignore[arg-type]


def _note(side: str, title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"note {side} of {JOURNEY}"
        yield f"    {title}"
        yield from (f"    {label(line)}" for line in lines)
        yield "end note"


def label(text: str) -> str:
    """Any text, so that Mermaid shows it as it is."""
    return " ".join(text.split()).translate(ENTITIES)
