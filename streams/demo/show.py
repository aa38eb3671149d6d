"""What the demo says: to a person in tables, to a program as one JSON object."""

from typing import Any

from clickhouse_driver import Client
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sinks.clickhouse.read import Latency, Report
from streams.demo.questions import QUESTIONS
from streams.settings import Settings

A_STORY = """
SELECT person_id, instance FROM v_breakages WHERE definition = 'service_case'
ORDER BY state = 'recovered' DESC, detected_at DESC, person_id LIMIT 1
"""


def counts_table(counts: dict[str, int]) -> Table:
    table = Table("view", "rows", title="What has landed", title_justify="left", box=None)
    for view, rows in counts.items():
        table.add_row(view, f"{rows:,}")
    return table


def breakages_table(breakages: dict[str, dict[str, dict[str, int]]]) -> Table:
    table = Table("definition", "rule", "open", "recovered", title="Breakages by rule", title_justify="left", box=None)
    for definition, rules in sorted(breakages.items()):
        for rule, states in sorted(rules.items()):
            table.add_row(definition, rule, f"{states.get('open', 0):,}", f"{states.get('recovered', 0):,}")
    return table


def show_questions(console: Console, client: Client) -> None:
    console.print("[bold]Five questions[/bold], each to be asked again with any SQL or BI tool\n")
    for number, question in enumerate(QUESTIONS, 1):
        rows, columns = client.execute(question.sql, with_column_types=True)
        console.print(f"[bold]{number}. {question.asked}[/bold]")
        console.print(question.sql, style="dim", highlight=False)
        table = Table(*(name for name, _ in columns), box=None)
        for row in rows:
            table.add_row(*(Text(str(value)) for value in row))
        console.print(table, "")


def show_connections(console: Console, settings: Settings) -> None:
    user, password, database = settings.clickhouse_user, settings.password, settings.database
    host, native, http = settings.clickhouse_host, settings.clickhouse_port, settings.clickhouse_http_port
    console.print("[bold]Connect[/bold]", highlight=False)
    for name, line in (
        ("native", f"clickhouse://{user}:{password}@{host}:{native}/{database}"),
        ("HTTP", f"http://{user}:{password}@{host}:{http}/?database={database}"),
        ("curl", f"curl -u '{user}:{password}' 'http://{host}:{http}/?database={database}' -d 'SELECT count() FROM v_breakages'"),
        ("SQLAlchemy", f"clickhousedb://{user}:{password}@{host}:{http}/{database}"),
        ("Kafka", settings.kafka_bootstrap),
    ):
        console.print(f"  {name:11}{line}", highlight=False, soft_wrap=True)
    console.print()


def story_of(client: Client) -> tuple[str, str] | None:
    """An identifier (type, value) of somebody whose case broke, to tell their story."""
    found = client.execute(
        "SELECT identifier_type, identifier_value FROM v_identifiers WHERE person_id = (SELECT person_id FROM (" + A_STORY + ")) "
        "ORDER BY kind = 'person' DESC LIMIT 1"
    )
    return found[0] if found else None


def as_json(counts: dict[str, int], report: Report, latency: dict[str, Latency], rate: float, first_s: float) -> dict[str, Any]:
    """`latency_ms`: event to queryable of live traffic; `p50` and `p95` are those of journeys, which come last."""
    journeys = latency["journeys"]
    return {
        "views": counts, "journeys": report["journeys"], "breakages": report["breakages"],
        "latency_ms": {"p50": journeys["p50_ms"], "p95": journeys["p95_ms"], **latency},
        "touchpoints_per_second": rate, "first_journey_s": first_s,
    }  # fmt: skip
