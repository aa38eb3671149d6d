"""YAML text to plain values, with the line of every place.

The scalars are those of JSON: `NO` and `2024-01-01` stay text, so that a region or a day never turns into something else.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import yaml

from streams.core.definition.problems import DefinitionError, Problem

Place = tuple[str | int, ...]
MOST_VALUES = 20_000
MOST_NESTED = 40
MERGE = "<<"


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)

_SCALARS: dict[str, Callable[[str], object]] = {
    "tag:yaml.org,2002:null": lambda _: None,
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:str": str,
}


@dataclass(slots=True)
class Document:
    """A YAML file as plain values.  `lines` counts from 1."""

    file: str
    value: object = None
    lines: dict[Place, int] = field(default_factory=dict)

    def known(self, place: Place) -> Place:
        """The part of `place` that stands in the text: shorthands are written without the keys that they stand for."""
        there: Place = ()
        for step in place:
            if (*there, step) in self.lines:
                there = (*there, step)
        return there

    def problem(self, place: Place, message: str) -> Problem:
        there = self.known(place)
        return Problem(self.file, self.lines.get(there, 1), ".".join(map(str, there)), message)


def parse(text: str, file: str) -> Document:
    """Raises DefinitionError for what is no YAML, has a key twice, or is nested or repeated beyond all sense."""
    document = Document(file)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DefinitionError([Problem(file, mark.line + 1 if mark else 1, "", f"no YAML: {error.problem}")]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise DefinitionError([Problem(file, 1, "", f"no YAML: {str(error).splitlines()[0]}")]) from None
    builder = _Builder(document)
    if root is None:
        raise DefinitionError([Problem(file, 1, "", "the file is empty: expected a definition beginning with `journey:`")])
    document.value = builder.build(root, ())
    if builder.problems:
        raise DefinitionError(builder.problems)
    return document


class _Builder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def build(self, node: yaml.Node, place: Place) -> object:
        lines = self.document.lines
        lines.setdefault(place, node.start_mark.line + 1)
        if len(lines) > MOST_VALUES or len(place) > MOST_NESTED:
            message = f"more than {MOST_VALUES} values or {MOST_NESTED} levels: does an anchor contain itself?"
            raise DefinitionError([*self.problems, Problem(self.document.file, lines[place], "", message)])
        if isinstance(node, yaml.MappingNode):
            return {key: self.build(value, (*place, key)) for key, value in self._entries(node, place).items()}
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _scalar(self, node: yaml.Node, place: Place) -> object:
        try:
            if (value := _SCALARS[node.tag](node.value)) is None:
                self.problems.append(self.document.problem(place, "nothing is written here: expected a value"))
            return value
        except (KeyError, ValueError):
            self.problems.append(self.document.problem(place, f"cannot read `{node.value}`: expected text or a number"))
            return None

    def _entries(self, node: yaml.MappingNode, place: Place, depth: int = 0) -> dict[str, yaml.Node]:
        """Keys as they are written, those of `<<` behind our own."""
        entries: dict[str, yaml.Node] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._complain(key, place, "a key must be text")
            elif key.value == MERGE and key.style is None:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif key.value in entries:
                self._complain(key, place, f"`{key.value}` is there twice")
            else:
                entries[key.value] = value
                self.document.lines.setdefault((*place, key.value), key.start_mark.line + 1)
        for other in merged:
            if not isinstance(other, yaml.MappingNode) or depth > MOST_NESTED:
                self._complain(other, place, "`<<` takes a mapping or a list of mappings")
            else:
                for name, value in self._entries(other, place, depth + 1).items():
                    entries.setdefault(name, value)
        return entries

    def _complain(self, node: yaml.Node, place: Place, message: str) -> None:
        where = ".".join(map(str, place))
        self.problems.append(Problem(self.document.file, node.start_mark.line + 1, where, message))
