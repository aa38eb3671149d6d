"""Who is one person in the real sets, by the identity machine alone: as many as the files say, in any order."""

from collections import Counter
from functools import cache
from pathlib import Path
from random import Random

import pytest

from streams.core.identifiers import load_identifiers
from streams.core.identity import Identity
from streams.core.intake import YEAR_MS, Limits, touchpoint_of
from streams.core.log import Link
from streams.core.touchpoint import order_of
from tests.sources.support import mapped
from tests.truth.real_data import DATA, by_account, truth

IDENTIFIERS = load_identifiers()
LIMITS = Limits(50 * YEAR_MS, YEAR_MS)
NOW_MS = 1_600_000_000_000
BATCH = 2_000
ORDERS = [None, 1, 2]  # as the mapping gives them, and by two seeds


@cache
def links(name: str, mapping: str) -> list[Link]:
    """What all touchpoints of a set say of their identifiers, by way of intake."""
    found = []
    with mapped(mapping, DATA / name) as connection:
        columns = [column for column, *_ in connection.execute("DESCRIBE touchpoints").fetchall()]
        types = [column.removeprefix("identifier_") for column in columns if column.startswith("identifier_")]
        listed = ", ".join(f"{{'type': '{kind}', 'value': identifier_{kind}}}" for kind in types)
        carried = "identifiers" if "identifiers" in columns else f"[{listed}]"
        connection.execute(
            "SELECT source, event_id, epoch_ms(occurred_at) AS occurred_at, sequence, origin, channel, action, "
            f"[x FOR x IN {carried} IF x.value IS NOT NULL] AS identifiers FROM touchpoints"
        )
        names = [name for name, *_ in connection.description or ()]
        for row in connection.fetchall():
            touchpoint = touchpoint_of(dict(zip(names, row, strict=True)), IDENTIFIERS, LIMITS, NOW_MS)
            said = IDENTIFIERS.links(touchpoint.identifiers, touchpoint.action)
            found += [Link(weaker, stronger, order_of(touchpoint), says) for weaker, stronger, says in said]
    return found


def roots(found: list[Link], seed: int | None) -> dict[str, str]:
    """Taken in batches, in the order given or shuffled with a tenth of them twice."""
    if seed is not None:
        chance = Random(seed)
        found = found + chance.sample(found, len(found) // 10)
        chance.shuffle(found)
    identity = Identity(IDENTIFIERS, 4)
    for at in range(0, len(found), BATCH):
        identity.take(found[at : at + BATCH])
        identity.memory.flush()
    return identity.roots()


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> list[Link]:
    truth("orders")
    mapping: Path = by_account(tmp_path_factory.mktemp("mapping"))
    return links("orders", str(mapping))


@pytest.mark.parametrize("seed", ORDERS)
def test_people_with_a_customer_id_an_order_are_those_of_the_files(orders: list[Link], seed: int | None) -> None:
    """As many persons, and as many of them with two or more orders."""
    expected, found = truth("orders"), roots(orders, seed)
    owned = Counter(root for key, root in found.items() if key.startswith("order:"))
    persons = {root for key, root in found.items() if key.startswith("customer:")}
    assert (len(persons), sum(owned.values())) == (expected["unique_persons"], expected["orders"])
    assert set(owned) == persons
    assert sum(count >= 2 for count in owned.values()) == expected["persons_with_2plus_orders"]


@pytest.mark.parametrize("seed", ORDERS[:2])
def test_callers_are_never_linked_whether_unknown_or_changed(seed: int | None) -> None:
    """Callers, and the incidents without one; of an incident that changes its caller the first has it."""
    expected, found = truth("servicenow"), roots(links("servicenow", "servicenow"), seed)
    nobodies = expected["incidents"] - expected["incidents_with_known_caller"]
    callers = [key for key in found if key.startswith("customer:")]
    assert all(found[key] == key for key in callers)
    assert (len(callers), len(callers) + nobodies) == (expected["callers"], 5_247)
    owned = {key: root for key, root in found.items() if key.startswith("case:")}
    assert len(owned) == expected["incidents_with_known_caller"]
    assert set(owned.values()) <= set(callers)
