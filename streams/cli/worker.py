"""`throughline worker`: the four agents, each a process; `throughline agent NAME`: one of them, in this process."""

from functools import partial
from typing import Annotated

import typer

from streams.cli.errors import Unreachable, ended
from streams.cli.reach import reaching
from streams.settings import ConfigurationError, Settings, load_settings
from streams.tether import end_with_parent
from streams.topology import AGENTS

Tethered = Annotated[bool, typer.Option("--tethered", hidden=True, help="End when standard input ends.")]
NAMES = tuple(agent.name for agent in AGENTS)


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)
    app.command("agent", hidden=True)(agent)


def worker(
    only: Annotated[str, typer.Option(help="Which agents, comma separated.")] = ",".join(NAMES), tethered: Tethered = False
) -> None:
    """Run agents until SIGTERM or Ctrl-C; exit 1 as soon as one of them fails, 5 if it refuses to go on."""
    from streams.topics import topic_ids
    from streams.worker import Worker

    settings = load_settings()
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    if strangers := [name for name in wanted if name not in NAMES]:
        raise ConfigurationError(f"--only: no agent is called {', '.join(strangers)}; there are {', '.join(NAMES)}")
    with reaching(settings):
        topic_ids(settings)
    running = Worker(settings, wanted, _run)
    running.start()
    if tethered:
        end_with_parent()
    raise typer.Exit(running.run())


def agent(name: str, tethered: Tethered = False) -> None:
    """Run one agent in this process."""
    _agent(load_settings(), name, tethered=tethered)


def _run(settings: Settings, name: str) -> int:
    return ended(partial(_agent, settings, name, tethered=True))


def _agent(settings: Settings, name: str, *, tethered: bool) -> None:
    from streams.agents.run import run_agent
    from streams.health import CannotServe
    from streams.logs import configure

    configure(settings.log_level, name)
    if tethered:
        end_with_parent()
    try:
        with reaching(settings):
            run_agent(settings, name)
    except CannotServe as error:
        raise Unreachable(str(error)) from None
