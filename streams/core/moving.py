"""Moved facts as records of the log, none of them too large."""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter

from streams.core.log import Move, MovedFacts, Redirect, cut, weigh
from streams.core.touchpoint import Touchpoint


def records(moves: Sequence[Move], most: int = 500) -> Iterator[MovedFacts]:
    """That something is to be read back, or is not kept, goes before all touchpoints, so that nobody judges without; what answers,
    behind them."""
    fetched = (Move(each.redirect, [], each.forgotten, 0, each.quarantined) for each in moves if each.forgotten or each.quarantined)
    facts = ((move.redirect, touchpoint) for move in moves for touchpoint in move.touchpoints)
    answers = (Move(move.redirect, [], answers=move.answers) for move in moves if move.answers)
    carried = (_grouped(piece) for piece in cut(facts, lambda fact: weigh(fact[1]), most))
    return map(MovedFacts, chain(cut(fetched, _light, most), carried, cut(answers, _light, most)))


def _grouped(facts: list[tuple[Redirect, Touchpoint]]) -> list[Move]:
    return [Move(redirect, [fact for _, fact in several]) for redirect, several in groupby(facts, itemgetter(0))]


def _light(_move: Move) -> int:
    return 300
