"""External tables: they come with a statement and go with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.local.clickhouse.session import Session
from deploy.local.clickhouse.spool import Spool
from deploy.local.clickhouse.statements import Insert, identifier


@dataclass(frozen=True)
class ExternalTable:
    """`structure` as in CREATE TABLE; `rows` holds its content in `format`."""

    name: str
    structure: str
    rows: Spool
    format: str = "Native"


@contextmanager
def temporary(session: Session, tables: Sequence[ExternalTable]) -> Iterator[None]:
    """The tables exist within; their files are closed at the end."""
    try:
        for table in tables:
            name = identifier(table.name)
            session.query(f"CREATE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory")
            session.insert(Insert(into=name, table=name, format=table.format), table.rows)
        yield
    finally:
        for table in tables:
            table.rows.close()
            session.query(f"DROP TEMPORARY TABLE IF EXISTS {identifier(table.name)}")
