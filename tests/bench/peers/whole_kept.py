"""What the whole job in Faust keeps of a journey in its table, and what becomes of it with a touchpoint more.

Rules are judged by our own pure `judge`, so that this peer differs from us only in how it handles state, time, owners, delivery
and landing, and not in a rule that was written down another way.
"""

from collections.abc import Iterator

import msgspec

from streams.core.definition import Compiled
from streams.core.journey import judge
from streams.core.touchpoint import Touchpoint, order_of
from streams.core.verdict import NEVER, Breakage, Clock, Verdict

Cause = tuple[str, str]  # rule, occurrence
WITHDRAWN = "withdrawn"


class Kept(msgspec.Struct, array_like=True):
    """One value of the table, packed.

    `said`: every breakage that was ever told, as it was told last.  `due_ms`: the verdict may change when the clock is past it.
    """

    touchpoints: list[Touchpoint] = []
    said: list[Breakage] = []
    due_ms: int | None = None

    def take(self, touchpoint: Touchpoint, *, careful: bool) -> bool:
        """Careful: in the order of event time, each once; else as they come.  -> whether it is new."""
        if not careful:
            self.touchpoints.append(touchpoint)
            return True
        name = touchpoint.source, touchpoint.event_id
        if any((each.source, each.event_id) == name for each in self.touchpoints):
            return False
        self.touchpoints.append(touchpoint)
        self.touchpoints.sort(key=order_of)
        return True

    def judge(self, definition: Compiled, instance: str, clock_ms: int) -> Verdict:
        verdict = judge(definition, instance, self.touchpoints, Clock(clock_ms, NEVER))
        self.due_ms = verdict.next_deadline
        return verdict

    def news(self, verdict: Verdict, *, careful: bool, again: bool) -> Iterator[Breakage]:
        """What to tell of breakages.  Careful: what was told and holds no more is withdrawn, and where a record comes `again`
        everything is told again: the table may know of rows that a crash kept from being inserted."""
        before = {cause(each): each for each in self.said}
        now = {cause(each): each for each in verdict.breakages}
        if careful:
            now |= {key: msgspec.structs.replace(each, state=WITHDRAWN) for key, each in before.items() if key not in now}
        yield from (each for key, each in now.items() if before.get(key) != each or (again and careful))
        self.said = [*now.values()]


def cause(breakage: Breakage) -> Cause:
    return breakage.rule, breakage.occurrence


pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(Kept).decode
