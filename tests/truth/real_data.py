"""One real set through the whole pipeline, twice: in the order of event time, and as hard as a replay can be."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.definitions import load_bundle
from streams.sources.mapping import read_mapping
from tests.fixtures.pipeline import Pipeline, Pipelines
from tests.fixtures.views import differences, doubles

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
DEFINITIONS = ROOT.parent / "shared" / "design" / "definitions"
SHUFFLED = ("--shuffle", "7", "--duplicates", "0.1", "--broken", "0.01")
REASONS = {  # how a replay damages a record -> why intake rejects it
    "truncated": "undecodable", "unknown_schema": "unknown_schema", "invalid_enum": "invalid_enum", "empty": "undecodable",
    "missing_identifier": "missing_identifier", "too_old": "too_old", "in_the_future": "in_the_future", "garbage": "undecodable",
}  # fmt: skip
BY_ACCOUNT = """
SELECT
  shop.* EXCLUDE (identifier_order, identifier_customer, identifier_review),
  [
    {{'type': 'order', 'value': identifier_order}},
    {{'type': 'customer', 'value': CASE WHEN origin = 'product' THEN customer_id END}},
    {{'type': 'customer', 'value': identifier_customer}},
    {{'type': 'review', 'value': identifier_review}}
  ] AS identifiers
FROM ({shipped}) AS shop JOIN orders ON order_id = identifier_order
ORDER BY occurred_at, identifier_order, sequence, event_id
"""
Truth = dict[str, Any]


def truth(name: str) -> Truth:
    """Counts of the files alone.  Skips the test where they or the definition that says the same are not there."""
    file = DATA / name / "truth.json"
    if not file.is_file() or not _definition(name).is_file():
        pytest.skip("not run: data absent")
    found: Truth = json.loads(file.read_text(encoding="utf-8"))
    return found


def rules_of(name: str) -> set[str]:
    """Names of everything that can break in the definition of a set."""
    truth(name)
    return set(yaml.safe_load(_definition(name).read_text(encoding="utf-8"))["breakages"])


def by_account(folder: Path) -> Path:
    """The shipped mapping of orders, with one thing harder: whoever orders has a new customer id each time, which is all that
    payments and items know; the purchase alone names the unique id beside it, and carriers and reviews name the order only."""
    made = folder / "orders_by_account.sql"
    made.write_text(BY_ACCOUNT.format(shipped=read_mapping("orders").sql), encoding="utf-8")
    return made


def _definition(name: str) -> Path:
    return DEFINITIONS / f"truth_{name}.yaml"


@dataclass(frozen=True)
class Landed:
    """A set that has gone through, with its books closed.  `summary` is what the load said that it sent."""

    pipeline: Pipeline
    summary: dict[str, Any]
    truth: Truth

    def value(self, sql: str) -> Any:
        """The one value, or the row of values, that a query gives."""
        (row,) = self.pipeline.query(sql)
        return row[0] if len(row) == 1 else row

    def broken(self, rule: str) -> int:
        """How often a rule was broken, recovered or not."""
        count: int = self.value(f"SELECT count() FROM v_breakages WHERE rule = '{rule}'")
        return count

    def spread(self, durations: str, unit_s: int) -> dict[str, float]:
        """Linear quantiles of `SELECT duration_s ...`, as truth.json gives them."""
        found = self.value(f"SELECT quantilesExactInclusive(0.5, 0.9, 0.95, 0.99)(assumeNotNull(duration_s)) FROM ({durations})")
        return {f"p{percent}": round(cut / unit_s, 3) for percent, cut in zip((50, 90, 95, 99), found, strict=True)}

    def stage(self, name: str, unit_s: int) -> dict[str, float]:
        return self.spread(f"SELECT duration_s FROM v_stages WHERE stage = '{name}' AND ended_at IS NOT NULL", unit_s)


def through(pipelines: Pipelines, name: str, as_of: str, *replay: str, mapping: str | Path = "") -> Landed:
    """Load a set with its shipped mapping, or another, and close its books."""
    expected = truth(name)
    pipeline = pipelines(load_bundle([_definition(name)]), source_partitions=4, log_partitions=4)
    pipeline.start()
    summary = json.loads(pipeline.command("load", DATA / name, "--mapping", mapping or name, "--json", *replay))
    pipeline.command("settle", "--as-of", as_of, "--final")
    pipeline.stop()  # what is asked from here on stands in the tables: the next load has the machine for itself
    return Landed(pipeline, summary, expected)


def assert_all_accounted_for(landed: Landed) -> None:
    """in = landed + rejected + duplicates, and rejected for the reasons for which the load damaged them."""
    summary = landed.summary
    rejected = dict(landed.pipeline.query("SELECT reason, count() FROM v_rejected GROUP BY reason"))
    injected: Counter[str] = Counter()
    for kind, number in summary["broken"].items():
        injected[REASONS[kind]] += number
    assert rejected == injected
    arrived = landed.value("SELECT count() FROM v_touchpoints")
    assert summary["sent"] == arrived + sum(rejected.values()) + summary["duplicates"]
    assert landed.value("SELECT count() FROM v_conflicts") == 0


def assert_verified(landed: Landed) -> None:
    """Computed again from the touchpoints table, nothing differs from what the stream landed."""
    told = json.loads(landed.pipeline.command("verify", "--json"))
    assert (told["differences"], told["set_aside"], told["settled"]) == (0, 0, True)
    assert told["touchpoints"] == landed.value("SELECT count() FROM v_touchpoints WHERE NOT too_late")
    assert told["rows"]["breakages"] >= landed.value("SELECT count() FROM v_breakages") > 0


def assert_same(one: Landed, other: Landed) -> None:
    """Both show the same, and neither shows anything twice."""
    here, there = one.pipeline.settings.database, other.pipeline.settings.database
    assert differences(one.pipeline.client, here, there) == {}
    for landed in (one, other):
        assert doubles(landed.pipeline.client) == []
