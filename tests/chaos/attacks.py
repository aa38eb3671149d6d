"""What may happen to workers, broker and database.  Each attack ends with everything as it was, but for workers that had to end."""

import re
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from streams.topology import AGENTS
from tests.chaos.arena import DRAIN_S, SESSION_S, Arena
from tests.chaos.poisons import all_broken, too_large, year_ahead
from tests.chaos.uncommitted import Uncommitted
from tests.fixtures.disk import Disk
from tests.fixtures.workers import Frozen

OPEN_S = 20.0  # for a transaction to be seen open
SCAN_S = 1.0  # how often the broker looks for transactions that are too old: deploy/local/properties.py
SLACK_S = 15.0  # for a machine that is busy with others
REFUSED_S = 60.0
HIGH_A_SECOND = 2_000  # touchpoints, while workers are to end in time
STATEMENT_BYTES = 1 << 20
RESERVED_BYTES = 900 << 10
AGENT_NAMES = tuple(agent.name for agent in AGENTS)


class NotRun(Exception):
    """It cannot be done on this machine; the text says why."""


class Attack(NamedTuple):
    """`strike(arena, n)`: for the nth time; -> what it measured, if it did, or None.  `times`: in the long form."""

    name: str
    strike: Callable[[Arena, int], str | None]
    times: int
    short: int = 1  # in the short form; 0: in the long form alone


def kill_agent(name: str, arena: Arena, _number: int) -> None:
    """SIGKILL to one agent: its worker ends, and a supervisor starts it anew."""
    time.sleep(arena.chance.uniform(0.0, 2.0))
    place = arena.chance.randrange(2)
    arena.agent(place, name).kill()
    arena.workers[place].ended()
    arena.restart(place)


def kill_all(arena: Arena, _number: int) -> None:
    """SIGKILL to both workers at once."""
    time.sleep(arena.chance.uniform(0.0, 2.0))
    for place in (0, 1):
        arena.workers[place].kill()
    for place in (0, 1):
        arena.restart(place)


def zombie(name: str, arena: Arena, _number: int) -> None:
    """SIGSTOP for longer than the session: its partitions go to the other worker, then it wakes up."""
    with Frozen(arena.agent(arena.chance.randrange(2), name)):
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
        arena.broker_door.slow(0.3)  # what it takes to commit takes several turns
        was_open = uncommitted.await_open(OPEN_S, arena.load.probe)
        for agent in agents:
            agent.kill()
        killed_s = time.monotonic()
        arena.broker_door.slow(0.0)
        most_s = arena.pipeline.settings.transaction_timeout_s + SCAN_S + SLACK_S
        uncommitted.await_none(killed_s + most_s)
        held_up_s = time.monotonic() - killed_s
    for place in (0, 1):
        arena.workers[place].ended()
        arena.restart(place)
    return f"{'a' if was_open else 'no'} transaction was open, readers waited {held_up_s:.1f} s at most, "


def roll(arena: Arena, _number: int) -> str:
    """SIGTERM under load, one after the other: exit code 0 each, within the time that it has."""
    arena.load.rate(HIGH_A_SECOND)
    took_s = []
    for place in (0, 1):
        began_s = time.monotonic()
        arena.workers[place].drains()
        took_s.append(time.monotonic() - began_s)
        arena.restart(place)
    assert max(took_s) <= DRAIN_S, f"a worker took {max(took_s):.1f} s to end"
    return f"ended {max(took_s):.1f} s after SIGTERM at most, "


def broker_dies(arena: Arena, _number: int) -> None:
    arena.broker.kill()
    arena.broker.start()


def broker_away(away_s: float, arena: Arena, _number: int) -> None:
    arena.broker.kill()
    time.sleep(away_s)
    arena.broker.start()


def broker_slow(arena: Arena, _number: int) -> None:
    """Everything that workers and broker say to one another takes 100 ms longer."""
    arena.broker_door.slow(0.1)
    time.sleep(10.0)
    arena.broker_door.slow(0.0)


def broker_resets(arena: Arena, _number: int) -> None:
    """All connections between workers and broker, again and again."""
    for _ in range(5):
        time.sleep(arena.chance.uniform(0.5, 3.0))
        arena.broker_door.reset()


def broker_half_open(arena: Arena, _number: int) -> None:
    """Connections stand, and nothing comes through."""
    arena.broker_door.stall()
    time.sleep(15.0)
    arena.broker_door.flow()


def database_dies(arena: Arena, _number: int) -> None:
    arena.database.kill()
    arena.database.start()


def database_away(away_s: float, arena: Arena, _number: int) -> None:
    arena.database.kill()
    time.sleep(away_s)
    arena.database.start()


def database_unreachable(arena: Arena, _number: int) -> None:
    """It runs, and connections break."""
    arena.door.shut()
    time.sleep(10.0)
    arena.door.open()


def database_half_open(arena: Arena, _number: int) -> None:
    """Connections stand, and nothing comes through."""
    arena.door.stall()
    time.sleep(15.0)
    arena.door.flow()


def database_slow(arena: Arena, _number: int) -> None:
    arena.door.slow(0.05)
    time.sleep(10.0)
    arena.door.slow(0.0)


def too_many_parts(arena: Arena, _number: int) -> None:
    """The database refuses every insert with its own error."""
    tables = ("touchpoints", "journeys", "breakages", "people", "clocks")
    arena.execute(*(f"ALTER TABLE {table} MODIFY SETTING parts_to_throw_insert = 1" for table in tables))
    time.sleep(10.0)
    arena.execute(*(f"ALTER TABLE {table} RESET SETTING parts_to_throw_insert" for table in tables))


def short_of_memory(arena: Arena, _number: int) -> None:
    """The database starts anew with next to no memory for a statement, and again with as much as before."""
    arena.database.stop()
    arena.database.statement_bytes = STATEMENT_BYTES
    try:
        arena.database.start()
        _refuses(arena, "MEMORY_LIMIT_EXCEEDED")
        arena.database.stop()
    finally:
        arena.database.statement_bytes = None
    arena.database.start()


def disk_full(arena: Arena, _number: int) -> None:
    """The database's: it refuses inserts, and reads.  Less is left than it reserves for any insert or merge; to take the very last
    bytes from under a merge would break what that writes."""
    disk = _own(arena.disk)
    arena.execute("SYSTEM STOP MERGES")
    disk.fill(RESERVED_BYTES)
    try:
        arena.execute("SYSTEM START MERGES")  # none gets room from now on
        _refuses(arena, "NOT_ENOUGH_SPACE")
    finally:
        disk.clear()


def disk_read_only(arena: Arena, _number: int) -> None:
    """The database's data directory, for whatever it opens from now on."""
    disk = _own(arena.disk)
    disk.read_only(arena.database.home / "data")
    try:
        _refuses(arena, "READ_?ONLY")
    finally:
        disk.writable(arena.database.home / "data")


def broker_disk_full(arena: Arena, _number: int) -> str:
    """The broker ends by itself when it cannot write; with room again it is started anew."""
    disk = _own(arena.broker_disk)
    disk.fill(0)
    began_s = time.monotonic()
    while arena.broker.daemon.pid() is not None and time.monotonic() < began_s + REFUSED_S:
        time.sleep(0.2)
    ended_s = time.monotonic() - began_s
    disk.clear()
    assert arena.broker.daemon.pid() is None, "the broker goes on with a disk that is full"
    arena.broker.start()
    return f"the broker ended after {ended_s:.1f} s, "


def data_dir_read_only(arena: Arena, _number: int) -> None:
    """The directory in which workers begin: they keep nothing there."""
    disk, folder = _own(arena.disk), arena.pipeline.settings.data_dir
    disk.read_only(folder)
    arena.replace()
    time.sleep(10.0)
    arena.revive()
    disk.writable(folder)


def _own(disk: Disk | None) -> Disk:
    """Raises NotRun."""
    if disk is None:
        raise NotRun("there is no disk of its own here, which takes the right to mount")
    return disk


def _refuses(arena: Arena, why: str) -> None:
    """For 10 s, and some worker says why it waits."""
    said = re.compile(f"takes nothing at the moment.*{why}|{why}.*takes nothing at the moment")
    begin = {worker.log: worker.log.stat().st_size for worker in arena.workers}
    until_s = time.monotonic() + REFUSED_S
    arena.load.probe()  # something to land, whatever the load is at
    time.sleep(10.0)
    while not any(said.search(worker.said()[begin.get(worker.log, 0) :]) for worker in arena.workers):
        arena.revive()
        assert time.monotonic() < until_s, f"no worker said why it does not land: {why}"
        time.sleep(0.5)


ATTACKS = (
    *(Attack(f"{name} is killed", partial(kill_agent, name), 5, name == "stitch") for name in AGENT_NAMES),
    Attack("all workers are killed", kill_all, 4),
    *(
        Attack(f"{name} stands still beyond its session", partial(zombie, name), 1, name in ("stitch", "land"))
        for name in AGENT_NAMES
    ),
    Attack("workers come and go", come_and_go, 3),
    Attack("rolling restart under load", roll, 2, 0),
    Attack("the broker is killed", broker_dies, 2),
    Attack("the broker is away for 10 s", partial(broker_away, 10.0), 1, 0),
    Attack("the broker is away for 60 s", partial(broker_away, 60.0), 1, 0),
    Attack("the database is killed", database_dies, 3, 0),
    Attack("the database is unreachable for 10 s", database_unreachable, 1, 0),
    Attack("the database is away for 60 s", partial(database_away, 60.0), 1, 0),
    Attack("the database is half open", database_half_open, 1),
    Attack("the database is slow", database_slow, 1, 0),
    Attack("the database refuses: too many parts", too_many_parts, 1),
    Attack("the database refuses: memory", short_of_memory, 1, 0),
    Attack("the database's disk is full", disk_full, 2, 0),
    Attack("the database's disk is read-only", disk_read_only, 1, 0),
    Attack("the broker's disk is full", broker_disk_full, 1, 0),
    Attack("the workers' data directory is read-only", data_dir_read_only, 1, 0),
    Attack("stitch dies within a transaction", die_in_transaction, 5, 0),
    Attack("the broker is slow", broker_slow, 1, 0),
    Attack("connections to the broker are reset", broker_resets, 2, 0),
    Attack("the broker is half open", broker_half_open, 1, 0),
    Attack("everything is broken for a minute", all_broken, 1, 0),
    Attack("records of 7 and 10 MB", too_large, 1, 0),
    Attack("a source's clock is a year ahead", year_ahead, 1, 0),
)
