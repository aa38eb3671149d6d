"""A breakage as a touchpoint, so that rules can look at what others found."""

from streams.core.definition.classify import ECHO
from streams.core.touchpoint import Touchpoint
from streams.core.verdict import Breakage

BEHIND = 1 << 62  # what happens at the due itself still comes before the breakage


class Echo(Touchpoint):
    """It stands at its due time, behind all touchpoints of that millisecond; without a due where it broke."""

    breakage: Breakage | None = None

    @classmethod
    def of(cls, breakage: Breakage) -> "Echo":
        name = f"{breakage.definition}.{breakage.rule}"
        return cls(
            occurred_at=breakage.broken_at if breakage.due_at is None else breakage.due_at,
            sequence=BEHIND,
            event_id=f"{breakage.instance}/{breakage.occurrence}",
            source=name,
            origin=ECHO,
            channel=breakage.channel,
            action=name,
            direction="",
            identifiers=(),
            attributes={},
            region=breakage.region,
            locale="",
            agent="",
            team="",
            address="",
            content_hash=0,
            load="backfilled" if breakage.backfilled else "",
            breakage=breakage,
        )
