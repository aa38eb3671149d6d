"""Whether readers of one schema understand what was written with another, and if not, which field they stumble over."""

import json
from typing import Any

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker

Schema = dict[str, Any]


def stumbles(reader: Schema, writer: Schema) -> list[str]:
    """The fields of the reader's schema, dotted, that cannot be read from what the writer's schema wrote; empty if all can."""
    ours, theirs = (avro.schema.parse(json.dumps(each)) for each in (reader, writer))
    found = ReaderWriterCompatibilityChecker().get_compatibility(ours, theirs)  # type: ignore[no-untyped-call]
    if not found.incompatibilities:
        return []
    named = {_dotted(reader, location) for location in found.locations if location != "/"}
    return sorted(named) or ["the schema as a whole"]


def _dotted(schema: Any, location: str) -> str:
    """A location such as /fields/17/type/items/fields/0/type, in words: stages.name."""
    names, at, before = [], schema, ""
    for step in location.strip("/").split("/"):
        at = at[int(step)] if step.isdigit() else at[step]
        if before == "fields":
            names.append(at["name"])
        before = step
    return ".".join(names)
