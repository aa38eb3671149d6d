"""Whether a state and the log that it was made from still belong together.  Where they do not, nobody goes on quietly."""

from streams.core.log import FORMAT

READABLE = (3, 4, FORMAT)  # formats of a state that this worker goes on from
REMEDY = "stop the workers and run `throughline rebuild`"


class WrongLife(Exception):
    """The text says what does not fit, and what to do."""


def check_format(state: str, kept: int) -> None:
    """Raises WrongLife."""
    if kept > FORMAT:
        raise WrongLife(f"{state} has format {kept}, this worker reads {FORMAT}: use a newer Throughline")
    if kept not in READABLE:
        raise WrongLife(f"{state} has format {kept}, this worker reads {' and '.join(map(str, READABLE))}; {REMEDY}")


def check_entries(state: str, found: int, counted: int) -> None:
    """`counted`: what the position said when it was written, -1: nothing.  Raises WrongLife."""
    if counted not in (-1, found):
        raise WrongLife(f"{state} holds {found} entries, its position counts {counted}: some were lost; {REMEDY}")


def check_life(state: str, log: str, now: tuple[str, int], kept: tuple[str, int]) -> None:
    """Topic id and partitions of the log.  Raises WrongLife."""
    if now != kept:
        raise WrongLife(
            f"{log} is not the topic that {state} was made from (id {now[0]} with {now[1]} partitions, known {kept[0]} with "
            f"{kept[1]}); {REMEDY}"
        )
