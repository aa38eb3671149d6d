"""What is known of two identifiers together: a function of the set of what was said about them, never of its order."""

from typing import Literal

import msgspec

from streams.core.log import LINKED, SEEN, Link
from streams.core.touchpoint import Order

State = Literal["linked", "unlinked", "refused"]
NO_ORDER: Order = (0, 0, "", "")


class Pair(msgspec.Struct, array_like=True):
    """The first touchpoint that shows both, the last that links and the last that unlinks them on purpose; None: there is none.

    `refused`: the guard that holds them apart now, empty if none does.
    """

    seen: Order | None = None
    linked: Order | None = None
    unlinked: Order | None = None
    refused: str = ""

    def learn(self, link: Link) -> bool:
        """-> whether this was news."""
        if link.says == SEEN:
            if self.seen is not None and self.seen <= link.order:
                return False
            self.seen = link.order
        elif link.says == LINKED:
            if self.linked is not None and self.linked >= link.order:
                return False
            self.linked = link.order
        else:
            if self.unlinked is not None and self.unlinked >= link.order:
                return False
            self.unlinked = link.order
        return True

    @property
    def since(self) -> Order | None:
        """The touchpoint that links them; None while an unlink stands, which yields only to a later link on purpose."""
        if self.unlinked is not None:
            return self.linked if self.linked is not None and self.linked > self.unlinked else None
        if self.seen is None or (self.linked is not None and self.linked < self.seen):
            return self.linked
        return self.seen

    @property
    def evidence_ms(self) -> int | None:
        """When the touchpoint happened that alone links them; None where something was said on purpose, or nothing at all."""
        return self.seen[0] if self.seen is not None and self.linked is None and self.unlinked is None else None

    @property
    def state(self) -> State:
        return "unlinked" if self.since is None else "refused" if self.refused else "linked"

    @property
    def said(self) -> Order:
        """The touchpoint that says what stands."""
        return self.since or self.unlinked or NO_ORDER
