"""roles.sql: readers need these grants and no others.

The embedded engine knows one user at a time and keeps no roles.  So its rights come from a file here: an engine in which that user
may do everything makes the database, with a second user as the owner of the views; then an engine is started over the same data in
which the user has what roles.sql grants, and nothing else.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from clickhouse_driver import Client

from sinks.clickhouse import wide
from sinks.clickhouse.migrate import migrations
from sinks.clickhouse.read import VIEWS
from streams.definitions import SHIPPED, load_bundle

ROLES = Path(__file__).parents[2] / "sinks" / "clickhouse" / "roles.sql"
GRANT = re.compile(r"^GRANT SELECT ON ([\w*]+) TO (\w+);$", re.MULTILINE)
WIDE = "v_journey_*"  # one a definition
PROFILES, USUAL = "<profiles><default/></profiles><quotas><default/></quotas>", "<profile>default</profile><quota>default</quota>"
ENGINE = """
import json, sys
from chdb import session

folder, statements = sys.argv[1], json.load(sys.stdin)
engine, answers = session.Session(f"{folder}/data?config-file={folder}/engine.xml"), []
for statement in statements:
    try:
        answers.append(str(engine.query(statement, "TSVRaw")).strip())
    except Exception as error:
        answers.append("ACCESS_DENIED" if "ACCESS_DENIED" in str(error) else str(error))
json.dump(answers, sys.stdout)
"""


def granted(role: str) -> set[str]:
    return {view for view, to in GRANT.findall(ROLES.read_text(encoding="utf-8")) if to == role}


def user(name: str, grants: list[str]) -> str:
    rights = "".join(f"<query>{escape(grant)}</query>" for grant in grants)
    return f"<{name}><no_password/><networks><ip>::/0</ip></networks>{USUAL}<grants>{rights}</grants></{name}>"


def engine(folder: Path, grants: list[str], statements: list[str]) -> list[str]:
    """Run statements as the engine's user with these rights -> answers, or ACCESS_DENIED."""
    users = user("default", grants) + user("owner", ["GRANT ALL ON *.*"])
    (folder / "users.xml").write_text(f"<clickhouse><users>{users}</users>{PROFILES}</clickhouse>")
    (folder / "engine.xml").write_text(f"<clickhouse><users_config>{folder / 'users.xml'}</users_config></clickhouse>")
    command = [sys.executable, "-c", ENGINE, str(folder)]
    done = subprocess.run(command, input=json.dumps(statements), capture_output=True, text=True, check=True, timeout=120)
    answers: list[str] = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("roles")
    statements = ["CREATE DATABASE journal ENGINE = Atomic", "USE journal"]
    statements += [each.replace("DEFINER = CURRENT_USER", "DEFINER = owner") for m in migrations() for each in m.statements]
    answers = engine(made, ["GRANT ALL ON *.*", "GRANT SET DEFINER ON *"], statements)
    assert set(answers) == {""}
    (order,) = (each.definition for each in load_bundle([SHIPPED]).definitions if each.name == "order")
    order_view = wide.statement(order).replace("DEFINER = CURRENT_USER", "DEFINER = owner")
    assert engine(made, ["GRANT ALL ON *.*", "GRANT SET DEFINER ON *"], ["USE journal", order_view]) == ["", ""]
    return made


def test_every_view_is_granted_to_one_of_the_roles() -> None:
    reader, investigator = granted("throughline_reader"), granted("throughline_investigator")
    assert reader | investigator == {*VIEWS, WIDE}
    assert reader & investigator == set()


def test_the_engine_can_parse_every_statement(client: Client) -> None:
    statements = [part for part in re.sub(r"^--.*$", "", ROLES.read_text(), flags=re.MULTILINE).split(";") if part.strip()]
    for statement in statements:
        client.execute("SELECT formatQuery(%(statement)s)", {"statement": statement})
    assert len(statements) == len(VIEWS) + len([WIDE]) + 3


def test_a_reader_reads_what_is_granted_and_nothing_else(folder: Path) -> None:
    """All views of the role, those of definitions too; none of the other role's, no table, no view behind the views; no write."""
    views = granted("throughline_reader")
    mine = [*(views - {WIDE}), "v_journey_order"]
    others = [*granted("throughline_investigator"), "touchpoints", "journeys", "people", "journeys_newest", "journeys_visible"]
    asked = [f"SELECT count() FROM journal.{name}" for name in (*mine, *others)]
    grants = [f"GRANT SELECT ON journal.{view}" for view in views]
    answers = engine(folder, grants, [*asked, "INSERT INTO journal.people (own_id) VALUES ('x')", "DROP TABLE journal.people"])
    assert all(answer.isdigit() for answer in answers[: len(mine)]), answers
    assert set(answers[len(mine) :]) == {"ACCESS_DENIED"}
