"""`throughline journeys draw`: a definition as a Mermaid diagram."""

import typer

from streams.cli.explain import Named, Where
from streams.cli.named import chosen
from streams.core.explain.draw import draw


def draw_command(name: Named = None, paths: Where = None) -> None:
    """Draw a definition as a Mermaid state diagram, for Markdown pages and mermaid.live."""
    found = chosen(name, paths)
    if len(found) > 1:
        known = ", ".join(each.definition.journey for each in found)
        raise typer.BadParameter(f"one diagram shows one definition: name one of {known}")
    print(draw(found[0].definition), end="")
