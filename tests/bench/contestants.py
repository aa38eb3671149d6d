"""Who does the whole job: our pipeline, and the peer in Faust in each of its ways."""

import asyncio
import time
from collections.abc import Sequence

from kafka import KafkaProducer
from kafka.admin import NewTopic

from streams import topics
from streams.topology import AGENTS
from tests.bench.arrivals import Arrival
from tests.bench.contest import Contestant
from tests.bench.feed import fill
from tests.bench.peers.whole_faust import INSTANCES, TABLES, TIME, app_id
from tests.bench.peers.whole_kept import WITHDRAWN
from tests.bench.peers.whole_tables import CLOCKS, COLUMNS, make_tables
from tests.bench.world import framed
from tests.bench.wrongs import Queries
from tests.fixtures.pipeline import Pipeline
from tests.fixtures.workers import WorkerProcess

CHUNKS = 10  # the clock of our pipeline is held, and is moved so often while touchpoints come
STILL_S = 5.0  # longer than anything waits that is still to come: a look at the clock, a commit, an insert
REACHED = f"SELECT argMax(clock_ms >= %(clock_ms)s AND behind = 0, version) FROM {CLOCKS}"
LOST_S = 25.0  # the same where touchpoints are missing: a worker may be taking up its partitions


class Ours(Contestant):
    name = "our pipeline"
    queries = Queries("v_touchpoints", "v_journeys", "v_breakage_history", (WITHDRAWN,))

    def _started(self) -> WorkerProcess:
        return self._pipeline.start()

    def _processes(self) -> dict[str, int | None]:
        return {agent.name: self._worker.agent(agent.name).pid for agent in AGENTS}

    def send(self, arrivals: Sequence[Arrival]) -> None:
        """The clock follows the touchpoints as they come, so that much is told too early and taken back."""
        size = -(-len(arrivals) // CHUNKS)
        for at in range(0, len(arrivals), size):
            chunk = arrivals[at : at + size]
            asyncio.run(fill(self._pipeline.settings, framed([record for _, record in chunk])))
            self._pipeline.say(chunk[-1][0])

    def settle(self, clock_ms: int, touchpoints: int) -> float:
        del touchpoints
        self._pipeline.settle(clock_ms)
        return 0.0


class Faust(Contestant):
    """The worker is a process like ours: forked from a server that has imported everything."""

    queries = Queries("peer_touchpoints FINAL", "peer_journeys FINAL", "peer_breakages FINAL", (WITHDRAWN,))
    arguments: tuple[str, ...] = ("careful",)  # way, maybe a guarantee

    def __init__(self, pipeline: Pipeline) -> None:
        make_tables(pipeline.client, careful="careful" in self.arguments)
        self._make_topics(pipeline)
        self._number = 0
        super().__init__(pipeline)

    def _make_topics(self, pipeline: Pipeline) -> None:
        """Faust would make them itself; but a worker that works before their metadata has gone round goes without one, or fails."""
        settings, group = pipeline.settings, app_id(pipeline.settings, self.arguments[0])
        made = [NewTopic(settings.topic(INSTANCES), settings.source_partitions, 1), NewTopic(settings.topic(TIME), 1, 1)]
        for table in TABLES:
            config = {"cleanup.policy": "compact"}
            made.append(NewTopic(f"{group}-{table}-changelog", settings.source_partitions, 1, topic_configs=config))
        with topics.admin(settings) as admin:
            admin.create_topics(made)
            admin.wait_for_topics([topic.name for topic in made])

    def _started(self) -> WorkerProcess:
        self._number += 1
        pipeline, name = self._pipeline, f"faust{self._number}"
        worker = WorkerProcess(pipeline.settings, pipeline.folder, name, *self.arguments, module="tests.bench.peers.whole_faust")
        worker.ends_unbidden()  # with 1 even where it was asked to
        pipeline.workers.append(worker)  # stopped with the pipeline
        return worker

    def _processes(self) -> dict[str, int | None]:
        return {"worker": self._worker.pid}

    def send(self, arrivals: Sequence[Arrival]) -> None:
        """Its clock is the newest event time that it has seen."""
        asyncio.run(fill(self._pipeline.settings, framed([record for _, record in arrivals])))

    def settle(self, clock_ms: int, touchpoints: int) -> float:
        waited_s = self._still(touchpoints)
        producer = KafkaProducer(bootstrap_servers=self._pipeline.settings.kafka_bootstrap)
        producer.send(self._pipeline.settings.topic(TIME), str(clock_ms).encode()).get(30)
        producer.close()
        self._until(lambda: self._pipeline.query(REACHED, clock_ms=clock_ms)[0][0])
        return waited_s

    def _still(self, touchpoints: int) -> float:
        """Returns once no row has come for some time, with how long that was.  So many touchpoints are to be there."""
        last, since_s = -1, time.monotonic()

        def is_still() -> bool:
            nonlocal last, since_s
            if (now := self._newest()) != last:
                last, since_s = now, time.monotonic()
            still_s = time.monotonic() - since_s
            return still_s > LOST_S or (still_s > STILL_S and self.landed() >= touchpoints)

        self._until(is_still)
        return time.monotonic() - since_s

    def _newest(self) -> int:
        newest = ", ".join(f"(SELECT max(version) FROM {table})" for table in COLUMNS)
        [(version,)] = self._pipeline.query(f"SELECT greatest({newest})")
        return int(version)


class Documented(Faust):
    name = "Faust, as documented"
    queries = Queries("peer_touchpoints", "peer_journeys FINAL", "peer_breakages FINAL", (WITHDRAWN,))
    arguments = ("documented",)


class Careful(Faust):
    name = "Faust, with care"


CONTESTANTS: tuple[type[Contestant], ...] = (Ours, Documented, Careful)
