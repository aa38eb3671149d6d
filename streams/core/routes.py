"""The way of a touchpoint into the log: to the home of its address or, where that has sent everything on, straight to its owner's.

A partition that has sent touchpoints of an address after a redirect says so, and up to which record of its log that is true (a
route).  Whoever has sent it nothing behind that record may send what follows straight to the owner's home, with the redirect by
which it belongs there, and nothing overtakes anything.  Forgetting a route, or following an old one, costs a hop and never a
touchpoint: who gets one that is not its own sends it on, as ever.
"""

from collections.abc import Iterable, Mapping

import msgspec

from streams.core.log import Redirect, home

UNDER_WAY = 1 << 62  # and above: by which sending, of which it is not yet known where it will lie
MOST_SENT = 200_000  # addresses whose last place is known
NOWHERE = (-1, 0)


class Routes(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """Of partition `partition` of the log: what lies before `offset` has followed these redirects."""

    partition: int
    offset: int
    redirects: list[Redirect]


pack_routes = msgspec.msgpack.Encoder().encode
unpack_routes = msgspec.msgpack.Decoder(Routes).decode


class Router:
    """What one sender knows.  It never decides: see above.

    It believes a route of what it has sent itself.  Whoever sent touchpoints of the address before sent them to its home as well,
    in front of those, or straight to an owner's, where they lie already.
    """

    def __init__(self, partitions: int, most: int = MOST_SENT) -> None:
        self._partitions, self._most = partitions, most
        self._sending = 0
        self.begin()

    def begin(self) -> None:
        """Others may have sent meanwhile: nothing is known."""
        self._redirects: dict[str, Redirect] = {}
        self._sent: dict[str, tuple[int, int]] = {}  # address -> partition, and the offset behind the last of it there

    def learn(self, routes: Routes) -> None:
        for redirect in routes.redirects:
            at, behind = self._sent.get(redirect.address, NOWHERE)
            if at == routes.partition and behind <= routes.offset:
                self._take(redirect)

    def _take(self, redirect: Redirect) -> None:
        known = self._redirects.get(redirect.address)
        if known is None or known.number < redirect.number:
            self._redirects[redirect.address] = redirect

    def next_sending(self) -> int:
        """A number for what is sent together, see `arrived`."""
        if len(self._sent) > self._most:
            self._forget()
        self._sending += 1
        return self._sending

    def way(self, address: str) -> tuple[int, Redirect | None]:
        """-> partition of the log, and the redirect that led there."""
        redirect = self._redirects.get(address)
        partition = home(redirect.root if redirect else address, self._partitions)
        self._sent[address] = partition, UNDER_WAY + self._sending
        return partition, redirect

    def arrived(self, sending: int, addresses: Iterable[str], behind: Mapping[int, int]) -> None:
        """`behind`: partition -> an offset behind all that was sent there by this sending."""
        for address in addresses:
            partition, offset = self._sent.get(address, NOWHERE)
            if offset == UNDER_WAY + sending and partition in behind:
                self._sent[address] = partition, behind[partition]

    def _forget(self) -> None:
        """All but what is under way, which nothing may overtake."""
        self._sent = {address: sent for address, sent in self._sent.items() if sent[1] >= UNDER_WAY}
        self._redirects = {address: each for address, each in self._redirects.items() if address in self._sent}
