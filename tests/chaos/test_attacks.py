"""The short form of `make chaos`."""

from pathlib import Path

from tests.chaos.attacks import ATTACKS
from tests.chaos.doors import doors
from tests.chaos.run import run

COUNT = 8_000


def test_nothing_is_lost_or_seen_twice_whatever_is_killed(tmp_path: Path) -> None:
    attacks = [attack for attack in ATTACKS if attack.short]
    with doors("own") as made:
        outcome = run(tmp_path, attacks, COUNT, 7, lambda attack: attack.short, made, print)
    assert (outcome.failed, outcome.wrong, outcome.minutes) == ([], "", 0)
    assert (outcome.account.lost, outcome.doubled) == (0, 0)
    assert [each for each in outcome.survived if each.lost] == []
    its = outcome.account
    assert its.received == its.landed + its.rejected + its.duplicates
    assert outcome.looks > 10
