"""What comes with an HTTP request: the statement's text, rows behind it, external tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from deploy.local.clickhouse.columns import split_arguments
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import Code, ServerError
from deploy.local.clickhouse.http_body import Body, decoded, unframed_chunks
from deploy.local.clickhouse.http_form import boundary_of, read_form
from deploy.local.clickhouse.http_request import HttpRequest
from deploy.local.clickhouse.statements import Insert, insert_of
from deploy.local.clickhouse.temporary import ExternalTable

# An INSERT's head must be within the first; a statement without rows behind it is at most the second long.
_HEAD_BYTES = 1 << 16
_LONGEST_TEXT_BYTES = 1 << 26
_BEFORE_ROWS = re.compile(rb"[ \t\f]*;?[ \t\f]*(?:\r?\n)?")


@dataclass(frozen=True)
class HttpInput:
    """`insert` and `rows` belong together; `sql` then is the statement up to its rows."""

    sql: str
    insert: Insert | None
    rows: Iterator[bytes]
    tables: tuple[ExternalTable, ...] = ()


def read_input(request: HttpRequest, body: Body, engine: Engine) -> HttpInput:
    """Reads the body, all but the rows. The files of the tables are the caller's to close."""
    chunks = decoded(body, request.headers.get("Content-Encoding", ""))
    if boundary := boundary_of(request.headers):
        form = read_form(_all(chunks), boundary)
        request.params.update(form.fields)
        tables = tuple(_table(request, engine, name, rows) for name, rows in form.files.items())
        return HttpInput(request.params.get("query", ""), None, iter(()), tables)
    if request.flag("decompress"):
        chunks = unframed_chunks(chunks)
    query = request.params.get("query", "").encode("utf-8", "surrogateescape")
    return _apart(chain([query + b"\n"] if query else [], chunks))


def _apart(chunks: Iterator[bytes]) -> HttpInput:
    head = bytearray()
    for chunk in chunks:
        head += chunk
        if len(head) >= _HEAD_BYTES:
            break
    text = head.decode("utf-8", "surrogateescape")
    insert = insert_of(text)
    if not insert:
        rest = _all(chunks)
        return HttpInput((bytes(head) + rest).decode("utf-8", "surrogateescape") if rest else text, None, iter(()))
    sql = text[: insert.rows_at]
    rows_at = len(sql.encode("utf-8", "surrogateescape"))
    if insert.format != "Values" and (blank := _BEFORE_ROWS.match(head, rows_at)):
        rows_at = blank.end()
    return HttpInput(sql, insert, chain([bytes(head[rows_at:])], chunks))


def _all(chunks: Iterator[bytes]) -> bytes:
    whole = bytearray()
    for chunk in chunks:
        whole += chunk
        if len(whole) > _LONGEST_TEXT_BYTES:
            raise ServerError.of(
                Code.TOO_LARGE_STRING_SIZE, f"A statement of more than {_LONGEST_TEXT_BYTES} bytes: send rows by INSERT ... FORMAT."
            )
    return bytes(whole)


def _table(request: HttpRequest, engine: Engine, name: str, rows: bytes) -> ExternalTable:
    structure = request.params.get(f"{name}_structure")
    if not structure:
        types = request.params.get(f"{name}_types", "")
        structure = ", ".join(f"_{at} {type_name}" for at, type_name in enumerate(split_arguments(types), 1))
    file = engine.spool()
    file.write(rows)
    return ExternalTable(name, structure, file, request.params.get(f"{name}_format", "TabSeparated"))
