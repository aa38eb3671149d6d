"""Migrations: applied once and in order, whatever happens in between."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from deploy.local.database import Database
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import FOLDER, MigrationError, migrate, migrations

FIRST = "CREATE TABLE IF NOT EXISTS one (a UInt8) ENGINE = MergeTree ORDER BY a;\n"
SECOND = "-- a remark; not a statement\nCREATE TABLE IF NOT EXISTS two (a UInt8) ENGINE = MergeTree ORDER BY a;\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_one.sql").write_text(FIRST)
    (tmp_path / "0002_two.sql").write_text(SECOND)
    return tmp_path


def tables(admin: Client, database: str) -> set[str]:
    return {name for (name,) in admin.execute("SELECT name FROM system.tables WHERE database = %(d)s", {"d": database})}


def test_what_ships_is_applied_once_and_in_order(admin: Client, unborn: str) -> None:
    names = sorted(path.name for path in FOLDER.glob("*.sql"))
    assert migrate(admin, unborn) == names
    assert migrate(admin, unborn) == []
    assert admin.execute(f"SELECT name FROM {unborn}.migrations ORDER BY applied_at, name") == [(name,) for name in names]
    assert admin.execute("SELECT engine FROM system.databases WHERE name = %(d)s", {"d": unborn}) == [("Atomic",)]


def test_a_new_file_is_applied_alone(admin: Client, unborn: str, folder: Path) -> None:
    migrate(admin, unborn, folder)
    (folder / "0003_three.sql").write_text("CREATE TABLE IF NOT EXISTS three (a UInt8) ENGINE = MergeTree ORDER BY a;\n")
    assert migrate(admin, unborn, folder) == ["0003_three.sql"]
    assert tables(admin, unborn) == {"migrations", "one", "two", "three"}


def test_a_changed_file_is_refused_by_name_and_nothing_is_done(admin: Client, unborn: str, folder: Path) -> None:
    migrate(admin, unborn, folder)
    (folder / "0001_one.sql").write_text(FIRST.replace("UInt8", "UInt16"))
    (folder / "0003_three.sql").write_text("CREATE TABLE three (a UInt8) ENGINE = MergeTree ORDER BY a;\n")
    with pytest.raises(MigrationError, match=r"0001_one\.sql was changed after it was applied"):
        migrate(admin, unborn, folder)
    assert "three" not in tables(admin, unborn)


def test_a_database_newer_than_the_files_is_refused(admin: Client, unborn: str, folder: Path) -> None:
    migrate(admin, unborn, folder)
    (folder / "0002_two.sql").unlink()
    with pytest.raises(MigrationError, match=r"0002_two\.sql was applied, and is not among the files"):
        migrate(admin, unborn, folder)


def test_a_run_that_died_in_a_file_is_repeated(admin: Client, unborn: str, folder: Path) -> None:
    (folder / "0002_two.sql").write_text(SECOND + "CREATE TABLE broken (a NoSuchType) ENGINE = MergeTree ORDER BY a;\n")
    with pytest.raises(ServerException):
        migrate(admin, unborn, folder)
    assert tables(admin, unborn) == {"migrations", "one", "two"}
    (folder / "0002_two.sql").write_text(SECOND)
    assert migrate(admin, unborn, folder) == ["0002_two.sql"]


def test_every_statement_that_ships_can_be_run_again(admin: Client, unborn: str) -> None:
    """So a run that died after any of them is repeated: all are run twice, and the tables stay."""
    migrate(admin, unborn)
    before = tables(admin, unborn)
    for migration in migrations():
        for statement in migration.statements:
            admin.execute(statement)
    assert tables(admin, unborn) == before


def test_several_at_once_do_no_harm(clickhouse: Database, admin: Client, unborn: str) -> None:
    def run(_: int) -> list[str]:
        client = connect(clickhouse.host, clickhouse.port, clickhouse.user, clickhouse.password, "default")
        try:
            return migrate(client, unborn)
        finally:
            client.disconnect()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, range(3)))
    assert migrate(admin, unborn) == []
    assert {"touchpoints", "journeys", "v_journeys", "v_freshness"} <= tables(admin, unborn)


@pytest.mark.parametrize("name", ["0003_late.sql", "0001_two.sql", "late.sql"])
def test_numbers_have_no_gaps_and_no_doubles(folder: Path, name: str) -> None:
    (folder / "0002_two.sql").unlink()
    (folder / name).write_text(SECOND)
    with pytest.raises(MigrationError, match=f"{name}: its number should be 0002"):
        migrations(folder)


def test_a_name_that_is_none_is_refused_before_anything_is_sent(admin: Client) -> None:
    with pytest.raises(MigrationError, match="database 'x; DROP DATABASE y'"):
        migrate(admin, "x; DROP DATABASE y")


def test_files_are_told_apart_by_their_bytes(tmp_path: Path) -> None:
    copy = copytree(FOLDER, tmp_path / "copy")
    assert migrations(copy) == migrations()
    first = next(iter(sorted(copy.glob("*.sql"))))
    first.write_bytes(first.read_bytes() + b"\n")
    assert migrations(copy)[0].checksum != migrations()[0].checksum
