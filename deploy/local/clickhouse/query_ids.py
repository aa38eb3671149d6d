"""Query ids of clients: the engine gives its own, so a client's id travels as a comment in front of the statement.

`system.processes`, `SHOW PROCESSLIST` and `KILL QUERY` are rewritten to show, and to find, the client's id.
"""

from deploy.local.clickhouse.statements import first_word, quoted, replace_run

_PREFIX = "/*query_id:"
_CLIENT_ID = f"if(startsWith(query, '{_PREFIX}'), unhex(extract(query, '^/[*]query_id:(.*?)[*]/')), query_id)"
_PROCESSES = (
    f"(SELECT * REPLACE ({_CLIENT_ID} AS query_id, {_CLIENT_ID} AS initial_query_id,"
    " replaceRegexpOne(query, '^/[*]query_id:.*?[*]/ ', '') AS query) FROM system.processes)"
)


def marker(query_id: str) -> str:
    """What stands in front of a statement with this id, in hexadecimal since a comment cannot hold everything."""
    return f"{_PREFIX}{query_id.encode('utf-8', 'surrogateescape').hex()}*/ "


def kill_statement(query_id: str) -> str:
    """Ends the statement with this id; returns at once."""
    return f"KILL QUERY WHERE startsWith(query, {quoted(marker(query_id))}) ASYNC"


def with_client_ids(sql: str) -> str:
    """`sql` in terms of the ids that clients gave."""
    lowered = sql.lower()
    if "process" not in lowered and "query_id" not in lowered:
        return sql
    match first_word(sql):
        case "SHOW" if "processlist" in lowered:
            return f"SELECT * FROM {_PROCESSES} ORDER BY elapsed DESC"
        case "KILL":
            return replace_run(sql, ("query_id",), f"({_CLIENT_ID})")
    return replace_run(sql, ("system", ".", "processes"), _PROCESSES)
