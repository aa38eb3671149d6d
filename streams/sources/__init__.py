"""From files to touchpoints: a source is one SELECT over its files, so a new one needs no code."""

from pathlib import Path

SHIPPED = Path(__file__).parent
LOOKUP = "attributes"  # the mapping of lookup files, made for their columns: see lookup.py
LOOKUP_VARIABLES = {
    "as_of": "",
    "source": "lookup",
    "revision": "0",
    "empty": "nothing",
}  # what may be set, and what it is otherwise


def shipped() -> list[str]:
    """Names of the mappings that ship with Throughline."""
    return sorted(path.stem for path in SHIPPED.glob("*.sql"))
