"""Compressed frames: a checksum (CityHash128), method, size with this header, raw size, data."""

import struct
from collections.abc import Iterator

import lz4.block
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

from deploy.local.clickhouse.errors import Code, ProtocolError
from deploy.local.clickhouse.wire import Window

LARGEST_FRAME_BYTES = 1 << 30
_NONE, _LZ4, _ZSTD = 0x02, 0x82, 0x90
_HEAD = struct.Struct("<BII")
_STEP_BYTES = 1 << 20


def frames(data: bytes | memoryview) -> Iterator[bytes]:
    """`data` in LZ4 frames of at most 1 MiB each."""
    for start in range(0, len(data), _STEP_BYTES):
        part = data[start : start + _STEP_BYTES]
        body = lz4.block.compress(part, store_size=False)
        frame = _HEAD.pack(_LZ4, _HEAD.size + len(body), len(part)) + body
        yield _checksum(frame) + frame


def unframed(source: Window) -> Window:
    """What the frames of `source` hold; raises ProtocolError at a frame that is damaged or of an unknown method."""
    return Window(lambda: read_frame(source))


def read_frame(source: Window) -> bytes:
    """The content of the next frame."""
    check = source.take(16)
    source.need(_HEAD.size)
    method, size_bytes, raw_bytes = _HEAD.unpack_from(source.data, source.pos)
    if not _HEAD.size <= size_bytes <= LARGEST_FRAME_BYTES or raw_bytes > LARGEST_FRAME_BYTES:
        raise ProtocolError.of(Code.CHECKSUM_DOESNT_MATCH, f"A compressed frame of {size_bytes} bytes cannot be right.")
    frame = source.take(size_bytes)
    source.drop()
    if _checksum(frame) != check:
        raise ProtocolError.of(Code.CHECKSUM_DOESNT_MATCH, "Checksum of a compressed frame doesn't match: it was damaged.")
    return _decompress(method, memoryview(frame)[_HEAD.size :], raw_bytes)


def _decompress(method: int, body: memoryview, raw_bytes: int) -> bytes:
    if method == _LZ4:
        return bytes(lz4.block.decompress(body, uncompressed_size=raw_bytes))
    if method == _ZSTD:
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=raw_bytes)
    if method == _NONE:
        return bytes(body)
    raise ProtocolError.of(Code.UNKNOWN_COMPRESSION_METHOD, f"Unknown compression method {method:#x}: use LZ4 or ZSTD.")


def _checksum(frame: bytes) -> bytes:
    digest: int = CityHash128(frame)
    return struct.pack("<QQ", digest >> 64, digest & 0xFFFF_FFFF_FFFF_FFFF)
