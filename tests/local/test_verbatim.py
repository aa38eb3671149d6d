"""What stands in data is shown and not obeyed: neither as markup nor by the terminal."""

import io
from datetime import UTC, datetime
from unicodedata import bidirectional, category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from sinks.clickhouse.graph import Known
from sinks.clickhouse.timeline import Moment
from streams.cli import identity_graph, person
from streams.cli.verbatim import verbatim, visible

AT = datetime(2026, 1, 2, tzinfo=UTC)
TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
ODD = "[red]7[/] [/x] \x1b[2J\u202e\a"
SEEN = r"[red]7[/] [/x] \x1b[2J\u202e\x07"


@given(st.text(max_size=20))
def test_nothing_that_a_terminal_obeys_is_left_and_all_else_is_as_it_was(text: str) -> None:
    obeyed = {each for each in text if category(each) in ("Cc", "Zl", "Zp") or bidirectional(each) in TURNS}
    assert not obeyed & {*visible(text)}
    assert visible(text) == "".join(each.encode("unicode_escape").decode() if each in obeyed else each for each in text)


@given(st.text(alphabet=st.sampled_from("[]/\\a #@=\"'(1red"), max_size=20))
def test_a_table_shows_every_character(text: str) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row(verbatim(f"<{text}>"))
    out = io.StringIO()
    Console(file=out, width=200).print(table)
    assert out.getvalue().rstrip("\n").rstrip() == f"<{text}>"


@pytest.mark.parametrize("printed", ["story", "identifiers"])
def test_a_persons_story_is_told_whatever_its_words_are(printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    if printed == "story":
        person._print([Moment(AT, "touchpoint", ODD, "", "", {})])
    else:
        identity_graph._print(identity_graph._identifiers([Known(ODD, "", "object", "", AT, ODD, ODD)]))
    assert SEEN in capsys.readouterr().out  # in a cell of its own
