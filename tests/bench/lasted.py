"""One run: the maximal rate first, and then what lasts at shares of it, each part on a pipeline of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.limited import CannotLimit
from tests.bench.machine import described
from tests.bench.pausing import CaughtUp, catch_up
from tests.bench.places import Places, places
from tests.bench.sharing import Shared, shared_round
from tests.bench.steady import Steady, steady
from tests.bench.whole import whole_round
from tests.bench.world import World

STEADY_SHARE, PAUSED_SHARE = 0.5, 0.25  # of the maximal rate
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """A rate of 0 is the share of the maximal one; a part with nothing to do is left out."""

    count: int = 60_000  # touchpoints that tell the maximal rate
    rate: float = 0.0
    minutes: float = 10.0
    absences: int = 400
    paused_rate: float = 0.0
    pause_s: float = 300.0
    bulk: int = 40_000  # touchpoints of a round of one or two workers
    rounds: int = 2


@dataclass(frozen=True)
class Results:
    machine: dict[str, str]
    maximal: float  # touchpoints per second, everything there from the beginning
    steady: Steady | None
    caught_up: CaughtUp | None
    shared: Shared | None
    not_shared: str = ""  # why nobody was limited

    @property
    def paused_share(self) -> float:
        """The live rate of the pause to the maximal one."""
        return self.caught_up.rate / self.maximal if self.caught_up else PAUSED_SHARE


def measured(options: Options, tell: Tell) -> Results:
    """Raises NotAllLanded."""
    with places() as here:
        machine = described(here)
        figures, _ = whole_round(here, World(options.count).touchpoints())
        maximal = figures.per_second
        tell(f"the maximal rate: {maximal:,.0f}/s")
        lasts = _steady(here, options, maximal, tell) if options.minutes else None
        caught = _caught_up(here, options, maximal, tell) if options.pause_s else None
        try:
            return Results(machine, maximal, lasts, caught, _shared(here, options, tell) if options.rounds else None)
        except CannotLimit as error:
            return Results(machine, maximal, lasts, caught, None, str(error))


def _steady(here: Places, options: Options, maximal: float, tell: Tell) -> Steady:
    rate = options.rate or round(STEADY_SHARE * maximal)
    tell(f"event to queryable: {rate:,g}/s for {options.minutes:g} min")
    return steady(here, rate, options.minutes, options.absences, tell)


def _caught_up(here: Places, options: Options, maximal: float, tell: Tell) -> CaughtUp:
    rate = options.paused_rate or round(PAUSED_SHARE * maximal)
    tell(f"a pause of {options.pause_s:g} s at {rate:,g}/s")
    found = catch_up(here, rate, options.pause_s, tell)
    tell(str(found))
    return found


def _shared(here: Places, options: Options, tell: Tell) -> Shared:
    """One worker and two take turns."""
    records, found = World(options.bulk).touchpoints(), Shared({1: [], 2: []})
    for number in range(options.rounds):
        for workers in (1, 2) if number % 2 == 0 else (2, 1):
            found.rounds[workers].append(shared_round(here, records, workers))
            tell(f"workers: {workers}, {found.rounds[workers][-1]}")
    return found
