"""Very many small entries in little memory: they lie in pages, one behind the other.

As two objects in a dict a redirect takes 170 bytes, here 60.  An entry is the mark, its key and its value, each behind its length.
What holds the mark itself is not taken, so the mark, a length and a key are found where that entry begins and nowhere else.
"""

from collections.abc import Iterator

MARK = b"\xff"  # in no text
LENGTHS = [bytes((length,)) for length in range(MARK[0])]
HEADS = [MARK + length for length in LENGTHS]  # of entries, by the length of the key
PAGES = 1 << 13  # half a million entries make pages of 3,500 bytes, searched in a microsecond or two; fewer and larger waste less


class Small:
    def __init__(self) -> None:
        self._pages = [b""] * PAGES
        self._count = 0

    def get(self, key: bytes) -> bytes | None:
        page, begin, end = self._find(key)
        return page[begin + 3 + len(key) : end] if end else None

    def put(self, key: bytes, value: bytes) -> bool:
        """-> whether it takes it; else it has what it had."""
        if MARK in key or MARK in value or len(key) >= len(LENGTHS) or len(value) >= len(LENGTHS):
            return False
        place, name = hash(key) % PAGES, HEADS[len(key)] + key
        page, entry = self._pages[place], name + LENGTHS[len(value)] + value
        begin = page.find(name)
        if begin < 0:
            self._pages[place] = page + entry
            self._count += 1
        else:
            self._pages[place] = page[:begin] + entry + page[_end(page, begin) :]
        return True

    def delete(self, key: bytes) -> bool:
        """-> whether there was one."""
        page, begin, end = self._find(key)
        if end:
            self._pages[hash(key) % PAGES] = page[:begin] + page[end:]
            self._count -= 1
        return bool(end)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        for page in self._pages:
            for entry in page.split(MARK)[1:]:
                at = 1 + entry[0]
                yield entry[1:at], entry[at + 1 :]

    def __len__(self) -> int:
        return self._count

    def _find(self, key: bytes) -> tuple[bytes, int, int]:
        """-> its page, and where in it its entry begins and ends; 0: it has none."""
        page = self._pages[hash(key) % PAGES]
        begin = page.find(HEADS[len(key)] + key) if len(key) < len(HEADS) else -1
        return page, begin, _end(page, begin) if begin >= 0 else 0


def _end(page: bytes, begin: int) -> int:
    """Of the entry that begins there."""
    value = begin + 2 + page[begin + 1]
    return value + 1 + page[value]
