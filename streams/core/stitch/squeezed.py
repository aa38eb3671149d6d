"""Packed state made small: touchpoints of one address say mostly the same, and a worker keeps very many of them in memory.

A frame of Zstandard without its magic number, by words known beforehand: what every bucket would have to spell out for itself,
values of fields, actions of the catalogue, and how often which letter comes.  The words are of invented people
(`tests.bench.words`), because what is in them outlives every erasure; they are part of the format.  Not to be called from two
threads at once.

Format 4 squeezed with LZ4, behind the size.
"""

from pathlib import Path

import lz4.block
import zstandard

from streams.core.life import WrongLife

LEVEL = 3  # 2 % smaller than 1 for 3 us; 5 would take another 3 % off, for 28 us
WORDS = Path(__file__).with_name("words.zdict")
MAGIC = zstandard.FRAME_HEADER
HEADER_BYTES = 14  # of a frame, at most
MOST_TIMES = 1 << 15  # four bytes of a frame never stand for more than 128 KiB, a byte of LZ4 for less
LZ4_SIZE_BYTES = 4

_words = zstandard.ZstdCompressionDict(WORDS.read_bytes())
_words.precompute_compress(level=LEVEL)
_squeeze = zstandard.ZstdCompressor(level=LEVEL, dict_data=_words, write_dict_id=False).compress
_unsqueeze = zstandard.ZstdDecompressor(dict_data=_words).decompress


def squeezed(content: bytes) -> bytes:
    return _squeeze(content)[len(MAGIC) :]


def size_of(block: bytes, unreadable: str) -> int:
    """Of what it holds, bytes.  Raises WrongLife with that text."""
    try:
        size = zstandard.frame_content_size(MAGIC + block[:HEADER_BYTES])
    except zstandard.ZstdError as error:
        raise WrongLife(unreadable) from error
    return _believed(size, block, unreadable)


def content_of(block: bytes, unreadable: str) -> bytes:
    """Raises WrongLife with that text."""
    size_of(block, unreadable)
    try:
        return _unsqueeze(MAGIC + block)
    except zstandard.ZstdError as error:
        raise WrongLife(unreadable) from error


def lz4_size_of(block: bytes, unreadable: str) -> int:
    """See `size_of`."""
    return _believed(int.from_bytes(block[:LZ4_SIZE_BYTES], "little"), block, unreadable)


def lz4_content_of(block: bytes, unreadable: str) -> bytes:
    """See `content_of`."""
    lz4_size_of(block, unreadable)
    try:
        return lz4.block.decompress(block)  # type: ignore[no-any-return]  # not typed
    except (lz4.block.LZ4BlockError, ValueError) as error:
        raise WrongLife(unreadable) from error


def _believed(size: int, block: bytes, unreadable: str) -> int:
    """To make room for what damage says would be another fault."""
    if not 0 <= size <= MOST_TIMES * len(block):
        raise WrongLife(unreadable)
    return size
