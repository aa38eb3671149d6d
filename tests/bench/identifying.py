"""What it costs in the core to find out who is one person: new links, memory, and two persons who become one.

`python -m tests.bench.identifying COUNT` prints how many bytes so many identifiers and as many again take.
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import psutil

from streams.core.definition import Bundle, bundle_of
from streams.core.identifiers import load_identifiers
from streams.core.identity import Identity
from streams.core.log import Activation, Link, MovedFacts, Redirects, Touchpoints, home, pack
from streams.core.stitch.judging import Judge
from streams.core.stitch.partition import Partition
from streams.core.stitch.store import MemoryStore
from streams.core.touchpoint import Touchpoint, content_hash, order_of
from streams.core.verdict import NEVER
from tests.bench.judging import EIGHT, HEAD, STORY

ROOT = Path(__file__).parents[2]
IDENTIFIERS = load_identifiers()
TYPES = ("customer", "email", "phone", "cookie", "card", "cookie")  # of a person with six; everybody has the first of them
PEOPLE, BATCH = 20_000, 1_000  # persons whose links are timed; links of a step
COUNT = 500_000  # identifiers, twice
HOMES, PAIRS, ORDERS, EACH = 2, 40, 5, 10  # partitions; persons who merge; orders of each, touchpoints of an order


class Identified(msgspec.Struct, frozen=True):
    """`links_per_s`: new ones, of CPU; `bytes_each`: of an identifier, state as packed; `merge_ms`: of CPU, both homes together."""

    links_per_s: float
    bytes_each: float
    merge_ms: float


def identified() -> Identified:
    """Raises CalledProcessError when the memory cannot be measured."""
    command = [sys.executable, "-m", "tests.bench.identifying", str(COUNT)]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    return Identified(_links_per_s(), json.loads(said)["bytes_each"], _merge_ms())


def links() -> Iterator[Link]:
    """Of persons with 1 to 6 identifiers, each seen with the strongest and with the one before it, and of an order for each."""
    number = 0
    while True:
        keys = [f"{kind}:{number:09d}{place}" for place, kind in enumerate(TYPES[: 1 + number % len(TYPES)])]
        keys.sort(key=IDENTIFIERS.rank_of)
        for place, key in enumerate(keys[1:], 1):
            for stronger in {keys[0], keys[place - 1]}:
                yield _link(key, stronger, number)
        yield _link(f"order:{number:010d}", keys[number % len(keys)], number)
        number += 1


def _link(weaker: str, stronger: str, number: int) -> Link:
    return Link(weaker, stronger, (1_700_000_000_000 + number, 0, f"{number:010x}-{weaker[-10:]}", "shop"))


def _links_per_s() -> float:
    """Learned, decided and packed, in steps of a thousand, as a worker does it: its garbage collector seldom runs."""
    identity, coming = Identity(IDENTIFIERS, 8), links()
    _take(identity, list(islice(coming, PEOPLE)))  # warm
    found = list(islice(coming, 4 * PEOPLE))
    gc.collect()
    gc.freeze()
    gc.disable()
    began_s = time.process_time()
    _take(identity, found)
    took_s = time.process_time() - began_s
    gc.enable()
    gc.unfreeze()
    return len(found) / took_s


def _take(identity: Identity, found: list[Link]) -> None:
    for at in range(0, len(found), BATCH):
        identity.take(found[at : at + BATCH])
        identity.memory.flush()


def memory(count: int) -> dict[str, float]:
    """Resident bytes: of the first so many identifiers, of as many more, and each of these."""
    identity, coming, process = Identity(IDENTIFIERS, 8), links(), psutil.Process()
    _take(identity, list(islice(coming, BATCH)))
    at = [process.memory_info().rss]
    for most in (count, 2 * count):
        while len(identity.memory) < most:
            _take(identity, list(islice(coming, BATCH)))
        gc.collect()
        at.append(process.memory_info().rss)
    return {"first": at[1] - at[0], "second": at[2] - at[1], "bytes_each": (at[2] - at[0]) / len(identity.memory)}


# two who become one ---------------------------------------------------------------------------------------------------


class Homes:
    """The partitions of the log, with the real identity before them, on the shortest way."""

    def __init__(self, bundle: Bundle) -> None:
        self.identity = Identity(IDENTIFIERS.with_instances(bundle.by_instance_type), HOMES)
        self.logs = [[pack(Activation(bundle.content_hash, NEVER))] for _ in range(HOMES)]
        self.parts = [Partition(number, HOMES, MemoryStore(), Judge(lambda _: bundle)) for number in range(HOMES)]
        for part in self.parts:
            part.restore("life")

    def happen(self, one: Touchpoint) -> None:
        self.logs[home(one.address, HOMES)].append(pack(Touchpoints([one])))
        said = self.identity.identifiers.links(one.identifiers, one.action)
        changes = self.identity.take([Link(weaker, stronger, order_of(one), says) for weaker, stronger, says in said]).changes
        self.identity.memory.flush()
        for partition, log in enumerate(self.logs):
            if redirects := [change.redirect for change in changes if partition in change.tell]:
                log.append(pack(Redirects(redirects)))

    def work(self) -> int:
        """Until nobody has anything left.  -> touchpoints that moved."""
        moved = 0
        while any(part.position.offset < len(log) for part, log in zip(self.parts, self.logs, strict=True)):
            for part, log in zip(self.parts, self.logs, strict=True):
                at = part.position.offset
                outcome = part.step(list(enumerate(log[at:], at)), 0) if at < len(log) else None
                for target, moves in outcome.moved.items() if outcome else ():
                    moved += sum(len(move.touchpoints) for move in moves)
                    self.logs[target].append(pack(MovedFacts(moves)))
        return moved


def _merge_ms() -> float:
    """The median over pairs of persons, each with fifty touchpoints in five orders and eight rules, at two homes."""
    rules = "\n".join(f"  {rule}" for rule in EIGHT)
    homes = Homes(bundle_of([("order.yaml", f"{HEAD}{rules}\n")]))
    pairs = list(islice(_apart(), PAIRS))
    for pair in pairs:
        for key in pair:
            for one in _lived(key):
                homes.happen(one)
    homes.work()
    return sorted(_merged_ms(homes, pair) for pair in pairs)[PAIRS // 2]


def _merged_ms(homes: Homes, pair: tuple[str, str]) -> float:
    homes.happen(_touchpoint(f"{pair[0]}/login", "account.login", *pair))
    began_s = time.process_time()
    moved = homes.work()
    took_s = time.process_time() - began_s
    assert moved >= ORDERS * EACH, f"{moved} touchpoints moved"
    return took_s * 1_000


def _apart() -> Iterator[tuple[str, str]]:
    """Pairs of customer and cookie at different homes."""
    number = 0
    while True:
        customer, cookie = f"customer:c{number}", f"cookie:k{number}"
        if home(customer, HOMES) != home(cookie, HOMES):
            yield customer, cookie
        number += 1


def _lived(key: str) -> Iterator[Touchpoint]:
    for order in range(ORDERS):
        for place, action in enumerate(STORY[:EACH]):
            instance = f"order:{key}-{order}"
            yield _touchpoint(f"{instance}/{place}", action, *((instance, key) if place == 0 else (instance,)), number=place)


def _touchpoint(event_id: str, action: str, *keys: str, number: int = 0) -> Touchpoint:
    pairs = tuple((kind, value) for kind, _, value in (key.partition(":") for key in keys))
    attributes = {"amount": 12.5, "due_at": 400 * 3_600_000} if action in ("order.purchased", "order.rescheduled") else {}
    content = (number * 5 * 3_600_000, number, event_id, "shop", "system", "web", action, "", pairs, attributes, "", "", "", "")
    address = IDENTIFIERS.address(pairs)
    assert address is not None
    return Touchpoint(*content, address, content_hash(content))


if __name__ == "__main__":
    print(json.dumps(memory(int(sys.argv[1]))))
