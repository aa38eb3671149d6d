"""A lookup file through the real pipeline: it says what persons were, and changes nothing of what happened."""

import json

from tests.fixtures.pipeline import Pipeline
from tests.fixtures.touchpoints import DAY_MS, touch

OPENED = "SELECT instance, name, value FROM v_journey_attributes WHERE instance LIKE 'of-%%-tiers' ORDER BY ALL"
BROKEN = "SELECT instance, value FROM v_breakage_attributes WHERE instance LIKE 'of-%%-tiers' AND name = 'tier' ORDER BY ALL"
STOOD = """
SELECT instance, state, opened_at, last_at, touchpoints, effort FROM v_journeys WHERE instance LIKE 'of-%%-tiers' ORDER BY ALL
"""
DESCRIBED = "SELECT count(), uniqExact(event_id), any(unused_because) FROM v_touchpoints WHERE action = 'person.described'"


def test_a_lookup_file_describes_persons_as_of_then(held: Pipeline, day_ms: int) -> None:
    """Ann is known by her customer number and, from a chat, by e-mail; the file knows either, and is loaded twice."""
    due = {"due": day_ms + 2 * DAY_MS}
    held.send(
        [
            touch("order.purchased", day_ms, {"order": "of-ann-tiers", "customer": "ann-tiers"}, {**due, "person_region": "BR"}),
            touch("order.purchased", day_ms, {"order": "of-bob-tiers", "customer": "bob-tiers"}, due),
            touch("chat.asked", day_ms, {"customer": "ann-tiers", "email": "ann@tiers.test"}),
        ]
    )
    held.settle(day_ms + 3 * DAY_MS)
    stood = held.query(STOOD)
    file = held.folder / "tiers.csv"
    file.write_text(
        "customer,email,tier,as_of\n"
        f"ann-tiers,,silver,{_iso(held, day_ms - DAY_MS)}\n,ann@tiers.test,gold,{_iso(held, day_ms + DAY_MS)}\n"
        f"bob-tiers,,gold,{_iso(held, day_ms + 9 * DAY_MS)}\neve-tiers,eve@tiers.test,gold,{_iso(held, day_ms)}\n",
        encoding="utf-8",
    )
    for load, day in (("", 4), ("again", 5)):
        summary = json.loads(held.command("load", file, "--mapping", "attributes", "--json", *(["--load", load] if load else [])))
        assert (summary["sent"], summary["rejected_by_mapping"]) == (4, 0)
        held.settle(day_ms + day * DAY_MS)
        assert held.query(OPENED) == [("of-ann-tiers", "region", "BR"), ("of-ann-tiers", "tier", "silver")]
        assert held.query(BROKEN) == [("of-ann-tiers", "gold")]
        assert held.query(DESCRIBED) == [(4, 4, "description")]
    assert held.query(STOOD) == stood
    assert held.query("SELECT count() FROM v_links WHERE weaker_value = 'eve@tiers.test'") == [(0,)]
    shown = held.command("person", "show", "email:ann@tiers.test")
    assert [line.partition("  ")[0] for line in shown.splitlines()[:2]] == ["region: BR", "tier: gold"]
    told = json.loads(held.command("person", "export", "order:of-ann-tiers"))
    assert [(each["name"], each["value"]) for each in told["attributes"]] == [("region", "BR"), ("tier", "gold")]
    assert {"person_tier": "silver"} in [each["attributes"] for each in told["touchpoints"]]


def _iso(held: Pipeline, at_ms: int) -> str:
    return str(
        held.query("SELECT formatDateTime(fromUnixTimestamp64Milli(toInt64(%(at)s), 'UTC'), '%%Y-%%m-%%dT%%TZ', 'UTC')", at=at_ms)[
            0
        ][0]
    )
