"""`throughline journeys schema`: the form of a definition file, for editors."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write; left out: to stdout.")
    ] = None,
) -> None:
    """The JSON Schema of a definition file, made from the language itself; editors complete and check by it."""
    from streams.core.definition.schema import schema_text

    if output is None:
        print(schema_text(), end="")
        return
    output.write_text(schema_text(), encoding="utf-8")
    print(f"{output}: put `# yaml-language-server: $schema={output.name}` on top of definitions beside it", file=sys.stderr)
