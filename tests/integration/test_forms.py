"""A touchpoint is the same whether it comes as Avro or as JSON."""

from tests.fixtures.pipeline import Form, Pipeline
from tests.fixtures.touchpoints import DAY_MS, Record, touch

SAME = """
SELECT {columns} FROM {view} WHERE startsWith({name}, 'form-{form}') ORDER BY ALL
"""
SHOWN = {
    "v_touchpoints": (
        "address_value",
        "replace(event_id, 'json', 'avro'), occurred_at, sequence, origin, channel, action, direction, region, locale, agent, "
        "team, address_type, replace(address_value, 'json', 'avro'), attributes, late_s, load",
    ),
    "v_journeys": ("instance", "replace(instance, 'json', 'avro'), outcome, opened_at, closed_at, touchpoints, region, channel"),
    "v_promises": ("instance", "replace(instance, 'json', 'avro'), state, due_at, margin_s"),
    "v_journey_facts": ("instance", "replace(instance, 'json', 'avro'), fact, value_number"),
}


def _story(form: Form, day_ms: int) -> list[Record]:
    """Every kind of attribute, every text, letters beyond ASCII."""
    order = {"order": f"form-{form}", "customer": f"form-{form} Łódź"}
    attributes: dict[str, str | int | float | bool] = {"due": day_ms + DAY_MS, "amount": 12.75, "gift": True, "note": "für Zoë"}
    fields = {"origin": "human", "channel": "store", "direction": "inbound", "region": "PL", "locale": "pl-PL", "sequence": 7}
    return [
        touch("order.purchased", day_ms, order, attributes, agent="agent 1", team="team 1", **fields),
        touch("order.delivered", day_ms + DAY_MS // 2, {"order": order["order"]}, {"weight": 3}),
    ]


def test_json_touchpoints_equal_avro_ones(held: Pipeline, day_ms: int) -> None:
    held.send(_story("avro", day_ms), "avro")
    held.send(_story("json", day_ms), "json")
    held.settle(day_ms + 2 * DAY_MS)
    for view, (name, columns) in SHOWN.items():
        avro, json = (held.query(SAME.format(view=view, name=name, columns=columns, form=form)) for form in ("avro", "json"))
        assert avro == json
        assert avro
    assert len(held.query("SELECT * FROM v_touchpoints WHERE startsWith(address_value, 'form-json')")) == 2
