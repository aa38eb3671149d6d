"""Records that fit a schema, as Hypothesis makes them."""

from typing import Any

from hypothesis import strategies as st

LONG = st.integers(-(1 << 63), (1 << 63) - 1)
PRIMITIVES = {
    "string": st.text(), "long": LONG, "int": st.integers(-(1 << 31), (1 << 31) - 1), "bytes": st.binary(),
    "double": st.floats(allow_nan=False), "boolean": st.booleans(), "null": st.none(),
}  # fmt: skip


def values(schema: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Anything that fits a schema."""
    if isinstance(schema, list):
        return st.one_of([values(branch, named) for branch in schema])
    if isinstance(schema, str):
        return PRIMITIVES[schema] if schema in PRIMITIVES else named[schema]
    match schema["type"]:
        case "record":
            fields = {field["name"]: values(field["type"], named) for field in schema["fields"]}
            named[schema["name"]] = st.fixed_dictionaries(fields)
        case "enum":
            named[schema["name"]] = st.sampled_from(schema["symbols"])
        case "array":
            return st.lists(values(schema["items"], named), max_size=3)
        case "map":
            return st.dictionaries(st.text(max_size=5), values(schema["values"], named), max_size=3)
        case other:
            return values(other, named)
    return named[schema["name"]]
