"""How long an identifier links: for as long as its type says, from the first touchpoint on that links it with another.

Identifiers are given to somebody else: a phone number, a cookie.  What shows one first after its time says nothing of those whom it
showed before.  What was linked in time stays so, and what is linked on purpose is, at any time.
"""

from collections.abc import Iterable

from streams.core.identifiers.types import Identifiers
from streams.core.identity.known import MOST_INLINE, Memory
from streams.core.identity.pair import Pair

NO_LINK_MS = 1 << 62


class Expiry:
    """Works on the memory of the identity machine.  It costs only where a type expires."""

    def __init__(self, identifiers: Identifiers, memory: Memory) -> None:
        self._identifiers, self._memory = identifiers, memory
        self._first_ms: dict[str, int] = {}  # of identifiers that expire, as far as somebody asked

    def first_ms(self, key: str) -> int:
        """When the first of its links happened, unlinked and denied ones aside; NO_LINK_MS: there is none.

        Links that are refused count: were it otherwise, what one of them says would depend on what another one says.
        """
        found = self._first_ms.get(key)
        if found is None:
            found = self._first_ms[key] = min(self._link_times(key), default=NO_LINK_MS)
        return found

    def _link_times(self, key: str) -> Iterable[int]:
        for partner, pair in self._memory.pairs(key):
            if pair and not self._identifiers.denies(partner):
                known = pair if isinstance(pair, Pair) else self._memory.pair(partner, key)
                if known.since is not None:
                    yield known.since[0]

    def learned(self, key: str, partner: str, was_ms: int, now_ms: int) -> bool:
        """A pair's first link is another now (NO_LINK_MS: none); `first_ms` was asked before.  -> whether its own is another."""
        first_ms = self.first_ms(key)
        if self._identifiers.denies(partner):
            return False
        if now_ms < first_ms:
            self._first_ms[key] = now_ms
        elif was_ms == first_ms:
            self.forget((key,))
        return self.first_ms(key) != first_ms

    def forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._first_ms.pop(key, None)

    def tidy(self) -> None:
        """Keep what would be costly to find again."""
        self._first_ms = {key: at_ms for key, at_ms in self._first_ms.items() if self._memory.partners(key) > MOST_INLINE}

    def is_over(self, weaker: str, stronger: str, pair: Pair | None = None) -> bool:
        """Whether the pair was first seen when the time of one of its ends was over."""
        lasting = [(key, length_ms) for key in (weaker, stronger) if (length_ms := self._identifiers.expires_ms(key))]
        if not lasting:
            return False
        at_ms = (pair or self._memory.pair(weaker, stronger)).evidence_ms
        return at_ms is not None and any(at_ms - self.first_ms(key) > length_ms for key, length_ms in lasting)
