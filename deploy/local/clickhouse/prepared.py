"""A statement as the engine gets it, for both protocols."""

from dataclasses import dataclass

from deploy.local.clickhouse.errors import Code, ServerError
from deploy.local.clickhouse.query_ids import with_client_ids
from deploy.local.clickhouse.session import Session
from deploy.local.clickhouse.statements import first_word, touches_client_files, without_format


@dataclass(frozen=True)
class Prepared:
    """`format` is "" where the statement has none; `reads` says that it leaves no trace."""

    sql: str
    format: str
    reads: bool

    @property
    def is_select(self) -> bool:
        return self.reads and first_word(self.sql) in ("SELECT", "WITH", "FROM")


def prepare(session: Session, text: str, *, read_only: bool) -> Prepared:
    """ServerError for what only a client can carry out, and for what is not permitted."""
    sql, format_name = without_format(with_client_ids(text))
    if touches_client_files(sql):
        raise ServerError.of(Code.NOT_IMPLEMENTED, "INTO OUTFILE and FROM INFILE are for the client to carry out.")
    reads = session.reads(sql)
    if read_only and not reads:
        raise ServerError.of(Code.READONLY, "Cannot execute query in readonly mode: only statements that read.")
    return Prepared(sql, format_name, reads)
