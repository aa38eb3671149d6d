"""After crashes, copies, broken records and an erasure, every record that intake read is accounted for."""

import json
from pathlib import Path

from streams.agents.marks import RECEIVED_KEY, Received, received_mark
from streams.topology import REJECTED, TOUCHPOINTS
from tests.fixtures.pipeline import Pipelines
from tests.fixtures.touchpoints import HOUR_MS, touch
from tests.integration.definitions import FIRST

KEY = "what the tests keep to themselves"
AT = 1_600_000_000_000
COUNT, BROKEN, OF_ANA = 2_000, 30, 5


def test_received_is_landed_and_duplicates_and_rejected_and_erased(pipelines: Pipelines, tmp_path: Path) -> None:
    pipeline = pipelines(FIRST, erasure_secret=KEY, session_timeout_s=6.0)
    touchpoints = [touch("case.opened", AT + n, {"case": f"case-{n}", "customer": f"c{n % 50}"}) for n in range(COUNT)]
    ana = [touch("site.visited", AT + n, {"customer": "ana-4711"}) for n in range(OF_ANA)]
    worker = pipeline.start()
    pipeline.send([*touchpoints[: COUNT // 2], *ana])
    worker.says('"event": "restored"')
    worker.kill()  # with whatever is under way
    pipeline.start()
    pipeline.send([*touchpoints, *ana[:2]], "json")
    for n in range(BROKEN):
        pipeline.put(TOUCHPOINTS, b"broken", n % 2)
    pipeline.settle(AT + HOUR_MS)
    pipeline.command("person", "erase", "customer:ana-4711", "--why", "asked")
    pipeline.send(ana)
    pipeline.settle(AT + 2 * HOUR_MS)

    file = tmp_path / "reconcile.prom"
    days = json.loads(pipeline.command("reconcile", "--json", "--metrics", file))
    total = {name: sum(day[name] for day in days) for name in days[0] if name != "day"}
    sent, partitions = COUNT * 3 // 2 + 2 * OF_ANA + 2, pipeline.settings.source_partitions
    assert total["received"] == sent + BROKEN + 2 * partitions  # with those that settle
    assert (total["landed"], total["rejected"], total["dropped"], total["as_of"]) == (COUNT, BROKEN, OF_ANA, 2 * partitions)
    assert total["duplicates"] + total["erased"] == COUNT // 2 + OF_ANA + 2
    assert total["erased"] >= OF_ANA
    assert (total["missing"], total["skipped"]) == (0, 0)
    for day in days:
        became = ("landed", "duplicates", "rejected", "dropped", "erased", "as_of", "missing")
        assert day["received"] == sum(day[name] for name in became)
    assert 'throughline_reconcile_missing_records{agent="reconcile"' in file.read_text()

    lost = received_mark(Received(0, (("received", int(AT // 86_400_000 * 86_400_000), 10**6, 10**6 + 6),), AT))
    pipeline.put(REJECTED, None, 0, lost, RECEIVED_KEY)  # as if intake had read seven more of which nothing came
    pipeline.eventually("SELECT sum(missing) FROM v_reconciliation", [(7,)])
    told = pipeline.command("reconcile", "--json", "--since", "2020-01-01", "--patience-s", "0.1", code=5)
    assert [day["missing"] for day in json.loads(told) if day["missing"]] == [7]
