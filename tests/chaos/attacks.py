"""What may happen to workers, broker and database.  Each attack ends with everything as it was, but for workers that had to end."""

import re
import time
from collections.abc import Callable
from typing import NamedTuple

from streams.topology import AGENTS
from tests.chaos.arena import SESSION_S, Arena
from tests.chaos.uncommitted import Uncommitted
from tests.fixtures.disk import Disk
from tests.fixtures.workers import Frozen

OPEN_S = 20.0  # for a transaction to be seen open
SCAN_S = 1.0  # how often the broker looks for transactions that are too old: deploy/local/properties.py
SLACK_S = 15.0  # for a machine that is busy with others
REFUSED_S = 60.0
RESERVED_BYTES = 900 << 10
AGENT_NAMES = tuple(agent.name for agent in AGENTS)


class NotRun(Exception):
    """It cannot be done on this machine; the text says why."""


class Attack(NamedTuple):
    """`strike(arena, n)`: for the nth time; -> what it measured, if it did, or None.  `times`: in the long form."""

    name: str
    strike: Callable[[Arena, int], str | None]
    times: int
    short: int = 1  # in the short form; 0: other tests do so, too


def kill_agent(arena: Arena, number: int) -> None:
    """SIGKILL to one agent: its worker ends, and a supervisor starts it anew."""
    time.sleep(arena.chance.uniform(0.0, 2.0))
    place = arena.chance.randrange(2)
    arena.agent(place, AGENT_NAMES[number % len(AGENT_NAMES)]).kill()
    arena.workers[place].ended()
    arena.restart(place)


def kill_all(arena: Arena, _number: int) -> None:
    """SIGKILL to both workers at once."""
    time.sleep(arena.chance.uniform(0.0, 2.0))
    for place in (0, 1):
        arena.workers[place].kill()
    for place in (0, 1):
        arena.restart(place)


def zombie(arena: Arena, number: int) -> None:
    """SIGSTOP for longer than the session: its partitions go to the other worker, then it wakes up."""
    place = arena.chance.randrange(2)
    name = AGENT_NAMES[(number + 2) % len(AGENT_NAMES)]  # stitch and land first: the short form ends there
    with Frozen(arena.agent(place, name)):
        time.sleep(2 * SESSION_S)


def come_and_go(arena: Arena, _number: int) -> None:
    """A third worker joins, and leaves while it reads back its state."""
    third = arena.worker()
    third.says('"event": "restored"')
    fourth = arena.worker()
    fourth.agent("stitch")  # before that there is nobody to leave
    time.sleep(arena.chance.uniform(0.0, 3.0))
    fourth.drains()
    third.drains()


def die_in_transaction(arena: Arena, _number: int) -> str:
    """SIGKILL to all of stitch while a transaction is open, and nobody takes its place: whoever reads only what is committed waits
    for the broker to abort it, and no longer."""
    agents = [arena.agent(place, "stitch") for place in (0, 1)]
    with Uncommitted(arena.pipeline.settings) as uncommitted:
        arena.broker_gate.delay_s = 0.3  # what it takes to commit takes several turns
        was_open = uncommitted.await_open(OPEN_S, arena.probe)
        for agent in agents:
            agent.kill()
        killed_s = time.monotonic()
        arena.broker_gate.delay_s = 0.0
        most_s = arena.pipeline.settings.transaction_timeout_s + SCAN_S + SLACK_S
        uncommitted.await_none(killed_s + most_s)
        held_up_s = time.monotonic() - killed_s
    for place in (0, 1):
        arena.workers[place].ended()
        arena.restart(place)
    return f"{'a' if was_open else 'no'} transaction was open, readers waited {held_up_s:.1f} s at most, "


def roll(arena: Arena, _number: int) -> None:
    """SIGTERM under load, one after the other: exit code 0 each."""
    for place in (0, 1):
        arena.workers[place].drains()
        arena.restart(place)


def broker_dies(arena: Arena, _number: int) -> None:
    arena.broker.kill()
    arena.broker.start()


def broker_away(arena: Arena, number: int) -> None:
    arena.broker.kill()
    time.sleep(60.0 if number else 10.0)
    arena.broker.start()


def broker_slow(arena: Arena, _number: int) -> None:
    """Everything that workers and broker say to one another takes 100 ms longer."""
    arena.broker_gate.delay_s = 0.1
    time.sleep(10.0)
    arena.broker_gate.delay_s = 0.0


def broker_resets(arena: Arena, _number: int) -> None:
    """All connections between workers and broker, again and again."""
    for _ in range(5):
        time.sleep(arena.chance.uniform(0.5, 3.0))
        arena.broker_gate.reset()


def broker_half_open(arena: Arena, _number: int) -> None:
    """Connections stand, and nothing comes through."""
    arena.broker_gate.passes.clear()
    time.sleep(15.0)
    arena.broker_gate.passes.set()


def database_dies(arena: Arena, _number: int) -> None:
    arena.database.kill()
    arena.database.start()


def database_away(arena: Arena, number: int) -> None:
    arena.gate.shut()
    time.sleep(60.0 if number else 10.0)
    arena.gate.open()


def database_half_open(arena: Arena, _number: int) -> None:
    """Connections stand, and nothing comes through."""
    arena.gate.passes.clear()
    time.sleep(15.0)
    arena.gate.passes.set()


def database_slow(arena: Arena, _number: int) -> None:
    arena.gate.delay_s = 0.05
    time.sleep(10.0)
    arena.gate.delay_s = 0.0


def too_many_parts(arena: Arena, _number: int) -> None:
    """The database refuses every insert with its own error."""
    tables = ("touchpoints", "journeys", "breakages", "people", "clocks")
    arena.execute(*(f"ALTER TABLE {table} MODIFY SETTING parts_to_throw_insert = 1" for table in tables))
    time.sleep(10.0)
    arena.execute(*(f"ALTER TABLE {table} RESET SETTING parts_to_throw_insert" for table in tables))


def disk_full(arena: Arena, _number: int) -> None:
    """The database's: it refuses inserts, and reads.  Less is left than it reserves for any insert or merge; to take the very last
    bytes from under a merge would break what that writes."""
    disk = _own_disk(arena)
    disk.fill(RESERVED_BYTES)
    _refuses(arena, "NOT_ENOUGH_SPACE")
    disk.clear()


def disk_read_only(arena: Arena, _number: int) -> None:
    """The database's data directory, for whatever it opens from now on."""
    disk = _own_disk(arena)
    disk.read_only(arena.database.home / "data")
    _refuses(arena, "READ_?ONLY")
    disk.writable(arena.database.home / "data")


def _own_disk(arena: Arena) -> Disk:
    """Raises NotRun."""
    if arena.disk is None:
        raise NotRun("the database has no disk of its own here, which takes the right to mount")
    return arena.disk


def _refuses(arena: Arena, why: str) -> None:
    """For 10 s, and some worker says why it waits."""
    said = re.compile(f"takes nothing at the moment.*{why}|{why}.*takes nothing at the moment")
    begin = {worker.log: worker.log.stat().st_size for worker in arena.workers}
    until_s = time.monotonic() + REFUSED_S
    arena.probe()  # something to land, whatever the load is at
    time.sleep(10.0)
    while not any(said.search(worker.said()[begin.get(worker.log, 0) :]) for worker in arena.workers):
        arena.revive()
        assert time.monotonic() < until_s, f"no worker said why it does not land: {why}"
        time.sleep(0.5)


ATTACKS = (
    Attack("an agent is killed", kill_agent, 20),
    Attack("all workers are killed", kill_all, 4),
    Attack("an agent stands still beyond its session", zombie, 4, 2),
    Attack("workers come and go", come_and_go, 3),
    Attack("rolling restart", roll, 2, 0),
    Attack("the broker is killed", broker_dies, 2),
    Attack("the broker is away", broker_away, 2, 0),
    Attack("the database is killed", database_dies, 3, 0),
    Attack("the database is away", database_away, 2, 0),
    Attack("the database is half open", database_half_open, 1),
    Attack("the database is slow", database_slow, 1, 0),
    Attack("the database refuses: too many parts", too_many_parts, 1),
    Attack("the database's disk is full", disk_full, 2, 0),
    Attack("the database's disk is read-only", disk_read_only, 1, 0),
    Attack("stitch dies within a transaction", die_in_transaction, 5, 0),
    Attack("the broker is slow", broker_slow, 1, 0),
    Attack("connections to the broker are reset", broker_resets, 2, 0),
    Attack("the broker is half open", broker_half_open, 1, 0),
)
