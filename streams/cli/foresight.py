"""What a link or an unlink on purpose would do, as things stand in the tables."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from clickhouse_driver import Client

from sinks.clickhouse import graph
from sinks.clickhouse.graph import Between
from streams.cli.chain import OBJECT, chain
from streams.cli.whom import Whom
from streams.core.identifiers import Identifiers
from streams.core.identity import EXPIRED

Step = tuple[Between, ...]


class Foresight(NamedTuple):
    """`doubt`: why it would not do what is asked for, empty if it would; `moves`: whether somebody becomes another person."""

    weaker: Whom
    stronger: Whom
    standing: Between | None  # what stands between them now
    tells: str
    doubt: str
    moves: bool
    path: Step = ()  # other pairs through which they are one person

    @property
    def is_done(self) -> bool:
        return not self.tells and not self.doubt


def of_unlink(client: Client, identifiers: Identifiers, one: Whom, other: Whom) -> Foresight:
    weaker, stronger = _ranked(identifiers, one, other)
    standing = _standing(client, weaker, stronger)
    about = f"{weaker.identifier} and {stronger.identifier}"
    if standing is not None and standing.state == "unlinked":
        return Foresight(weaker, stronger, standing, "", "", False)
    if weaker.person_id != stronger.person_id:
        tells = f"{about} are not one person; they will not become so by touchpoints that show both"
        return Foresight(weaker, stronger, standing, tells, "", False)
    rest = chain(client, weaker, stronger, without=(weaker.own_id, stronger.own_id)).steps
    if rest:
        doubt = f"{about} stay one person through {_through(rest)}"
        return Foresight(weaker, stronger, standing, "", doubt, False, rest)
    late = [each for each in graph.pairs(client, [weaker.own_id, stronger.own_id]) if each.guard == EXPIRED]
    again = f"; judged again: {_through(late)}, refused as expired" if late else ""
    return Foresight(weaker, stronger, standing, f"{about} will be two persons{again}", "", True)


def of_link(client: Client, identifiers: Identifiers, one: Whom, other: Whom) -> Foresight:
    weaker, stronger = _ranked(identifiers, one, other)
    standing = _standing(client, weaker, stronger)
    about = f"{weaker.identifier} and {stronger.identifier}"
    if standing is not None and standing.holds:
        return Foresight(weaker, stronger, standing, "", "", False)
    if weaker.person_id == stronger.person_id:
        rest = chain(client, weaker, stronger).steps
        tells = f"{about} are one person already, through {_through(rest)}"
        return Foresight(weaker, stronger, standing, tells, "", False, rest)
    if guard := _guard(client, identifiers, weaker, stronger, standing):
        return Foresight(weaker, stronger, standing, "", f"the link of {about} will be refused: {guard}", False)
    return Foresight(weaker, stronger, standing, f"{about} will be one person", "", True)


def _ranked(identifiers: Identifiers, one: Whom, other: Whom) -> tuple[Whom, Whom]:
    """Weaker, stronger."""
    stronger, weaker = sorted((one, other), key=lambda each: identifiers.rank_of(each.identifier))
    return weaker, stronger


def _standing(client: Client, weaker: Whom, stronger: Whom) -> Between | None:
    its = graph.pairs(client, [weaker.own_id])
    return next((each for each in its if (each.weaker_id, each.stronger_id) == (weaker.own_id, stronger.own_id)), None)


def _guard(client: Client, identifiers: Identifiers, weaker: Whom, stronger: Whom, standing: Between | None) -> str:
    """Which guard would refuse a new link, in words; empty: none, as far as the tables tell."""
    for each, other in ((weaker, stronger), (stronger, weaker)):
        if identifiers.denies(each.identifier):
            return f"denied, {each.identifier} never links"
        if identifiers.least_limit(each.identifier):
            partners = _partners(client, each.own_id)
            partners[other.identifier] = ""
            if identifiers.crowded(each.identifier, Counter(name.partition(":")[0] for name in partners)):
                return f"crowded, {each.identifier} has too many partners then, and what it links now comes apart"
    if standing is not None and standing.state == "refused" and standing.guard != EXPIRED:
        return f"{standing.guard} holds them apart"
    together = Counter(
        member.identifier.partition(":")[0]
        for person in (weaker, stronger)
        for member in graph.members(client, person.person_id)
        if member.kind != OBJECT
    )
    limit = identifiers.too_many(together)
    return f"{limit}, the person would have {sum(together.values())} identifiers" if limit else ""


def _partners(client: Client, own_id: str) -> dict[str, str]:
    """Linked ones and those that a guard refuses, which count as well unless they came too late."""
    its = (each for each in graph.pairs(client, [own_id]) if each.state != "unlinked" and each.guard != EXPIRED)
    return {each.stronger if each.weaker_id == own_id else each.weaker: each.state for each in its}


def _through(path: Iterable[Between]) -> str:
    return ", ".join(f"{step.weaker} and {step.stronger} ({step.source}/{step.event_id})" for step in path)
