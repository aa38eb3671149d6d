"""What is generated into a document, between two marks."""

import sys
from pathlib import Path


def write_between(begin: str, end: str, text: str) -> None:
    """Put `text` between the marks of the file that the command line names; exits with 1 if they are not there."""
    file = Path(sys.argv[1])
    before, _, rest = file.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        sys.exit(f"{file} has no place for what is generated: it is written between {begin} and {end}")
    file.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
