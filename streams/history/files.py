"""Touchpoints out of files, by a mapping: as a load would send them and intake would take them."""

from collections import Counter
from collections.abc import Iterator

from streams.core.identifiers import Identifiers
from streams.core.touchpoint import Touchpoint
from streams.settings import Settings
from streams.sources.dry_run import dry_run
from streams.sources.rows import Source


def from_files(source: Source, settings: Settings, identifiers: Identifiers, refused: Counter[str]) -> Iterator[Touchpoint]:
    """Rows that intake would refuse are left out and counted by reason in `refused`.  Raises ConfigurationError."""
    for tried in dry_run(source, settings, identifiers):
        if tried.touchpoint is None:
            refused[tried.reason] += 1
        else:
            yield tried.touchpoint
