"""SIGKILL, whenever it strikes, loses nothing and doubles nothing."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from kafka.errors import KafkaError

from streams import topics
from streams.core.verdict import Clock
from streams.definitions import SHIPPED, load_bundle
from streams.topology import AGENTS
from tests.fixtures.batch import assert_shown, batch
from tests.fixtures.pipeline import PATIENCE_S, Pipeline, Pipelines
from tests.fixtures.shop import SPAN_MS, START_MS, Arrival, shop
from tests.fixtures.touchpoints import DAY_MS
from tests.fixtures.views import doubles
from tests.sinks.test_minutes import DIFFERENT

COUNT = 100_000
KILLS = 3  # of each agent; `make chaos` kills more
CHUNK = 2_500
STEADY_S, HOLDING_S = 1.0, 5.0  # between two chunks: first, and when few are left and the killing is not over
END_MS = START_MS + SPAN_MS + 30 * DAY_MS


class Killing:
    """A load under way while its agents are killed, each at moments of its own."""

    def __init__(self, pipeline: Pipeline, arrivals: list[Arrival]) -> None:
        self._pipeline, self._arrivals = pipeline, arrivals
        self._over = threading.Event()
        self.agents = {agent.name: pipeline.start("agent", agent.name) for agent in AGENTS}

    def run(self) -> None:
        with ThreadPoolExecutor() as pool:
            loading = pool.submit(self._load)
            killings = [pool.submit(self._kill_again_and_again, name, random.Random(name)) for name in self.agents]
            try:
                for killing in killings:
                    killing.result()
            finally:
                self._over.set()
            loading.result()

    def _load(self) -> None:
        """Goes on until all agents were killed; the clock moves, too, so that much is told too early and taken back."""
        for at, after in pairwise([*range(0, len(self._arrivals), CHUNK), len(self._arrivals)]):
            chunk = self._arrivals[at:after]
            self._pipeline.send(record for _, record in chunk)
            self._pipeline.say(chunk[-1][0])
            self._over.wait(STEADY_S if at < 0.6 * len(self._arrivals) else HOLDING_S)

    def _kill_again_and_again(self, name: str, chance: random.Random) -> None:
        for _ in range(KILLS):
            self._await_progress(name)
            time.sleep(chance.uniform(0.2, 3.0))
            self.agents[name].kill()
            self.agents[name] = self._pipeline.start("agent", name)

    def _await_progress(self, name: str) -> None:
        """Until the agent has committed something since it was started."""
        before, until = self._committed(name), time.monotonic() + PATIENCE_S
        while self._committed(name) == before:
            self.agents[name].check()
            assert time.monotonic() < until, f"{name} gets nothing done:\n{self.agents[name].tail()}"
            time.sleep(0.2)

    def _committed(self, name: str) -> int:
        group = f"{self._pipeline.settings.namespace}.{name}"
        with topics.admin(self._pipeline.settings) as admin:
            while True:
                try:
                    (offsets,) = admin.list_group_offsets({group: None}).values()
                    return sum(found.offset for found in offsets.values())
                except KafkaError as error:
                    if not error.retriable:  # a broker that has just begun makes its coordinator first
                        raise
                    time.sleep(0.5)


def test_agents_killed_three_times_each_leave_the_same_as_one_computation_over_all(pipelines: Pipelines) -> None:
    bundle, arrivals = load_bundle([SHIPPED]), shop(5, COUNT)
    pipeline = pipelines(bundle, session_timeout_s=6.0)
    killing = Killing(pipeline, arrivals)
    with pipeline.doubles_watch() as watch:
        killing.run()
        pipeline.settle(END_MS, final=True, timeout_s=2 * PATIENCE_S)
    assert watch.looks >= 5
    assert watch.found == []
    expected = batch(bundle, (record for _, record in arrivals), Clock(END_MS, END_MS))
    assert_shown(pipeline.client, pipeline.settings.database, expected)
    assert doubles(pipeline.client) == []
    pipeline.eventually(DIFFERENT, [])
