"""Cells stay over a rebalance only where nobody else can have had their partition."""

import asyncio
from collections.abc import Mapping
from typing import cast

import pytest
from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP

from streams.agents.cell import Cell, Cells
from streams.transport import GaveWay

MINE: Mapping[TP, OffsetAndMetadata | None] = {TP("log", 0): None, TP("log", 1): None}


class Remembered:
    """In place of a cell, which would need a broker: only whether it is the same one matters here."""

    def __init__(self, said: list[str], name: str, *, slow: bool = False) -> None:
        self._said, self._name, self.next_offset, self._slow = said, name, 0, slow

    async def restore(self, _life: str) -> None:
        self._said.append(f"restore {self._name}")
        if self._slow:
            await asyncio.Event().wait()

    async def pause(self) -> None:
        pass

    async def stop(self) -> None:
        self._said.append(f"stop {self._name}")

    def begin(self, _done: object) -> None:
        pass


@pytest.mark.parametrize(
    ("generation", "kept"),
    [(8, True), (9, True), (10, False), (3, False), (-1, False)],
    ids=["the same", "the next", "one was missed", "another group", "expelled"],
)
def test_a_cell_is_kept_into_the_next_generation_alone(generation: int, kept: bool) -> None:
    said: list[str] = []
    generations = iter([8, generation])
    cells = Cells(lambda _: None, "life", lambda tp: cast(Cell, Remembered(said, str(tp.partition))), lambda: next(generations))

    async def rebalance() -> list[str]:
        await cells.assigned(MINE)
        said.clear()
        await cells.assigned(MINE)
        return sorted(said)

    assert asyncio.run(rebalance()) == ([] if kept else ["restore 0", "restore 1", "stop 0", "stop 1"])


@pytest.mark.parametrize("cancelled", [False, True], ids=["the group moves on", "cancelled"])
def test_what_is_broken_off_is_let_go_and_what_was_there_stays(cancelled: bool) -> None:
    said: list[str] = []
    cells = Cells(
        lambda _: None, "life", lambda tp: cast(Cell, Remembered(said, str(tp.partition), slow=tp.partition == 1)), lambda: 1
    )

    async def rebalance() -> None:
        await cells.assigned({TP("log", 0): None})
        taking = asyncio.ensure_future(cells.assigned(MINE))
        for _ in range(9):  # until it has begun
            await asyncio.sleep(0)
        if cancelled:
            taking.cancel()
        else:
            cells.give_way()
        with pytest.raises(asyncio.CancelledError if cancelled else GaveWay):
            await taking

    asyncio.run(rebalance())
    assert said == ["restore 0", "restore 1", "stop 1"]
    assert [*cells.cells] == [TP("log", 0)]
