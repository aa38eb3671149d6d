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


def _opened(file: Path) -> IO[bytes]:
    return gzip.open(file) if file.name.endswith(".gz") else open(file, "rb")  # type: ignore[return-value]
