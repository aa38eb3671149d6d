"""Where texts stand, whatever the table and the column: every column of texts of every table is looked through."""

from collections.abc import Iterator, Sequence

from clickhouse_driver import Client

COLUMNS = """
SELECT table, groupArray(name) FROM system.columns
WHERE database = currentDatabase() AND position(type, 'String') > 0 AND default_kind != 'EPHEMERAL'
    AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')
GROUP BY table ORDER BY table
"""
MENTIONING = """
WITH (SELECT groupArray(needle) FROM needles) AS needles
SELECT count() FROM {table} WHERE arrayExists(needle -> {found}, needles)
"""


def mentions_by_table(client: Client, texts: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Table -> rows in which any of the texts stands as a word or a part of one.  Texts never stand in a statement."""
    external = [{"name": "needles", "structure": [("needle", "String")], "data": [{"needle": text} for text in texts]}]
    for table, columns in client.execute(COLUMNS):
        found = " OR ".join(f"position(toString(`{column}`), needle) > 0" for column in columns)
        ((count,),) = client.execute(MENTIONING.format(table=table, found=found), external_tables=external)
        if count:
            yield table, int(count)
