"""The catalogue as a person reads it; `python -m streams.definitions.document FILE` writes it into a document."""

import re
from collections.abc import Iterator
from pathlib import Path

from streams.core.definition.model import PRIMITIVES, Definition, Rule
from streams.definitions import DEFAULT, load_bundle, shipped
from streams.generated import write_between

BEGIN, END = "<!-- catalogue: begin -->", "<!-- catalogue: end -->"
COLUMNS = ("rule", "it breaks when", "primitive", "severity", "owner", "source")
LABELS = ("When to use it", "Expects", "Example", "When one breaks")
_SOURCE = re.compile(r"^  ([a-z0-9_]+):  # source: (.+)$", re.MULTILINE)


def markdown() -> str:
    return "\n\n".join(_section(name, path) for name, path in shipped().items())


def notes(text: str) -> dict[str, str]:
    """What the comment at the head of a definition says, by label."""
    head = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        head.append(line.removeprefix("#").strip())
    parts = re.split(rf"(?:^| )({'|'.join(LABELS)}): ", " ".join(head))
    return dict(zip(parts[1::2], (" ".join(part.split()) for part in parts[2::2]), strict=True))


def sources(text: str) -> dict[str, str]:
    """Where the measure behind a rule is published, by rule."""
    return dict(_SOURCE.findall(text))


def _section(name: str, path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    definition = load_bundle([path]).definitions[0].definition
    known = sources(text)
    rows = [_row(rule, each, known.get(rule, "")) for rule, each in definition.breakages.items()]
    table = ["| " + " | ".join(row) + " |" for row in (COLUMNS, ("---",) * len(COLUMNS), *rows)]
    return "\n".join([f"## {definition.journey}", "", *_introduction(name, definition, notes(text)), *table])


def _introduction(name: str, definition: Definition, said: dict[str, str]) -> Iterator[str]:
    active = "Active by default" if name in DEFAULT else "To be chosen"
    yield f"{definition.about} {active}; by name `{name}`, version {definition.version}."
    yield ""
    for label in LABELS:
        yield f"- {label}: {said[label]}"
    yield ""


def _row(name: str, rule: Rule, source: str) -> tuple[str, ...]:
    scope = ", whole person" if rule.scope == "person" else ""
    return f"`{name}`", rule.about, _primitive(rule) + scope, rule.severity, rule.owner or "", source


def _primitive(rule: Rule) -> str:
    return next(name for name in PRIMITIVES if getattr(rule, name))


if __name__ == "__main__":
    write_between(BEGIN, END, markdown())
