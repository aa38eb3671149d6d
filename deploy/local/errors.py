"""What the embedded stack raises when it cannot serve."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


class LocalStackError(Exception):
    """The embedded stack cannot serve.  The text is one sentence: what is wrong, and what to do."""


@contextmanager
def writing(directory: Path, needs_bytes: int = 0) -> Iterator[None]:
    """A disk that is full or refuses becomes a LocalStackError about `directory`; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            needs = f" (it needs {needs_bytes / 1e6:.0f} MB)" if needs_bytes else ""
            raise LocalStackError(f"no space left for {directory}{needs}: free some, or choose another data_dir") from error
        if error.errno in NOT_WRITABLE:
            raise LocalStackError(f"{directory} cannot be written ({error.strerror}): choose another data_dir") from error
        raise
