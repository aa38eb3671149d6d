"""Where in a partition's state somebody is found who is to be erased: everything is looked through once.

Texts in a packed bucket are as they are, so one whose bytes do not hold a value does not carry it.  A million buckets of eight
touchpoints take about five seconds, in which the partition stands.
"""

from collections.abc import Iterable

from streams.core.stitch.state import BUCKET, REDIRECT, packed_bucket, split_bucket_key, unpack_redirect
from streams.core.stitch.store import Store


def erased_redirects(store: Store, keys: Iterable[str]) -> list[bytes]:
    """Names of redirects from these addresses, or to them."""
    theirs = set(keys)
    return [name for name, value in store.items(REDIRECT) if name[1:].decode() in theirs or unpack_redirect(value).root in theirs]


def erased_buckets(store: Store, keys: Iterable[str]) -> list[tuple[str, str]]:
    """(person, address) of buckets and wholes that may hold something of them."""
    values = {key.partition(":")[2].encode() for key in keys}
    buckets = [name for name, value in store.items(BUCKET) if _mentions(values, name, packed_bucket(value))]
    return [split_bucket_key(name) for name in buckets]


def _mentions(values: Iterable[bytes], name: bytes, packed: bytes) -> bool:
    """One search a value: a regular expression for all of them takes ten times as long."""
    return any(value in packed or value in name for value in values)
