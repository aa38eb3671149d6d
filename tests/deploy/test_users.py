"""The database's users in compose can do their work and no more, by the real engine's judgement.

The embedded engine knows one user at a time, so each user's grants are given to it in turn (see tests/sinks/test_roles.py).
"""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from sinks.clickhouse.migrate import LEDGER, migrations
from sinks.contract import TABLES
from tests.sinks.test_roles import WIDE, engine, granted

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
DATABASE = SERVICES["land"]["environment"]["THROUGHLINE_NAMESPACE"]
OWNER, WORKER = (SERVICES[name]["environment"]["THROUGHLINE_CLICKHOUSE_USER"] for name in ("migrations", "land"))
READER = "throughline_reader"
USERS = ElementTree.fromstring((ROOT / "deploy/docker/clickhouse-users.xml").read_text()).findall("users/*")  # noqa: S314 - ours
STATEMENTS = [f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic", f"USE {DATABASE}", LEDGER]
STATEMENTS += [statement for migration in migrations() for statement in migration.statements]


def grants(user: str) -> list[str]:
    return [query.text or "" for node in USERS if node.tag == user for query in node.iter("query")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database whose views belong to somebody else than the user that asks."""
    made = tmp_path_factory.mktemp("users")
    statements = [statement.replace("DEFINER = CURRENT_USER", "DEFINER = owner") for statement in STATEMENTS]
    assert set(engine(made, ["GRANT ALL ON *.*", "GRANT SET DEFINER ON *"], statements)) == {""}
    return made


def test_there_are_these_users_each_with_a_password_from_the_environment() -> None:
    found = {node.tag: node.find("password") for node in USERS if "remove" not in node.attrib}
    assert set(found) == {OWNER, WORKER, READER}
    assert all(password is not None and password.attrib.keys() == {"from_env"} for password in found.values())
    assert [node.tag for node in USERS if node.attrib.get("remove") == "remove"] == ["default"]


def test_the_owner_migrates_and_owns_nothing_else(tmp_path: Path) -> None:
    outside = ["CREATE DATABASE other", "CREATE USER somebody", "SELECT count() FROM system.users", "DROP DATABASE system"]
    answers = engine(tmp_path, grants(OWNER), [*STATEMENTS, *outside])
    assert set(answers[: len(STATEMENTS)]) == {""}, answers
    assert set(answers[len(STATEMENTS) :]) == {"ACCESS_DENIED"}


def test_the_worker_lands_and_reads_and_changes_no_table(folder: Path) -> None:
    """Into every table, with what the tables feed; and `settle` reads clocks."""
    inserts = [f"INSERT INTO {DATABASE}.{table} SELECT * FROM {DATABASE}.{table}" for table in TABLES]
    reads = [f"SELECT count() FROM {DATABASE}.{table} FINAL" for table in TABLES]
    answers = engine(folder, grants(WORKER), [*inserts, *reads])
    assert answers == [""] * len(inserts) + ["0"] * len(reads)
    changes = [f"{change} {DATABASE}.journeys" for change in ("DROP TABLE", "TRUNCATE TABLE", "OPTIMIZE TABLE")]
    changes += [f"ALTER TABLE {DATABASE}.journeys DELETE WHERE 1", f"CREATE TABLE {DATABASE}.x (n Int8) ENGINE = Memory"]
    assert set(engine(folder, grants(WORKER), changes)) == {"ACCESS_DENIED"}


def test_the_reader_has_what_roles_sql_grants_to_the_role_of_this_name(folder: Path) -> None:
    matches = [re.fullmatch(rf"GRANT SELECT ON {DATABASE}\.([\w*]+)", grant) for grant in grants(READER)]
    views = [match[1] for match in matches if match]
    assert len(views) == len(grants(READER))
    assert set(views) == granted(READER)
    known = [view for view in views if view != WIDE]
    answers = engine(
        folder, grants(READER), [f"SELECT count() FROM {DATABASE}.{name}" for name in (*known, "people", "v_identifiers")]
    )
    assert all(answer.isdigit() for answer in answers[: len(known)]), answers
    assert answers[len(known) :] == ["ACCESS_DENIED"] * 2
