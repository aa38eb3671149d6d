"""`throughline journeys explain`: definitions in words."""

import json
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.named import Chosen, chosen
from streams.core.explain import explain, explain_rule

Named = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="A definition, or DEFINITION.RULE; left out: all.", show_default=False),
]
Where = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH...", help="YAML files or folders of them; left out: those of the settings.", show_default=False),
]


def explain_command(
    name: Named = None,
    paths: Where = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: paragraphs by definition.")] = False,
) -> None:
    """Say in plain English what definitions mean: when they open and close, what is promised, what breaks when."""
    said = {each.definition.journey: _paragraphs(each) for each in chosen(name, paths)}
    if as_json:
        print(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        print("\n\n\n".join("\n\n".join(paragraphs) for paragraphs in said.values()))


def _paragraphs(one: Chosen) -> list[str]:
    return explain(one.definition) if one.rule is None else [explain_rule(one.rule, one.definition.breakages[one.rule])]
