"""`throughline worker`: the four agents, each a process; `throughline agent NAME`: one of them, in this process."""

from typing import Annotated

import typer

from streams.cli.errors import Unreachable
from streams.cli.reach import reaching
from streams.settings import ConfigurationError, load_settings
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
    """Run agents until SIGTERM or Ctrl-C; exit 1 as soon as one of them fails."""
    from streams.topics import topic_ids
    from streams.worker import Worker

    settings = load_settings()
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    if strangers := [name for name in wanted if name not in NAMES]:
        raise ConfigurationError(f"--only: no agent is called {', '.join(strangers)}; there are {', '.join(NAMES)}")
    with reaching(settings):
        topic_ids(settings)
    if tethered:
        end_with_parent()
    raise typer.Exit(Worker(settings, wanted).run())


def agent(name: str, tethered: Tethered = False) -> None:
    """Run one agent in this process."""
    from streams.agents.run import run_agent
    from streams.health import CannotServe
    from streams.logs import configure

    settings = load_settings()
    configure(settings.log_level, name)
    if tethered:
        end_with_parent()
    try:
        with reaching(settings):
            run_agent(settings, name)
    except CannotServe as error:
        raise Unreachable(str(error)) from None
