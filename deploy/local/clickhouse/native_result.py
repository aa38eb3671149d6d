"""The result of a statement, block by block, as fast as a native client takes it."""

from collections.abc import Generator, Sequence
from contextlib import closing

from deploy.local.clickhouse.blocks import Header, empty_block, read_block, split_blocks, window_over
from deploy.local.clickhouse.errors import ProtocolError, ServerError
from deploy.local.clickhouse.native_client import NativeClient
from deploy.local.clickhouse.native_request import Request
from deploy.local.clickhouse.prepared import prepare
from deploy.local.clickhouse.session import NotStreamed, Session

_Blocks = Generator[tuple[int, bytes], None, None]


def send_result(client: NativeClient, request: Request, *, read_only: bool) -> None:
    """Run the statement and send its blocks, the first of them without rows; nothing for one without a result.

    A statement that its client cancels ends early, without an error.
    """
    statement = prepare(client.session, request.sql, read_only=read_only)
    with client.at_work(request.query_id) as guard:
        try:
            _send(client, statement.sql, request.query_id, with_header=statement.reads)
        except ServerError:
            if not guard.cancelled:
                raise


def _blocks(session: Session, sql: str, query_id: str) -> _Blocks:
    """Rows and bytes of each block of the result."""
    try:
        with closing(session.stream(sql, query_id)) as chunks:
            for chunk in chunks:
                yield chunk.rows_read(), chunk.bytes()
    except NotStreamed:
        result = session.query(sql, "Native", query_id).bytes()
        yield from ((block.rows, native) for block, native in split_blocks(result))


def _send(client: NativeClient, sql: str, query_id: str, *, with_header: bool) -> None:
    packets, sent, rows, size_bytes = client.packets, 0, 0, 0
    header, blocks = _begin(client.session, sql, query_id)
    with closing(blocks):
        if header:
            packets.block(empty_block(header))
        for block_rows, native in blocks:
            packets.block(native)
            sent, rows, size_bytes = sent + 1, rows + block_rows, size_bytes + len(native)
    if with_header and not header and (header := client.session.header(sql)):
        packets.block(empty_block(header))
    packets.profile(rows, sent, size_bytes)


def _begin(session: Session, sql: str, query_id: str) -> tuple[Sequence[Header], _Blocks]:
    """The columns of the result, none if it has no blocks, and all its blocks."""
    blocks = _blocks(session, sql, query_id)
    first = next(blocks, None)
    if first is None:
        return [], blocks
    try:
        return read_block(window_over(first[1])).header, _behind(first, blocks)
    except ProtocolError:  # a type whose layout only the engine knows: asking for it ends the stream
        blocks.close()
        return session.header(sql), _blocks(session, sql, query_id)


def _behind(first: tuple[int, bytes], blocks: _Blocks) -> _Blocks:
    yield first
    with closing(blocks):
        yield from blocks
