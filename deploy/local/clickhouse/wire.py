"""The native protocol's alphabet: varints, strings, and a window over bytes that are still arriving."""

from collections.abc import Callable

from deploy.local.clickhouse.errors import Code, Disconnected, ProtocolError

LONGEST_STRING_BYTES = 1 << 30
_RUN = 1024


def varint(number: int) -> bytes:
    """LEB128, least significant group first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def string(text: str | bytes) -> bytes:
    """A length and that many bytes; text that was not UTF-8 when it came goes back as it was."""
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return varint(len(raw)) + raw


class Window:
    """Bytes from `pull` (which returns b"" at the end), kept from the last `drop` on.

    `data[:pos]` has been read. Every method may block in `pull`; at the end of the bytes all raise `Disconnected`.
    """

    def __init__(self, pull: Callable[[], bytes]) -> None:
        self.data = bytearray()
        self.pos = 0
        self._pull = pull

    def need(self, size_bytes: int) -> None:
        """Wait until `size_bytes` can be read without waiting."""
        while len(self.data) - self.pos < size_bytes:
            self._grow()

    def has_more(self) -> bool:
        """Whether there is a byte to read, now or later."""
        try:
            self.need(1)
        except Disconnected:
            return False
        return True

    def drop(self) -> None:
        """Forget what has been read."""
        del self.data[: self.pos]
        self.pos = 0

    def skip(self, size_bytes: int) -> None:
        self.need(size_bytes)
        self.pos += size_bytes

    def take(self, size_bytes: int) -> bytes:
        self.skip(size_bytes)
        return bytes(self.data[self.pos - size_bytes : self.pos])

    def byte(self) -> int:
        self.skip(1)
        return self.data[self.pos - 1]

    def uint64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def varint(self) -> int:
        number = shift = 0
        while shift < 64:
            byte = self.byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
        raise ProtocolError.of(Code.UNEXPECTED_PACKET_FROM_CLIENT, "A number of more than 64 bits on the wire.")

    def string(self, longest_bytes: int = LONGEST_STRING_BYTES) -> str:
        size = self.varint()
        if size > longest_bytes:
            raise ProtocolError.of(Code.TOO_LARGE_STRING_SIZE, f"A string of {size} bytes, the longest here is {longest_bytes}.")
        return self.take(size).decode("utf-8", "surrogateescape")

    def skip_strings(self, count: int) -> None:
        """Step over `count` strings, the only column whose end must be searched for."""
        while count:
            run = min(count, _RUN)
            if not self._skip_equal_strings(run):
                self._walk_strings(run)
            count -= run

    def _skip_equal_strings(self, count: int) -> bool:
        # Ids and codes often have one length: then their length bytes lie at equal distances, and C compares them.
        self.need(1)
        size = self.data[self.pos]
        end = self.pos + count * (size + 1)
        if size > 127 or end > len(self.data) or self.data[self.pos : end : size + 1].count(size) != count:
            return False
        self.pos = end
        return True

    def _walk_strings(self, count: int) -> None:
        data, pos = self.data, self.pos
        while count:
            try:
                while count and (size := data[pos]) < 128:
                    pos += size + 1
                    count -= 1
            except IndexError:
                self._grow()
                continue
            if count:
                self.pos = pos
                size = self.varint()
                pos = self.pos + size
                count -= 1
        self.pos = pos
        while len(data) < pos:
            self._grow()

    def _grow(self) -> None:
        chunk = self._pull()
        if not chunk:
            raise Disconnected
        self.data += chunk
