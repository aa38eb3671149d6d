"""Whom to forget: keyed hashes of identifiers that were erased, by which later and replayed records of them are known.

What is hashed is the id of the identifier (`id_of`), so that rows which carry ids only are found by the same list.  Without the
key nobody can try out values; with it, a list of values can be tried, so the key is a secret like any other.
"""

from collections.abc import Iterable
from functools import lru_cache
from hmac import digest as hmac_digest

from streams.core.touchpoint import Touchpoint, id_of, identifier_key, identifiers_of

ERASED = b"e"  # begins the key of an entry of state that holds such a hash
DIGEST_BYTES = 32
VARIABLE = "THROUGHLINE_ERASURE_SECRET"
SHORTEST_SECRET = 16  # characters


class NoErasureSecret(ValueError):
    """There is something to forget and no key to know it by; the text says what to do."""


class Suppressed:
    """`secret`: key of the hashes; may be empty as long as nothing was ever erased."""

    def __init__(self, secret: bytes = b"") -> None:
        self._secret = secret
        self.digests: set[bytes] = set()
        self.has = lru_cache(200_000)(self._has)

    def __bool__(self) -> bool:
        return bool(self.digests)

    def digest(self, identifier_id: str) -> bytes:
        """32 bytes.  Raises NoErasureSecret."""
        if len(self._secret) < SHORTEST_SECRET:
            raise NoErasureSecret(
                f"people were erased here: {VARIABLE} must hold their secret, {SHORTEST_SECRET} characters or more"
            )
        return hmac_digest(self._secret, identifier_id.encode(), "sha256")

    def add(self, *digests: bytes) -> None:
        if not self.digests.issuperset(digests):
            self.digests.update(digests)
            self.has.cache_clear()

    def add_keys(self, keys: Iterable[str]) -> list[bytes]:
        """-> their hashes."""
        found = [self.digest(id_of(key)) for key in keys]
        self.add(*found)
        return found

    def has_id(self, identifier_id: str) -> bool:
        return bool(self.digests) and self.digest(identifier_id) in self.digests

    def _has(self, key: str) -> bool:
        return self.has_id(id_of(key))

    def carried(self, touchpoint: Touchpoint) -> bool:
        """Whether the touchpoint is addressed to, or carries, an identifier that was erased."""
        if not self.digests:
            return False
        return self.has(touchpoint.address) or any(self.has(identifier_key(*pair)) for pair in identifiers_of(touchpoint))
