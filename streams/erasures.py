"""The suppression list, `privacy.erasures`: keyed hashes of the identifiers of everybody who was erased, and when, by whom, why.

Read from its beginning and followed.  A worker whose key is not the one that the list was made with stops: it would know nobody.
"""

from collections.abc import Iterable
from hmac import digest as hmac_digest

import msgspec

from streams import topology
from streams.agents.producing import Record
from streams.core.log import Erased
from streams.core.suppressed import DIGEST_BYTES, VARIABLE, NoErasureSecret, Suppressed
from streams.followed import Followed
from streams.settings import Settings

CHECK_KEY = b"check"  # its value tells whether somebody has the key
CHECKED = b"throughline"


class OtherErasureSecret(ValueError):
    """The list was made with another key; the text says what to do."""


class Erasures:
    """For one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.forgetting.encode()
        self.suppressed = Suppressed(self._secret)
        self._list = Followed(settings, topology.ERASURES)

    def read(self) -> None:
        """What came since the last time.  Raises NoErasureSecret, OtherErasureSecret."""
        for key, value in self._list.news():
            self._take(key, value)

    def close(self) -> None:
        self._list.close()

    def _take(self, key: bytes, value: bytes) -> None:
        if len(key) == DIGEST_BYTES:
            self.suppressed.add(key)
        elif key == CHECK_KEY:
            self.suppressed.digest("")  # raises where there is no key at all
            if value != check(self._secret):
                raise OtherErasureSecret(f"{self._list.topic} was made with another secret than {VARIABLE} holds: set that one")


def check(secret: bytes) -> bytes:
    return hmac_digest(secret, CHECKED, "sha256")


def check_record(settings: Settings) -> Record:
    return Record(CHECK_KEY, check(settings.forgetting.encode()))


def entries(erased: Erased, digests: Iterable[bytes]) -> list[Record]:
    """What the list says of an erasure: no identifier."""
    told = {"erasure": erased.erasure, "at_ms": erased.at_ms, "who": erased.who, "why": erased.why}
    return [Record(digest, msgspec.json.encode(told)) for digest in digests]


__all__ = ["Erasures", "NoErasureSecret", "OtherErasureSecret", "check_record", "entries"]
