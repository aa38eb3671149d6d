"""Very many open journeys as stitch and identity keep them: seeds of the real cores, and copies of these under other numbers.

A copy differs in the numbers of order, case, customer and event, everywhere in key and value, and lies where its own numbers are at
home.  It has the size, the times and the breakages of its seed; hashes within it are those of the seed.
"""

from collections.abc import Iterator
from zlib import crc32

from msgspec import structs

from streams.core.identity import Identity
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.squeezed import squeezed
from streams.core.stitch.state import BUCKET, HEADER, POSITION, REDIRECT, Position, pack_position, packed_bucket, unpack_redirect
from streams.core.stitch.store import MemoryStore
from tests.bench.seeds import MARK, Seeds

Entry = tuple[bytes, bytes]  # key, value


class Grown:
    """`count` journeys, rounded up to whole blocks of seeds."""

    def __init__(self, seeds: Seeds, count: int) -> None:
        self.seeds, self.blocks = seeds, -(-count // seeds.count)
        self.count = self.blocks * seeds.count
        kept = {key: value for part in seeds.parts for key, value in part.store.items()}
        buckets = [(key, value) for key, value in kept.items() if key[:1] == BUCKET]
        self._buckets = [(key, value[: HEADER.size], packed_bucket(value), _person(key)) for key, value in buckets]
        self._redirects = [(key, value, unpack_redirect(value).root.encode()) for key, value in kept.items() if key[:1] == REDIRECT]

    def stitch(self, block: int) -> Iterator[tuple[int, Entry]]:
        """Partition and entry; a redirect lies where its address is at home, and where its root is."""
        partitions, mark = len(self.seeds.parts), _mark(block)
        for key, header, packed, person in self._buckets:
            value = header + squeezed(packed.replace(MARK, mark))
            yield crc32(person.replace(MARK, mark)) % partitions, (key.replace(MARK, mark), value)
        for key, value, root in self._redirects:
            entry = key.replace(MARK, mark), value.replace(MARK, mark)
            for partition in {crc32(entry[0][1:]) % partitions, crc32(root.replace(MARK, mark)) % partitions}:
                yield partition, entry

    def identity(self, block: int) -> Iterator[Entry]:
        mark = _mark(block)
        for key, value in self.seeds.known.items():
            yield key.replace(MARK, mark), value.replace(MARK, mark)

    def position(self, partition: int, entries: int, life: str = "life", offset: int = 0) -> Position:
        """Of a partition of the log with so many entries, which has read everything before `offset`."""
        was = self.seeds.parts[partition].position
        return structs.replace(was, entries=entries, life=life, offset=offset, step=0)

    def parts(self) -> list[Partition]:
        """As a worker has them after a restart."""
        seeds, stores = self.seeds, [MemoryStore() for _ in self.seeds.parts]
        for block in range(self.blocks):
            for partition, entry in self.stitch(block):
                stores[partition].load(*entry)
        parts = [Partition(number, len(stores), store, Judge(lambda _: seeds.bundle)) for number, store in enumerate(stores)]
        for part, store in zip(parts, stores, strict=True):
            store.load(POSITION, pack_position(self.position(part.number, len(store))))
            part.restore("life")
        return parts

    def persons(self) -> Identity:
        identity = Identity(self.seeds.identifiers, len(self.seeds.parts))
        for block in range(self.blocks):
            for entry in self.identity(block):
                identity.load(*entry)
        return identity


def thing(block: int, number: int) -> str:
    """The number of an order, a case or a customer."""
    return f"{_mark(block).decode()}{number:06d}"


def _mark(block: int) -> bytes:
    return b"s%06d-" % block


def _person(key: bytes) -> bytes:
    return key[1:].partition(b"\0")[0]
