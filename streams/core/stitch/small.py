"""Very many small entries in little memory: they lie in pages, one behind the other.

As two objects in a dict a redirect takes 170 bytes, here 60.  An entry is the mark, its key and its value, each behind its length.
What holds the mark itself is not taken, so the mark, a length and a key are found where that entry begins and nowhere else.
"""

from collections.abc import Iterator

MARK = b"\xff"  # in no text
LENGTHS = [bytes((length,)) for length in range(MARK[0])]
PAGES = 1 << 13  # half a million entries make pages of 3,500 bytes, searched in a microsecond or two; fewer and larger waste less


class Small:
    def __init__(self) -> None:
        self._pages = [b""] * PAGES
        self._count = 0

    @staticmethod
    def takes(key: bytes, value: bytes) -> bool:
        return MARK not in key and MARK not in value and len(key) < len(LENGTHS) and len(value) < len(LENGTHS)

    def get(self, key: bytes) -> bytes | None:
        page, begin, end = self._find(key)
        return page[begin + 3 + len(key) : end] if end else None

    def put(self, key: bytes, value: bytes) -> None:
        """What it takes."""
        place, name = hash(key) % PAGES, MARK + LENGTHS[len(key)] + key
        page, entry = self._pages[place], name + LENGTHS[len(value)] + value
        begin = page.find(name)
        if begin < 0:
            self._pages[place] = page + entry
            self._count += 1
        else:
            self._pages[place] = page[:begin] + entry + page[_end(page, begin) :]

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
        begin = page.find(MARK + LENGTHS[len(key)] + key) if len(key) < len(LENGTHS) else -1
        return page, begin, _end(page, begin) if begin >= 0 else 0


def _end(page: bytes, begin: int) -> int:
    """Of the entry that begins there."""
    value = begin + 2 + page[begin + 1]
    return value + 1 + page[value]
