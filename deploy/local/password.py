"""The password of the embedded database: made once, kept where only its owner can read it."""

import os
import secrets
import tempfile
from pathlib import Path

from deploy.local.errors import writing


def stack_password(data_dir: Path) -> str:
    """The password that this stack made for itself, in `data_dir`/clickhouse.password with mode 0600."""
    kept = data_dir / "clickhouse.password"
    with writing(kept):
        if not kept.exists():
            _keep(kept, secrets.token_urlsafe(24))
        return kept.read_text(encoding="ascii").strip()


def _keep(kept: Path, password: str) -> None:
    """Whole or not at all, and the first of two that try at the same time wins."""
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=f"{kept.name}.", dir=kept.parent)
    try:
        with open(handle, "w", encoding="ascii") as file:
            file.write(password + "\n")
        os.link(part, kept)
    except FileExistsError:
        pass
    finally:
        os.unlink(part)
