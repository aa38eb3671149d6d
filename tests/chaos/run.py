"""Attack after attack on one arena, then the account."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.chaos.arena import CHUNK, Account, Arena, Survived
from tests.chaos.attacks import Attack

BETWEEN_S = 8.0  # that an attack takes, about: so the load lasts as long as the attacks


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
    pace_s = BETWEEN_S * sum(map(times, attacks)) * CHUNK / count
    with Arena(folder, count, seed, pace_s=pace_s) as arena, arena.watch as watch:
        for attack in attacks:
            recovered_s = []
            for number in range(times(attack)):
                arena.revive()
                attack.strike(arena, number)
                recovered_s.append(arena.recovered_s())
                tell(f"{attack.name}: back after {recovered_s[-1]:.1f} s, {arena.sent:,} touchpoints sent")
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
