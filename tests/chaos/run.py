"""Attack after attack on one arena, then the account."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.chaos.arena import Arena, Survived
from tests.chaos.attacks import Attack, NotRun
from tests.chaos.doors import Doors
from tests.chaos.ledger import Account

Tell = Callable[[str], None]


class Outcome(NamedTuple):
    """`doubled`: how often a row was seen twice while all this went on; `looks`: how often somebody looked."""

    survived: list[Survived]
    failed: list[str]  # attacks after which all came back, and which did not do what they claim
    account: Account
    doubled: int
    looks: int
    wrong: str  # how the views differ from one computation over all; empty: not at all
    minutes: int  # figures a minute that differ from what stands


@dataclass
class Suffered:
    """What has come of an attack so far."""

    name: str
    lost: int = 0
    recovered_s: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def strike(self, arena: Arena, attack: Attack, number: int) -> str:
        """-> what there is to say of it.  Raises NotRun; AssertionError if nothing comes through afterwards."""
        arena.revive()
        accepted, said = arena.load.accepted(), ""
        try:
            said = attack.strike(arena, number) or ""
        except AssertionError as error:
            self.failed.append(f"{attack.name}: {error}")
            said = f"FAILED: {error}\n"
            arena.calm()
        self.recovered_s.append(arena.recovered_s())
        self.lost += arena.ledger.lost(accepted, arena.revive)
        return f"{said}back after {self.recovered_s[-1]:.1f} s"

    def survived(self, doubled: int) -> Survived:
        return Survived(self.name, len(self.recovered_s), self.lost, doubled, self.recovered_s)


def run(
    folder: Path, attacks: Sequence[Attack], count: int, seed: int, times: Callable[[Attack], int], doors: Doors, tell: Tell
) -> Outcome:
    """`count` touchpoints come meanwhile; what is left of them afterwards comes at once."""
    for name in ("clickhouse_driver", "kafka", "aiokafka"):  # that they are away is what this is about
        logging.getLogger(name).setLevel(logging.CRITICAL)
    suffered = list[Suffered]()
    left = planned = sum(map(times, attacks))
    with Arena(folder, count, seed, doors, attacks=planned) as arena, arena.watch as watch:
        began_s = time.monotonic()
        for attack in attacks:
            its = Suffered(attack.name)
            for number in range(times(attack)):
                try:
                    said = its.strike(arena, attack, number)
                except NotRun as why:
                    tell(f"not run: {attack.name}: {why}")
                    break
                tell(f"{attack.name}: {said}, {arena.load.sent:,} touchpoints sent")
                left -= 1
                arena.load.lasts(left * (time.monotonic() - began_s) / (planned - left))
            suffered += [its] if its.recovered_s else []
        watch.during = "afterwards"
        tell("all that is left")
        arena.settle()
        tell("comparing")
        account, wrong, minutes = arena.ledger.account(), "", arena.wrong_minutes()
        try:
            arena.assert_exact()
        except AssertionError as error:
            wrong = str(error) or repr(error)
    survived = [its.survived(watch.found_during[its.name]) for its in suffered]
    failed = [text for its in suffered for text in its.failed]
    return Outcome(survived, failed, account, len(watch.found), watch.looks, wrong, minutes)
