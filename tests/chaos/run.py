"""Attack after attack on one arena, then the account."""

import logging
import time
from collections.abc import Callable, Sequence
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
    account: Account
    doubled: int
    looks: int
    wrong: str  # how the views differ from one computation over all; empty: not at all
    minutes: int  # figures a minute that differ from what stands


def run(
    folder: Path, attacks: Sequence[Attack], count: int, seed: int, times: Callable[[Attack], int], doors: Doors, tell: Tell
) -> Outcome:
    """`count` touchpoints come meanwhile; what is left of them afterwards comes at once."""
    for name in ("clickhouse_driver", "kafka", "aiokafka"):  # that they are away is what this is about
        logging.getLogger(name).setLevel(logging.CRITICAL)
    struck: list[tuple[str, int, list[float]]] = []
    left = planned = sum(map(times, attacks))
    with Arena(folder, count, seed, doors, attacks=planned) as arena, arena.watch as watch:
        began_s = time.monotonic()
        for attack in attacks:
            arena.watch.during = attack.name
            recovered_s, lost = [], 0
            for number in range(times(attack)):
                arena.revive()
                accepted = arena.load.accepted()
                try:
                    said = attack.strike(arena, number)
                except NotRun as why:
                    tell(f"not run: {attack.name}: {why}")
                    break
                recovered_s.append(arena.recovered_s())
                lost += arena.ledger.lost(accepted, arena.revive)
                tell(f"{attack.name}: {said or ''}back after {recovered_s[-1]:.1f} s, {arena.load.sent:,} touchpoints sent")
                left -= 1
                arena.load.lasts(left * (time.monotonic() - began_s) / (planned - left))
            if recovered_s:
                struck.append((attack.name, lost, recovered_s))
        watch.during = "afterwards"
        tell("all that is left")
        arena.settle()
        tell("comparing")
        account, wrong, minutes = arena.ledger.account(), "", arena.wrong_minutes()
        try:
            arena.assert_exact()
        except AssertionError as error:
            wrong = str(error) or repr(error)
    doubled = watch.found_during
    survived = [Survived(name, len(recovered_s), lost, doubled[name], recovered_s) for name, lost, recovered_s in struck]
    return Outcome(survived, account, len(watch.found), watch.looks, wrong, minutes)
