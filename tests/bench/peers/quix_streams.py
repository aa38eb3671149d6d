"""The bare job in Quix Streams: a stateful `apply` and a sink that writes a batch a checkpoint."""

import os
from typing import Any

from quixstreams import Application, State
from quixstreams.models import Deserializer
from quixstreams.sinks import BaseSink

from streams.settings import Settings
from streams.topology import TOUCHPOINTS
from tests.bench.bare_job import INSERT_ROWS, Row, updated
from tests.bench.bare_job import State as Journey
from tests.bench.peers.gathered import Gathered

PATIENCE_S = 60.0  # a checkpoint every so many touchpoints, not every so many seconds


def run_default(settings: Settings, count: int) -> None:
    """With a changelog topic."""
    _run(settings, count, changelog=True)


def run_without_changelog(settings: Settings, count: int) -> None:
    _run(settings, count, changelog=False)


class Framed(Deserializer):
    def __init__(self, work: Gathered) -> None:
        super().__init__()
        self._decode = work.decode

    def __call__(self, value: bytes, ctx: Any) -> Row:
        del ctx
        return self._decode(value)


class Inserting(BaseSink):
    """Not a BatchingSink: that one would insert each partition by itself, an eighth of the batch at a time."""

    def __init__(self, work: Gathered) -> None:
        super().__init__()
        self._work = work

    def add(self, value: tuple[Row, Journey], key: str, *_where: Any, **_named: Any) -> None:
        row, journey = value
        self._work.add(row, key, journey)

    def flush(self) -> None:
        """A checkpoint is due."""
        self._work.insert()


def _tell(row: Row, state: State) -> tuple[Row, Journey]:
    journey = updated(state.get("journey"), row)
    state.set("journey", journey)
    return row, journey


def _run(settings: Settings, count: int, *, changelog: bool) -> None:
    work = Gathered(settings, count)
    app = Application(
        broker_address=settings.kafka_bootstrap,
        consumer_group=f"{settings.namespace}.quix{os.getpid()}",
        auto_offset_reset="earliest",
        commit_every=INSERT_ROWS,
        commit_interval=PATIENCE_S,
        state_dir=settings.data_dir / "peers" / f"quix{os.getpid()}",
        use_changelog_topics=changelog,
        loglevel="WARNING",
    )
    touchpoints = app.topic(settings.topic(TOUCHPOINTS), key_deserializer="str", value_deserializer=Framed(work))
    app.dataframe(touchpoints).apply(_tell, stateful=True).sink(Inserting(work))
    app.run(count=count, collect=False)
