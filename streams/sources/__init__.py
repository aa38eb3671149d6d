"""From files to touchpoints: a source is one SELECT over its files, so a new one needs no code."""

from pathlib import Path

SHIPPED = Path(__file__).parent


def shipped() -> list[str]:
    """Names of the mappings that ship with Throughline."""
    return sorted(path.stem for path in SHIPPED.glob("*.sql"))
