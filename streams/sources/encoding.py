"""In which encoding a CSV file is written: DuckDB takes UTF-8 unless told, and spreadsheets often write something else."""

import codecs
import gzip
from pathlib import Path
from typing import IO

_CHUNK_BYTES = 1 << 20


def encoding_of(file: Path) -> str:
    """-> `utf-8`, `utf-16` (by its mark), or `latin-1`, which reads any byte.  Raises OSError."""
    with _opened(file) as content:
        head = content.read(2)
        if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(head)
            while chunk := content.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def ends_mixed(file: Path) -> bool:
    """Some lines end in CR LF and some in LF: files were joined, or a header was added by hand.  Raises OSError."""
    both, single = False, False
    last = b""
    with _opened(file) as content:
        while (chunk := content.read(_CHUNK_BYTES)) and not (both and single):
            ends = (last + chunk).count(b"\r\n")
            both, single = both or ends > 0, single or (last + chunk).count(b"\n") > ends
            last = chunk[-1:] if chunk.endswith(b"\r") else b""
    return both and single


def _opened(file: Path) -> IO[bytes]:
    return gzip.open(file) if file.name.endswith(".gz") else open(file, "rb")  # type: ignore[return-value]
