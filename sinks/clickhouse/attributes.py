"""What one person is: the attributes that hold now."""

from datetime import datetime
from typing import NamedTuple

from clickhouse_driver import Client


class Attribute(NamedTuple):
    name: str
    value: str
    since: datetime


# As v_person_attributes says, for one person: by address, so that the touchpoints of nobody else are put together.
STANDING = """
WITH once AS
(
    SELECT name, occurred_at, argMax(value, (sequence, event_id, source, bitNot(content_hash))) AS value
    FROM attributes_newest
    WHERE address_id = %(person)s OR address_id IN (SELECT own_id FROM people_newest WHERE person_id = %(person)s)
    GROUP BY name, occurred_at
),
said AS
(
    SELECT name, arraySort(groupArray((occurred_at, value))) AS said FROM once GROUP BY name
)
SELECT name, said[-1].2 AS value, said[arrayLastIndex(each -> each.2 != said[-1].2, said) + 1].1 AS since
FROM said
WHERE value != ''
ORDER BY name
"""


def attributes(client: Client, person_id: str) -> list[Attribute]:
    """By name; without those that ended."""
    return [Attribute(*row) for row in client.execute(STANDING, {"person": person_id})]
