"""`throughline identity show` and `explain` as a person reads them, and how they end."""

import json

import pytest
from clickhouse_driver import Client
from typer.testing import CliRunner

from deploy.local.database import Database
from sinks.clickhouse.sink import ClickHouseSink
from streams.cli.errors import CheckFailed
from streams.cli.identity import identity_app
from tests.sinks.test_graph import ANN, MAIL, PHONE, landed


@pytest.fixture(autouse=True)
def _shown(clickhouse: Database, database: str, client: Client, sink: ClickHouseSink, monkeypatch: pytest.MonkeyPatch) -> None:
    del client
    landed(sink)
    place = {
        "NAMESPACE": database, "CLICKHOUSE_HOST": clickhouse.host, "CLICKHOUSE_PORT": str(clickhouse.port),
        "CLICKHOUSE_USER": clickhouse.user, "CLICKHOUSE_PASSWORD": clickhouse.password,
    }  # fmt: skip
    for name, value in place.items():
        monkeypatch.setenv(f"THROUGHLINE_{name}", value)


def run(*arguments: str) -> tuple[list[str], str, int, BaseException | None]:
    """(lines of standard output, standard error, exit code, what it ended with)."""
    result = CliRunner().invoke(identity_app, list(arguments))
    return [" ".join(line.split()) for line in result.stdout.splitlines()], result.stderr, result.exit_code, result.exception


def test_show_tells_identifiers_pairs_and_receipts() -> None:
    for whom in ("email:A@x", MAIL, ANN):
        lines, told, code, _ = run("show", whom)
        assert (told, code) == (f"person {ANN}\n", 0)
        assert [line for line in lines if line in ("Identifiers", "Pairs", "Receipts")] == ["Identifiers", "Pairs", "Receipts"]
        assert "phone:1 person 2025-10-09 08:53:20 shop/e1" in lines
        assert "phone:1 customer:bob refused crowded 2025-10-09 08:53:20 shop/e8" in lines
        assert any(line.startswith("2025-10-09 08:53:21 merged phone:1 customer:ann 1 0 linked") for line in lines)


def test_explain_tells_the_way() -> None:
    lines, told, code, _ = run("explain", "order:o1", "customer:ann")
    assert [line.split()[:3] for line in lines[1:]] == [
        ["order:o1", "phone:1", "linked"],
        ["phone:1", "email:a@x", "linked"],
        ["email:a@x", "customer:ann", "linked"],
    ]
    assert (told, code) == ("", 0)
    assert run("explain", "customer:ann", ANN)[1] == f"customer:ann and {ANN} are the same identifier\n"


def test_explain_of_two_people_tells_what_keeps_them_apart_and_fails() -> None:
    *_, ended = run("explain", PHONE, "customer:bob")
    assert isinstance(ended, CheckFailed)
    assert str(ended).endswith("the guard crowded refuses the link of phone:1 and customer:bob by shop/e8 of 2025-10-09 08:53:20")
    *_, ended = run("explain", "customer:ann", "customer:bob")
    assert "customer:bob and customer:ann were unlinked by shop/u1" in str(ended)
    *_, ended = run("explain", "customer:ann", "phone:2")
    assert str(ended).endswith("are not one person: no touchpoint leads from one to the other")
    lines, *_ = run("explain", "customer:ann", "customer:bob", "--json")
    found = json.loads(lines[0])
    assert (found["same"], [step["state"] for step in found["path"]]) == (False, ["unlinked"])


def test_about_a_stranger_there_is_nothing() -> None:
    for arguments in (("show", "customer:eve"), ("explain", "customer:ann", "customer:eve")):
        _, told, code, _ = run(*arguments)
        assert (told, code) == ("nothing has landed about customer:eve\n", 1)
