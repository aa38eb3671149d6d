"""`throughline journeys discover` says of the real sets what is known of them, and of small ones what is plain to see."""

import json
import time
from functools import cache
from pathlib import Path

import pytest

from streams.known import known_identifiers
from streams.settings import ConfigurationError, Settings
from streams.sources.discover import Discovery, discover
from streams.sources.touches import open_touches
from tests.sources.command import command
from tests.sources.support import DATA, truth

LEAST = "'s' AS source, concat_ws('/', c, n) AS event_id, 'human' AS origin, concat('secret', c) AS identifier_case"
SMALL = f"""
SELECT {LEAST}, TIMESTAMP '2025-01-01' + to_hours(h) AS occurred_at, a AS action, n AS sequence FROM (VALUES
  (1, 0, 'opened', 1), (1, 1, 'asked', 2), (1, 1, 'told', 3), (1, 2, 'asked', 4), (1, 4, 'closed', 5),
  (2, 0, 'opened', 1), (2, 2, 'closed', 2), (3, 0, 'opened', 1), (3, 3, 'closed', 2), (4, 0, 'opened', 1), (4, 1, 'opened', 2)
) v(c, h, a, n)
"""


def of(folder: Path, sql: str, instance: str | None = None) -> Discovery:
    (folder / "t.csv").write_text("a\n1\n", encoding="utf-8")
    (folder / "m.sql").write_text(sql, encoding="utf-8")
    return discover(open_touches(str(folder / "m.sql"), [folder / "t.csv"], known_identifiers(Settings()), instance), 5)


def test_variants_steps_ends_and_loops(tmp_path: Path) -> None:
    found = of(tmp_path, SMALL)
    assert (found.instances, found.touchpoints, found.variants) == (4, 11, 3)
    assert (found.frequent[0].actions, found.frequent[0].instances, found.frequent[0].p50_s) == (
        ("opened", "closed"),
        2,
        2.5 * 3_600,
    )
    steps = {(step.before, step.after): (step.count, step.p50_s) for step in found.steps}
    assert steps["opened", "closed"] == (2, 2.5 * 3_600)
    assert steps["asked", "told"] == (1, 0), "the sequence settles what happens in the same instant"
    assert (found.firsts, found.lasts) == ({"opened": 4}, {"closed": 3, "opened": 1})
    assert {loop.action: (loop.repeated, loop.returned) for loop in found.loops} == {"asked": (0, 1), "opened": (1, 0)}
    assert found.endings == ("closed",)
    assert [(each.last, each.instances, each.silent_p50_s) for each in found.unfinished] == [("opened", 1, 3 * 3_600)]


def test_whose_instance_is_not_told(tmp_path: Path) -> None:
    of(tmp_path, SMALL)
    for arguments in ((), ("--json",)):
        code, out, err = command("journeys", "discover", "--mapping", tmp_path / "m.sql", tmp_path / "t.csv", *arguments)
        assert (code, "secret" in out + err) == (0, False)


def test_rows_that_no_journey_has_are_counted(tmp_path: Path) -> None:
    sql = SMALL.replace("a AS action", "nullif(a, 'told') AS action").replace(
        "concat('secret', c)", "if(c = 4, '?', concat('x', c))"
    )
    found = of(tmp_path, sql)
    assert (found.refused, found.without, found.touchpoints, found.instances) == (1, 2, 10, 3)


def test_identifiers_may_come_as_a_list(tmp_path: Path) -> None:
    listed = "[{'type': 'case', 'value': concat('c', c)}, {'type': 'customer', 'value': 'same'}] AS identifiers"
    sql = SMALL.replace("concat('secret', c) AS identifier_case", listed)
    assert (of(tmp_path, sql).instances, of(tmp_path, sql, "customer").instances) == (4, 1)


def test_an_instance_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"m\.sql: it gives no identifier order, only case"):
        of(tmp_path, SMALL, "order")
    with pytest.raises(
        ConfigurationError, match=r"m\.sql: no identifier is an object or a person: review; choose one with --instance"
    ):
        of(tmp_path, SMALL.replace("identifier_case", "identifier_review"))


@cache
def of_real(name: str, mapping: str) -> Discovery:
    return discover(open_touches(mapping, [DATA / name], known_identifiers(Settings()), None), 400)


LOANS = """
SELECT 'loans' AS source, concat_ws('/', case_id, event_index) AS event_id, "timestamp" AS occurred_at, event_index AS sequence,
  'system' AS origin, activity AS action, case_id AS identifier_application
FROM loan_events
"""
STATES = """
SELECT 'desk' AS source, concat_ws('/', number, place) AS event_id, sys_updated_at AS occurred_at,
  CAST(sys_mod_count AS BIGINT) * 1000000 + place AS sequence, 'human' AS origin, incident_state AS action,
  number AS identifier_case
FROM (SELECT *, row_number() OVER () AS place FROM incident_events)
"""


def test_loans_are_the_truth_and_take_less_than_five_seconds(tmp_path: Path) -> None:
    known = truth("loans")
    (tmp_path / "m.sql").write_text(LOANS, encoding="utf-8")
    started = time.process_time()
    found = of_real("loans/loan_events.parquet", str(tmp_path / "m.sql"))
    assert time.process_time() - started < 5
    assert (found.touchpoints, found.instances, len(found.actions)) == (known["rows"], known["cases"], known["activities"])
    assert {name: round(cut / 86_400, 3) for name, cut in found.duration_s.items()} == known["case_duration_days"]
    assert found.firsts == {"A_SUBMITTED": known["cases"]}
    ended = (known["approved"], known["declined"], known["cancelled"])
    assert tuple(found.actions[name] for name in ("A_ACTIVATED", "A_DECLINED", "A_CANCELLED")) == ended


def test_states_of_incidents_are_the_truth(tmp_path: Path) -> None:
    known = truth("servicenow")
    (tmp_path / "m.sql").write_text(STATES, encoding="utf-8")
    found = of_real("servicenow/incident_events.parquet", str(tmp_path / "m.sql"))
    assert (found.instances, found.actions) == (known["incidents"], known["states"])
    assert found.lasts == dict.fromkeys(known["last_state"], known["incidents"])
    done = ("Resolved", "Closed")
    reopened = sum(step.count for step in found.steps if step.before in done and step.after not in done)
    assert reopened == known["reopen_transitions_by_state_sequence"]
    waits = "Awaiting User Info"
    entered = sum(step.count for step in found.steps if step.after == waits and step.before != waits) + found.firsts[waits]
    assert entered == known["awaiting_user_info_entries"]


def test_orders_by_the_shipped_mapping_are_the_truth() -> None:
    known = truth("orders")
    found = of_real("orders", "orders")
    assert found.instances == known["orders"]
    assert (found.actions["order.delivered"], found.actions["review.answered"]) == (
        known["with_delivery_ts"],
        known["rows"]["reviews"],
    )


def test_json_is_one_object_with_all_of_it(tmp_path: Path) -> None:
    of(tmp_path, SMALL)
    code, out, _ = command("journeys", "discover", "--mapping", tmp_path / "m.sql", tmp_path / "t.csv", "--json", "--top", "1")
    found = json.loads(out)
    assert (code, found["instances"], len(found["frequent"]), len(found["steps"])) == (0, 4, 1, 3)
    assert (found["first_at"], found["last_at"]) == ("2025-01-01T00:00:00Z", "2025-01-01T04:00:00Z")
