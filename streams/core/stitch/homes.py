"""Whose an address is, and in which partition its owner is at home, as far as the redirects that came here say."""

from streams.core.log import Redirect, home
from streams.core.stitch.state import Redirected, pack_redirect, redirect_key, unpack_redirect
from streams.core.stitch.store import Store


class Homes:
    def __init__(self, number: int, partitions: int, store: Store) -> None:
        self.number, self._partitions, self._store = number, partitions, store

    def where(self, address: str) -> Redirect:
        """An address that nobody has redirected belongs to itself, by redirect 0."""
        kept = self._store.get(redirect_key(address))
        if kept is None:
            return Redirect(address, address, 0)
        redirected = unpack_redirect(kept)
        return Redirect(address, redirected.root, redirected.number)

    def remember(self, redirect: Redirect) -> None:
        self._store.put(redirect_key(redirect.address), pack_redirect(Redirected(redirect.root, redirect.number)))

    def of(self, root: str) -> int:
        """The partition where a person is at home."""
        return home(root, self._partitions)

    def is_here(self, root: str) -> bool:
        return self.of(root) == self.number
