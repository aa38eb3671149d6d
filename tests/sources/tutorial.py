"""docs/tutorial.md as steps that can be taken: commands with what they print, files to write, edits to make.

`$ command` in a console block is run in bash, and prints what stands below it; `...` there stands for anything, also for lines.
A block after `<!-- file: NAME -->` is that file; a diff after `<!-- edit: NAME -->` changes it, line by line.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
LIVE = "<!-- live -->"  # from here on a broker and a database are needed
_BLOCK = re.compile(r"(?:<!-- (file|edit): (\S+) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Step:
    """`kind`: run, file or edit; `target`: the command or the file's name; `text`: what is printed, or the block."""

    kind: str
    target: str
    text: str


def steps(document: str) -> Iterator[Step]:
    for marked, name, language, block in _BLOCK.findall(document):
        if marked:
            yield Step(marked, name, block)
        elif language == "console":
            yield from _commands(block)


def _commands(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield Step("run", command, printed)


def folder(parent: Path) -> Path:
    """-> an empty folder beside a checkout, as the tutorial has it."""
    (parent / "throughline").symlink_to(ROOT)
    here = parent / "lockers"
    here.mkdir()
    shim = parent / "bin" / "throughline"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m streams.cli.main "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    (shim.parent / "python").symlink_to(sys.executable)
    return here


def take(step: Step, here: Path) -> str:
    """-> what is printed; for files and edits nothing.  Raises AssertionError when an edit does not fit."""
    if step.kind == "file":
        (here / step.target).write_text(step.text, encoding="utf-8")
    elif step.kind == "edit":
        edit(here / step.target, step.text)
    else:
        return run(step.target, here)
    return ""


def run(command: str, here: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("THROUGHLINE_")}
    environment |= {"PATH": f"{here.parent / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "132"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=here,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return done.stdout.decode()


def edit(file: Path, diff: str) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    gone = [line[1:] for line in diff.splitlines() if line.startswith("-")]
    new = [line[1:] for line in diff.splitlines() if line.startswith("+")]
    assert len(gone) == len(new), "an edit changes lines, one by one"
    for old, line in zip(gone, new, strict=True):
        assert lines.count(old) == 1, f"{file.name} has no single line {old!r}"
        lines[lines.index(old)] = line
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")


def same(printed: str, expected: str) -> bool:
    """Ends of lines may differ in blanks."""
    here, there = (re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n") for text in (printed, expected))
    pattern = re.escape(there).replace(r"\.\.\.", ".*?")
    return re.fullmatch(pattern, here, re.DOTALL) is not None
