"""One Faust app, one consumer group, one process an agent."""

import faust
from yarl import URL

from streams.settings import Settings
from streams.topology import Agent
from streams.transport import BatchTransport, Handler

TAKE_UP_S = 3_600.0  # so long Faust lets partitions be taken up; then it would go on as if they were


def build_app(settings: Settings, agent: Agent, handler: Handler) -> faust.App:
    """An app whose only work is to hand the batches of the agent's topics to `handler`."""
    datadir = settings.data_dir / "faust" / agent.name
    datadir.mkdir(parents=True, exist_ok=True)
    url = URL(f"kafka://{settings.kafka_bootstrap.split(',')[0]}")
    app = faust.App(
        f"{settings.namespace}.{agent.name}",
        broker=str(url),
        store="memory://",
        datadir=str(datadir),
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        value_serializer="raw",
        key_serializer="raw",
        agent_supervisor="mode.CrashingSupervisor",
        broker_commit_interval=0.5,
        broker_max_poll_records=settings.poll_records,
        broker_max_poll_interval=3_600.0,  # while a million absences fall due or the database is away, who waits is alive
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=min(1.0, settings.session_timeout_s / 3),
        broker_rebalance_timeout=max(15.0, settings.session_timeout_s),
        broker_request_timeout=TAKE_UP_S,  # the transport's own requests have less
        consumer_max_fetch_size=4 << 20,
        stream_buffer_maxsize=8,
        stream_wait_empty=False,
    )
    app.transport = BatchTransport(settings.kafka_bootstrap, handler, [url], app, settings.gather_s)
    topic = app.topic(*(settings.topic(name) for name in agent.reads), key_type=bytes, value_type=bytes)

    @app.agent(topic, name=agent.name)  # type: ignore[untyped-decorator]  # faust has no usable hints
    async def hand_over(stream: faust.StreamT[bytes]) -> None:
        async for event in stream.events():
            await handler.handle(event.message)

    return app


def build_worker(app: faust.App) -> faust.Worker:
    """Runs the app, and leaves our logs as they are."""
    worker = faust.Worker(app, loglevel="warning", override_logging=False, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it writes escape sequences between our lines of JSON
    return worker
