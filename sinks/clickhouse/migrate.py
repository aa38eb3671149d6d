"""Numbered SQL files, applied once and in order.

Every statement is idempotent, so a run that died in between is repeated, and two at once do no harm.  The table `migrations` holds
name and checksum of what was applied; a file that was changed afterwards is refused: the database would not be what it says.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from clickhouse_driver import Client

FOLDER = Path(__file__).parent / "migrations"
DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
LEDGER = """
CREATE TABLE IF NOT EXISTS migrations
(
    name String COMMENT 'Name of the file.',
    checksum String COMMENT 'SHA-256 of its bytes.',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied first.'
)
ENGINE = MergeTree
ORDER BY (name, applied_at)
COMMENT 'Migrations that were applied to this database.'
"""


class MigrationError(Exception):
    """The database and the files of migrations do not fit together; the text names the file and the remedy."""


class Migration(NamedTuple):
    name: str
    checksum: str
    statements: tuple[str, ...]


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """The files of a folder by their numbers, 0001_….sql."""
    found = [_read(path) for path in sorted(folder.glob("*.sql"))]
    for number, migration in enumerate(found, start=1):
        if not migration.name.startswith(f"{number:04}_"):
            raise MigrationError(f"{migration.name}: its number should be {number:04}; numbers have no gaps and no doubles")
    return found


def migrate(client: Client, database: str, folder: Path = FOLDER) -> list[str]:
    """Brings the database up to date, makes it if it is not there.  -> names of the files that were applied now.

    Raises MigrationError for a changed file, for a database that is newer than the files, and for an unusable name.
    """
    if not DATABASE.fullmatch(database):
        raise MigrationError(f"database {database!r}: a name is letters, digits and _, at most 64, and begins with no digit")
    client.execute(f"CREATE DATABASE IF NOT EXISTS {database} ENGINE = Atomic")
    client.execute(f"USE {database}")
    client.execute(LEDGER)
    return [migration.name for migration in _missing(client, migrations(folder)) if _apply(client, migration)]


def _missing(client: Client, files: list[Migration]) -> list[Migration]:
    applied = dict(client.execute("SELECT name, argMin(checksum, applied_at) FROM migrations GROUP BY name"))
    strangers = sorted(set(applied) - {migration.name for migration in files})
    if strangers:
        raise MigrationError(f"{strangers[0]} was applied, and is not among the files: use a program as new as the database")
    for migration in files:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationError(f"{migration.name} was changed after it was applied: restore it, put the change into a new file")
    return [migration for migration in files if migration.name not in applied]


def _apply(client: Client, migration: Migration) -> bool:
    for statement in migration.statements:
        client.execute(statement)
    client.execute("INSERT INTO migrations (name, checksum) VALUES", [(migration.name, migration.checksum)])
    return True


def _read(path: Path) -> Migration:
    content = path.read_bytes()
    return Migration(path.name, sha256(content).hexdigest(), tuple(_split(content.decode())))


def _split(text: str) -> Iterator[str]:
    """A statement ends with a semicolon at the end of a line."""
    for part in re.split(r";[ \t]*$", text, flags=re.MULTILINE):
        lines = [line for line in part.splitlines() if line.strip() and not line.lstrip().startswith("--")]
        if lines:
            yield "\n".join(lines)
