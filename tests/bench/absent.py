"""Answers that do not come: when the breakage is to be seen, from when the clock has passed the time by which they were due."""

import time
from collections.abc import Iterator
from random import Random

from clickhouse_driver import Client

from tests.bench.looking import Looker
from tests.fixtures.touchpoints import HOUR_MS, Record, touch

PAUSE_S = 0.1
RULE = "no_first_answer"  # of the shipped definition of a case
WITHIN_MS = 8 * HOUR_MS
QUERY = """SELECT instance, toUnixTimestamp64Milli(detected_at) FROM v_breakages
WHERE rule = '{rule}' AND startsWith(instance, 'absent') AND broken_at >= fromUnixTimestamp64Milli({since_ms}, 'UTC')"""


class Verdicts(Looker):
    """While inside, a thread asks for breakages of `cases`.  A figure may be a look too high, and never too low.

    A live clock stands `lateness_ms` behind the present, while touchpoints come: a moment passes it so long after it was.
    """

    def __init__(self, client: Client, lateness_ms: int) -> None:
        super().__init__(PAUSE_S)
        self._client, self._lateness_ms = client, lateness_ms
        self._due_ms: dict[str, int] = {}  # by instance, not seen yet
        self.seen_ms: list[float] = []  # from when the clock could have passed it until a query gave it
        self.judged_ms: list[float] = []  # until stitch told it, because its own clock had passed it: `detected_at`
        self.told_ms: list[float] = []  # from then until a query gave it

    def cases(self, count: int, from_ms: int, to_ms: int) -> Iterator[Record]:
        """Opened so long ago that the first answer is due between the two moments, by chance; nobody answers."""
        random = Random(4)
        for number in range(count):
            instance, due_ms = f"absent{number:06}", random.randrange(from_ms, to_ms)
            self._due_ms[instance] = due_ms
            fields = {"origin": "human", "direction": "inbound", "channel": "phone", "region": "PT"}
            yield touch("case.opened", due_ms - WITHIN_MS, {"case": instance}, **fields)

    @property
    def unseen(self) -> int:
        return len(self._due_ms)

    def look(self) -> None:
        since_ms = min(self._due_ms.values(), default=None)
        if since_ms is None or time.time() * 1_000 < since_ms + self._lateness_ms:
            return
        rows = self._client.execute(QUERY.format(rule=RULE, since_ms=since_ms))
        now_ms = time.time() * 1_000
        for instance, detected_ms in rows:
            due_ms = self._due_ms.pop(instance, None)
            if due_ms is not None:
                passed_ms = due_ms + self._lateness_ms
                self.seen_ms.append(now_ms - passed_ms)
                self.judged_ms.append(detected_ms - passed_ms)
                self.told_ms.append(now_ms - detected_ms)
