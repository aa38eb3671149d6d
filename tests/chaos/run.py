"""Attack after attack on one arena, then the account."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.chaos.arena import Account, Arena, Survived
from tests.chaos.attacks import Attack, NotRun


class Outcome(NamedTuple):
    """`doubled`: how often a row was seen twice while all this went on; `looks`: how often somebody looked."""

    survived: list[Survived]
    account: Account
    doubled: int
    looks: int
    wrong: str  # how the views differ from one computation over all; empty: not at all
    minutes: int  # figures a minute that differ from what stands


def run(
    folder: Path, attacks: Sequence[Attack], count: int, seed: int, times: Callable[[Attack], int], tell: Callable[[str], None]
) -> Outcome:
    """`count` touchpoints come meanwhile; what is left of them afterwards comes at once."""
    for name in ("clickhouse_driver", "kafka", "aiokafka"):  # that they are away is what this is about
        logging.getLogger(name).setLevel(logging.CRITICAL)
    survived = []
    left = planned = sum(map(times, attacks))
    with Arena(folder, count, seed, attacks=planned) as arena, arena.watch as watch:
        began_s = time.monotonic()
        for attack in attacks:
            recovered_s = []
            for number in range(times(attack)):
                arena.revive()
                try:
                    said = attack.strike(arena, number)
                except NotRun as why:
                    tell(f"not run: {attack.name}: {why}")
                    break
                recovered_s.append(arena.recovered_s())
                tell(f"{attack.name}: {said or ''}back after {recovered_s[-1]:.1f} s, {arena.sent:,} touchpoints sent")
                left -= 1
                arena.lasts(left * (time.monotonic() - began_s) / (planned - left))
            if recovered_s:
                survived.append(Survived(attack.name, len(recovered_s), recovered_s))
        tell("all that is left")
        arena.settle()
        tell("comparing")
        account, wrong, minutes = arena.account(), "", arena.wrong_minutes()
        try:
            arena.assert_exact()
        except AssertionError as error:
            wrong = str(error) or repr(error)
    return Outcome(survived, account, len(watch.found), watch.looks, wrong, minutes)
