"""The demo's parts in the order in which they start; they stop in the opposite order, whatever happens."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr

from deploy.local.sample import EVENTS
from deploy.local.stack import LocalStackError, Stack, StackConfig, stack_password
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.retention import keep
from streams import topics
from streams.cli.errors import Unreachable
from streams.definitions import SHIPPED, load_bundle
from streams.publishing import apply_bundle
from streams.settings import Settings
from streams.showing import make_views
from streams.worker import environment

LIVE_DEFINITIONS = Path(__file__).parent.parent / "simulate" / "definitions"
LIVE_RATE = 20.0  # touchpoints per second
STOP_S = 30.0
FRESH = ("kafka", "clickhouse", "loads")  # every demo begins with nothing


def tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


@contextmanager
def running(settings: Settings) -> Iterator[Settings]:
    """Broker, database, worker, the sample loaded and live traffic flowing.  -> the settings that reach all of it.

    Raises Unreachable with a sentence that says what to do; nothing is left running.
    """
    with ExitStack() as held:
        settings = _stack(settings, held)
        tell("preparing topics, tables and definitions")
        topics.apply(settings)
        _migrate(settings)
        bundle = load_bundle([SHIPPED, LIVE_DEFINITIONS])
        apply_bundle(settings, bundle, 0)
        make_views(settings, bundle)
        tell("starting the worker: intake, identity, stitch, land")
        held.enter_context(_child(settings, "worker", "--tethered"))
        tell("loading 1,004 real incidents, moved in time so that they end now")
        _load(settings)
        tell(f"simulating live traffic, {LIVE_RATE:g} touchpoints a second")
        held.enter_context(_child(settings, "simulate", "--rate", str(LIVE_RATE)))
        yield settings


def _stack(settings: Settings, held: ExitStack) -> Settings:
    data_dir = settings.data_dir / "demo"
    config = StackConfig(
        data_dir, settings.data_dir / "jars", settings.local_broker_port, settings.local_controller_port,
        settings.clickhouse_port, settings.clickhouse_http_port, settings.clickhouse_user, tethered=True,
    )  # fmt: skip
    tell("starting Kafka and ClickHouse")
    try:
        stack = Stack(config)
        if not any(service.running for service in stack.status()):
            for name in FRESH:
                shutil.rmtree(data_dir / name, ignore_errors=True)
        stack.up()
    except LocalStackError as error:
        raise Unreachable(str(error)) from None
    held.callback(_take_down, stack)
    return settings.model_copy(update={
        "data_dir": data_dir, "kafka_bootstrap": f"127.0.0.1:{settings.local_broker_port}", "clickhouse_host": "127.0.0.1",
        "clickhouse_password": SecretStr(stack_password(data_dir)),
    })  # fmt: skip


def _migrate(settings: Settings) -> None:
    client = connect(settings.clickhouse_host, settings.clickhouse_port, settings.clickhouse_user, settings.password, "default")
    migrate(client, settings.database)
    keep(client, settings.retention)
    client.disconnect()


def _take_down(stack: Stack) -> None:
    tell("stopping ClickHouse and Kafka")
    stack.down()


@contextmanager
def _child(settings: Settings, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of our commands beside us; Ctrl-C does not reach it, we stop it ourselves.  Its log goes to the data directory."""
    with open(settings.data_dir / f"{arguments[0]}.log", "ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            _command(*arguments), env=environment(settings), stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "streams.cli.main", *arguments]


def _load(settings: Settings) -> None:
    options = ["--mapping", "servicenow", "--set", "ends_at=loaded_at", "--load", "demo", "--restart", str(EVENTS)]
    done = subprocess.run(_command("load", *options), env=environment(settings), capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise Unreachable(f"the sample could not be loaded: {done.stderr.strip().splitlines()[-1]}")
