"""The data dictionary says what the database says."""

import difflib
from pathlib import Path

from clickhouse_driver import Client

from schemas.codec import numbers, source
from sinks.clickhouse.dictionary import REASONS, render

WRITTEN = Path(__file__).parents[2] / "docs" / "data-dictionary.md"


def test_the_dictionary_is_what_the_comments_say(client: Client) -> None:
    written, found = WRITTEN.read_text(encoding="utf-8").splitlines(), render(client).splitlines()
    differences = "\n".join(difflib.unified_diff(written, found, "docs/data-dictionary.md", "the database", lineterm="", n=0))
    assert not differences, "make it anew: python -m sinks.clickhouse.dictionary HOST PORT USER DATABASE > docs/data-dictionary.md"


def test_every_reason_of_rejection_is_explained() -> None:
    newest = source("rejected_touchpoint", numbers("rejected_touchpoint")[-1])
    (reason,) = (field for field in newest["fields"] if field["name"] == "reason")
    assert set(REASONS) == set(reason["type"]["symbols"])
