"""What `mapping new` and `journeys new` write is taken as it is by the dry run, `journeys check` and `journeys test`."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.core.definition import bundle_of
from streams.core.journey import run_cases
from streams.known import known_identifiers
from streams.settings import Settings
from streams.sources.discover import discover
from streams.sources.dry_run import Tried, dry_run
from streams.sources.mapping import fingerprint, read_mapping
from streams.sources.profile import most_like_events, profile_files
from streams.sources.profile_columns import PLACEHOLDERS
from streams.sources.rows import Source
from streams.sources.skeleton_journey import definition_text, duration, minutes_of
from streams.sources.skeleton_mapping import mapping_text
from streams.sources.touches import open_touches
from tests.sources.command import command
from tests.sources.support import DATA
from tests.sources.tables import as_csv, tables, written

EVENTS = "case_id;at;status;seq\n" + "".join(
    f"C{n};2025-04-0{1 + n % 9} {10 + step}:00;{status};{step}\n"
    for n in range(30)
    for step, status in enumerate(("new", "Sent!", "done"))
)
WIDE = "order_id;ordered_at;shipped_at;arrived_at;estimated_at\n" + "".join(
    f"O{n};2025-04-01 10:00;2025-04-0{2 + n % 3} 11:00;{'2025-04-07 12:00' if n % 2 else ''};2025-04-09 00:00\n" for n in range(20)
)


def tried(folder: Path, *files: Path) -> list[Tried]:
    profiles, shared = profile_files(files)
    chosen = most_like_events(profiles)
    (folder / "new.sql").write_text(
        mapping_text(chosen, [each for each in profiles if each is not chosen], shared), encoding="utf-8"
    )
    return list(dry_run(Source(str(folder / "new.sql"), files), Settings()))


def file(folder: Path, text: str) -> Path:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return folder / "t.csv"


def test_events_become_touchpoints(tmp_path: Path) -> None:
    found = tried(tmp_path, file(tmp_path, EVENTS))
    assert (len(found), {each.reason for each in found}) == (90, {""})
    assert {each.record["action"] for each in found} == {"new", "sent", "done"}
    assert found[0].record["identifiers"] == [{"type": "case", "value": "C0"}]


def test_every_time_of_a_wide_row_becomes_a_touchpoint_and_a_promised_one_an_attribute(tmp_path: Path) -> None:
    found = tried(tmp_path, file(tmp_path, WIDE))
    assert {each.reason for each in found} == {""}
    actions = [each.record["action"] for each in found]
    assert {name: actions.count(name) for name in set(actions)} == {"ordered": 20, "shipped": 20, "arrived": 10}
    assert found[0].record["attributes"] == {"estimated_at": "2025-04-09T00:00:00.000Z"}


def test_a_row_that_comes_twice_is_taken_once(tmp_path: Path) -> None:
    twice = EVENTS + "\n".join(EVENTS.splitlines()[-3:]) + "\n"
    assert len(tried(tmp_path, file(tmp_path, twice))) == 90


def test_without_a_time_every_row_is_refused_and_said_why(tmp_path: Path) -> None:
    found = tried(tmp_path, file(tmp_path, "case_id,status\n1,new\n1,done\n2,new\n"))
    assert {(each.reason, each.detail) for each in found} == {("mapping", "occurred_at is missing, or no time")}


def test_numbers_are_numbers_where_others_stand_for_none(tmp_path: Path) -> None:
    """Else no threshold would ever take them: a text is no number."""
    rows = EVENTS.replace("\n", ";NA\n").replace("seq;NA", "seq;delay")
    rows = rows.replace("Sent!;1;NA", "Sent!;1;12").replace("done;2;NA", "done;2;-3.5")
    found = tried(tmp_path, file(tmp_path, rows))
    assert {str(each.record["attributes"]) for each in found} == {"{}", "{'delay': 12.0}", "{'delay': -3.5}"}


def test_what_stands_for_nobody_in_a_skeleton_is_what_the_shipped_identity_takes_for_it() -> None:
    assert {"", "0", *PLACEHOLDERS} == known_identifiers(Settings()).nobody


@pytest.mark.parametrize("view", ["numbered", "timed", "select", "once", "a-b c"])
def test_a_file_may_have_any_name(tmp_path: Path, view: str) -> None:
    (tmp_path / f"{view}.csv").write_text(EVENTS, encoding="utf-8")
    assert {each.reason for each in tried(tmp_path, tmp_path / f"{view}.csv")} == {""}


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(tables(), st.booleans())
def test_whatever_is_profiled_has_a_mapping_that_fits_the_contract(tmp_path: Path, table: Any, in_json: bool) -> None:
    """A mapping's own refusals are rows without a time, and only where no column of the file is one."""
    found = tried(tmp_path, (written if in_json else as_csv)(tmp_path, table))
    assert {each.detail for each in found if each.reason == "mapping"} <= {"occurred_at is missing, or no time"}
    assert {each.reason for each in found} <= {"", "mapping", "too_old", "in_the_future", "unusable_identifier"}
    assert len({each.record["event_id"] for each in found}) == len(found)


def definition(mapping: Path, *files: Path) -> str:
    touches = open_touches(str(mapping), files, known_identifiers(Settings()), None)
    return definition_text("new_journey", discover(touches, 40))


def held(text: str) -> int:
    """-> its cases, of which none may fail."""
    bundle = bundle_of([("new.yaml", text)], None)
    (compiled,) = bundle.definitions
    assert run_cases(bundle, compiled) == []
    return len(compiled.definition.cases)


ACTIONS = st.sampled_from(("new", "a*", "no", "null", "übergeben", "a, b", "1", "x: y", "#", '"', "true", "…"))


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 10**7), ACTIONS), min_size=1, max_size=25))
def test_whatever_happened_has_a_definition_that_holds(tmp_path: Path, events: list[tuple[int, int, str]]) -> None:
    values = ", ".join(f"({case}, {at_s}, '{action}', {number})" for number, (case, at_s, action) in enumerate(events))
    mapping = tmp_path / "m.sql"
    mapping.write_text(
        "SELECT 's' AS source, CAST(n AS VARCHAR) AS event_id, TIMESTAMP '2025-01-01' + to_seconds(s) AS occurred_at, "
        f"'human' AS origin, a AS action, concat('c', c) AS identifier_case FROM (VALUES {values}) v(c, s, a, n)",
        encoding="utf-8",
    )
    assert held(definition(mapping, file(tmp_path, "a\n1\n"))) >= 1


@given(st.integers(1, 10**6))
def test_a_limit_is_rounded_up_and_never_by_more_than_its_unit(minutes: int) -> None:
    rounded = minutes_of(duration(minutes))
    assert minutes <= rounded < minutes + {"m": 1, "h": 60, "d": 1_440}[duration(minutes)[-1]]


def test_the_commands_write_what_the_others_take_and_never_overwrite(tmp_path: Path) -> None:
    data, sql, yaml = file(tmp_path, EVENTS), tmp_path / "new.sql", tmp_path / "new.yaml"
    assert command("mapping", "new", data, "-o", sql)[0] == 0
    assert command("load", "--dry-run", "--mapping", sql, data)[0] == 0
    assert command("journeys", "new", "post", "--mapping", sql, data, "-o", yaml)[0] == 0
    assert command("journeys", "check", yaml)[0] == 0
    assert command("journeys", "test", yaml)[0] == 0
    before = (sql.read_text(), yaml.read_text())
    code, _, err = command("mapping", "new", data, "-o", sql)
    assert (code, "--force" in err) == (3, True)
    assert command("journeys", "new", "post", "--mapping", sql, data, "-o", yaml)[0] == 3
    assert (sql.read_text(), yaml.read_text()) == before
    assert command("mapping", "new", data, "-o", sql, "--force")[0] == 0
    assert command("mapping", "new", data, "-o", tmp_path / "new.txt")[0] == 2
    assert command("journeys", "new", "Not a name", "--mapping", sql, data)[0] == 2
    assert command("journeys", "new", "post", "--mapping", sql, data, "--instance", "order")[0] == 3


@pytest.mark.parametrize("name", ["servicenow/incident_events.parquet", "loans/loan_events.parquet", "orders/orders.parquet"])
def test_the_real_sets_need_no_word(tmp_path: Path, name: str) -> None:
    if not (DATA / name).is_file():
        pytest.skip("not run: data absent")
    data, sql = DATA / name, tmp_path / "new.sql"
    (profile,), _ = profile_files([data])
    sql.write_text(mapping_text(profile, [], []), encoding="utf-8")
    assert fingerprint(read_mapping(str(sql)), [data])
    assert held(definition(sql, data)) == 3
