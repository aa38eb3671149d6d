"""docs/tutorial.md does not rot: what stands in it before the live part is done as it stands, and prints what it says."""

from pathlib import Path

import pytest

from tests.sources import tutorial
from tests.sources.tutorial import LIVE, TUTORIAL, folder, same, steps, take


def test_the_offline_part_prints_what_it_says(tmp_path: Path) -> None:
    offline, live = TUTORIAL.read_text(encoding="utf-8").split(LIVE)
    here = folder(tmp_path)
    taken = list(steps(offline))
    assert len(taken) > 10
    assert any(step.target == "throughline report" for step in steps(live))
    for step in taken:
        printed = take(step, here)
        if step.kind == "run":
            assert same(printed, step.text), f"$ {step.target}\nprints\n{printed}\nand not\n{step.text}"


def test_what_is_printed_otherwise_is_seen() -> None:
    assert same("a\nb  \nc\n", "a\n...\nc")
    assert same("bundle 1f\n", "bundle ...\n")
    assert not same("a\nb\n", "a\n")
    assert not same("", "a")


def test_an_edit_that_does_not_fit_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\ntwo\n", encoding="utf-8")
    tutorial.edit(tmp_path / "a", "-two\n+three\n")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "one\nthree\n"
    with pytest.raises(AssertionError, match="no single line 'two'"):
        tutorial.edit(tmp_path / "a", "-two\n+three\n")
