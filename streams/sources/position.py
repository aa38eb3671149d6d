"""How far a load has come, kept in a file, so that an interrupted one continues where it stopped."""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec


class Position(msgspec.Struct, forbid_unknown_fields=True):
    """Everything up to `rows` is acknowledged by the broker.  `digest` is that of the last record, to know it again."""

    topic_id: str
    loaded_at: str  # ISO 8601, UTC: what the mapping sees as the time of loading
    rows: int = 0
    digest: str = ""


@dataclass(frozen=True)
class PositionFile:
    """A load that is finished leaves no file: loading again starts from the beginning, and repeats what is already there."""

    path: Path

    def read(self) -> Position | None:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Position)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, position: Position) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(position))
        os.replace(beside, self.path)

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
