"""Batches cut into inserts: nothing lost, nothing twice, never too large."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.clickhouse.inserts import cut
from sinks.contract import TABLES, Batch

BATCHES = st.lists(
    st.builds(
        lambda table, size, first, partition: Batch(
            table, "T1", partition, first, first + max(size, 1) - 1, [f"{table}{partition}/{first + n}" for n in range(size)],
            list(range(first, first + size)) if table == "touchpoints" else [],
        ),
        st.sampled_from(TABLES), st.integers(0, 25), st.integers(0, 1000), st.integers(0, 3),
    ),
    max_size=8,
)  # fmt: skip


@given(BATCHES, st.integers(1, 12))
def test_every_row_is_in_one_insert_with_its_place_and_none_is_too_large(batches: list[Batch], most: int) -> None:
    inserts = list(cut(batches, most))
    assert all(0 < len(insert.rows) <= most for insert in inserts)
    for table in TABLES:
        of_table = [insert for insert in inserts if insert.table == table]
        assert [row for insert in of_table for row in insert.rows] == [row for b in batches if b.table == table for row in b.rows]
    for insert in inserts:
        if insert.table == "touchpoints":
            places = [f"touchpoints{p}/{v}" for p, v in zip(insert.partitions, insert.versions, strict=True)]
            assert places == insert.rows


@given(BATCHES)
def test_clocks_come_last(batches: list[Batch]) -> None:
    tables = [insert.table for insert in cut(batches, 10)]
    assert tables == sorted(tables, key=TABLES.index)
    assert TABLES[-1] == "clocks"
