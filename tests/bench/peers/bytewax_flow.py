"""The bare job in Bytewax: a dataflow with one stateful step, and a sink that gathers rows."""

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.run import cli_main

from streams.settings import Settings
from streams.topology import TOUCHPOINTS
from tests.bench.bare_job import Row, State, key_of, updated
from tests.bench.peers.gathered import Gathered

Told = tuple[str, tuple[Row, State]]


class Inserted(StatelessSinkPartition[Told]):
    def __init__(self, work: Gathered) -> None:
        self._work = work

    def write_batch(self, items: list[Told]) -> None:
        add, insert = self._work.add, self._work.insert
        for key, (row, journey) in items:
            if add(row, key, journey):
                insert()

    def close(self) -> None:
        """The topic has ended."""
        self._work.insert()


class Inserting(DynamicSink[Told]):
    def __init__(self, work: Gathered) -> None:
        self._work = work

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Inserted:
        del step_id, worker_index, worker_count  # one worker
        return Inserted(self._work)


def run_flow(settings: Settings, count: int) -> None:
    """Ends with the topic."""
    work = Gathered(settings, count)

    def read(message: KafkaSourceMessage[bytes, bytes]) -> tuple[str, Row]:
        row = work.decode(message.value)
        return key_of(row), row

    def tell(journey: State | None, row: Row) -> tuple[State, tuple[Row, State]]:
        journey = updated(journey, row)
        return journey, (row, journey)

    flow = Dataflow("bare_job")
    source = KafkaSource([settings.kafka_bootstrap], [settings.topic(TOUCHPOINTS)], tail=False)
    rows = op.map("read", op.input("touchpoints", flow, source), read)
    op.output("inserted", op.stateful_map("journeys", rows, tell), Inserting(work))
    cli_main(flow)
