"""What is wrong with a definition: the place, what was expected, what was probably meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One thing to repair.  `line` counts from 1; `where` is the dotted place inside the definition, empty for all of it."""

    file: str
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: "
        return place + (f"{self.where}: " if self.where else "") + self.message


class DefinitionError(ValueError):
    """Everything that is wrong with the definitions that were read together, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def meant(word: str, known: Iterable[str]) -> str:
    """The end of a message: `; did you mean ...?` when a known word is close, else what is known."""
    words = sorted(known)
    if close := get_close_matches(word, words, n=1, cutoff=0.6):
        return f"; did you mean `{close[0]}`?"
    return "; expected " + " or ".join(f"`{each}`" for each in words) if words else "; there is none"
