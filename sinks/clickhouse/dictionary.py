"""The data dictionary, made of the comments that stand in the database.

    python -m sinks.clickhouse.dictionary HOST PORT USER DATABASE > docs/data-dictionary.md

The password comes from THROUGHLINE_CLICKHOUSE_PASSWORD; the database has to be migrated.
"""

import os
import sys
from collections.abc import Iterable, Iterator

from clickhouse_driver import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.read import VIEWS

REASONS = {
    "undecodable": "Empty, neither framed Avro nor a JSON object, or cut off.",
    "unknown_schema": "The frame names a schema that is not packaged.",
    "invalid_enum": "`origin` or `direction` has a value that it cannot have.",
    "missing_field": "A field that every touchpoint needs is missing or empty.",
    "invalid_value": "A field has the wrong type or cannot be read.",
    "missing_identifier": "It carries no identifier.",
    "unusable_identifier": "None of its identifiers is a person or an object in `identity.yaml`.",
    "too_old": "It happened earlier than the setting `oldest_years` allows.",
    "in_the_future": "It happened later than the setting `future_s` allows.",
    "too_large": "It has more bytes than the setting `max_record_bytes` allows.",
    "misplaced_as_of": 'An "as of" record came while the clock is live.',
}
INTRODUCTION = """# Data dictionary

Made of the comments in the database by `python -m sinks.clickhouse.dictionary`; a test holds the two together.

Views whose names begin with `v_` are the contract: their columns stay, their types are plain, and no row is seen twice at any
moment, so that a reader needs neither `FINAL` nor a deduplication. Times are UTC. Ids are 32 hex digits and carry no personal data
in clear. Tables are listed behind the views for those who operate the database; they may change with any migration.

Every definition that is applied has a wide view besides, `v_journey_NAME` (`v_journey_order`): a row a journey, and behind
`person_id`, `journey_id`, `instance`, `definition_version`, `state`, `outcome`, `opened_at`, `closed_at`, `duration_s`, `region`,
`channel` and `effort` a column for everything that the definition names. It is made anew with each version of the definition.

| column | type | meaning |
| --- | --- | --- |
| `stage_NAME_s` | Nullable(Float64) | Duration of the stage when it was entered first, seconds. |
| `fact_NAME` | Nullable(Float64) or Nullable(String) | The fact: a number for `take: sum`, `count` and `distinct`, else a text. |
| `fact_NAME_number` | Nullable(Float64) | Beside a text: the same, if it is a number. |
| `promise_NAME` | Nullable(String) | State of the first promise of this name: open, kept, kept_late, overdue or released. |
| `promise_NAME_margin_s` | Nullable(Float64) | Kept minus due of that promise, seconds; early is negative. |
| `rule_NAME` | UInt64 | How often the rule broke, open and recovered. |
"""


def render(client: Client) -> str:
    """The whole dictionary in Markdown.  The client's database has to be migrated."""
    views = [name for name in VIEWS if name.startswith("v_")]
    tables = [name for (name,) in client.execute(TABLES)]
    parts = [INTRODUCTION, "## Views\n", *_objects(client, views), "## Reasons of rejection\n", _table(REASONS.items(), "reason")]
    return "\n".join([*parts, "\n## Tables\n", *_objects(client, tables)])


TABLES = """
SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name
"""
COMMENT = "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = %(name)s"
COLUMNS = """
SELECT name, type, default_kind, comment FROM system.columns
WHERE database = currentDatabase() AND table = %(name)s ORDER BY position
"""


def _objects(client: Client, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        ((comment,),) = client.execute(COMMENT, {"name": name})
        yield f"### {name}\n\n{comment}\n\n| column | type | meaning |\n| --- | --- | --- |"
        for column, kind, default, meaning in client.execute(COLUMNS, {"name": name}):
            yield f"| `{column}` | {_plain(kind)}{', not stored' if default == 'EPHEMERAL' else ''} | {_plain(meaning)} |"
        yield ""


def _table(rows: Iterable[tuple[str, str]], head: str) -> str:
    return "\n".join([f"| {head} | meaning |", "| --- | --- |", *(f"| `{name}` | {meaning} |" for name, meaning in rows)])


def _plain(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    host, port, user, database = sys.argv[1:]
    client = connect(host, int(port), user, os.environ["THROUGHLINE_CLICKHOUSE_PASSWORD"], database)
    sys.stdout.write(render(client))
    client.disconnect()


if __name__ == "__main__":
    main()
