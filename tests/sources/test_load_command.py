"""`throughline load`: what is wrong is one sentence and its exit code; a dry run needs no broker and judges as intake does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.sample import EVENTS, TRUTH
from streams.core.intake import STAMPED
from streams.settings import PREFIX

MAPPING = """
SELECT 'shop' AS source, id AS event_id, happened AS occurred_at, who AS origin,
  'order.delivered' AS action, number AS identifier_order
FROM steps ORDER BY id
"""
STEPS = """id,happened,who,number
1,2026-01-01T00:00:00Z,human,o1
2,2026-01-01T00:00:00Z,robot,o1
3,,human,o1
4,2026-01-01T00:00:00Z,human,
5,1900-01-01T00:00:00Z,human,o1
6,2026-01-02T00:00:00Z,system,o2
7,2026-01-02T00:00:00Z,system,?
"""
REFUSED = {2: "mapping", 3: "mapping", 4: "missing_identifier", 5: "too_old", 7: "unusable_identifier"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.sql").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "steps.csv").write_text(STEPS, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment |= {"THROUGHLINE_KAFKA_BOOTSTRAP": "127.0.0.1:1", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "streams.cli.main", "load", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_dry_run_lists_every_reject_with_its_row_and_reason(folder: Path) -> None:
    done = run(folder, "--mapping", "m.sql", "steps.csv", "--dry-run", "--json")
    found = json.loads(done.stdout)
    assert {each["row"]: each["reason"] for each in found["rejects"]} == REFUSED
    assert [each["event_id"] for each in found["first"]] == ["1", "6"]
    assert (found["read"], found["rejected"]) == (7, len(REFUSED))
    assert done.returncode == 5
    assert done.stderr == "throughline: 5 of 7 rows would be rejected\n"


def test_a_dry_run_for_people_says_the_same(folder: Path) -> None:
    shown = run(folder, "--mapping", "m.sql", "steps.csv", "--dry-run").stdout.splitlines()
    assert "row 2, shop/2: mapping: origin is robot; expected product, human, system" in shown
    assert sum(line.startswith("row ") for line in shown) == len(REFUSED)


def test_the_shipped_sample_has_no_rejects(folder: Path) -> None:
    done = run(folder, "--mapping", "servicenow", "--set", "ends_at=loaded_at", str(EVENTS), "--dry-run", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["read"] == json.loads(TRUTH.read_text(encoding="utf-8"))["touchpoints"]


def test_a_dry_run_needs_no_broker_and_a_load_does(folder: Path) -> None:
    done = run(folder, "--mapping", "m.sql", "steps.csv")
    assert done.returncode == 4
    assert "no Kafka broker answers at 127.0.0.1:1" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--mapping", "nope", "steps.csv", "--dry-run"], 3, "no mapping nope"),
        (["--mapping", "m.sql", "nowhere", "--dry-run"], 3, "nowhere does not exist"),
        (["--mapping", "orders", "steps.csv", "--dry-run"], 3, "orders: Catalog Error: Table with name orders does not exist"),
        (["--mapping", "m.sql", "steps.csv", "--duplicates", "0.1"], 2, "need --shuffle SEED"),
        (["--mapping", "m.sql", "steps.csv", "--set", "novalue"], 2, "expected NAME=VALUE"),
        (["--mapping", "m.sql", "steps.csv", "--rate", "0"], 2, "--rate"),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_code(folder: Path, arguments: list[str], code: int, said: str) -> None:
    done = run(folder, *arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert done.stdout == ""


def test_a_dry_run_clamps_as_intake_does(folder: Path) -> None:
    """A time beyond `future_s` is a reject by default, and none where it is clamped."""
    (folder / "steps.csv").write_text("id,happened,who,number\n1,2999-01-01T00:00:00Z,human,o1\n", encoding="utf-8")
    refused = json.loads(run(folder, "--mapping", "m.sql", "steps.csv", "--dry-run", "--json").stdout)
    assert [each["reason"] for each in refused["rejects"]] == ["in_the_future"]
    (folder / "throughline.toml").write_text('future_stamps = "clamped"\n', encoding="utf-8")
    clamped = json.loads(run(folder, "--mapping", "m.sql", "steps.csv", "--dry-run", "--json").stdout)
    assert clamped["rejects"] == []
    assert clamped["first"][0]["attributes"] == {STAMPED: "2999-01-01T00:00:00.000+00:00"}
