"""What may happen to workers, broker and database.  Each attack ends with everything as it was, but for workers that had to end."""

import time
from collections.abc import Callable
from typing import NamedTuple

from streams.topology import AGENTS
from tests.chaos.arena import SESSION_S, Arena
from tests.fixtures.workers import Frozen

AGENT_NAMES = tuple(agent.name for agent in AGENTS)


class Attack(NamedTuple):
    """`strike(arena, n)`: for the nth time.  `times`: in the long form."""

    name: str
    strike: Callable[[Arena, int], None]
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
    third = arena.pipeline.start()
    third.says('"event": "restored"')
    fourth = arena.pipeline.start()
    fourth.agent("stitch")  # before that there is nobody to leave
    time.sleep(arena.chance.uniform(0.0, 3.0))
    fourth.drains()
    third.drains()


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
)
