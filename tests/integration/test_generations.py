"""Cells stay over a rebalance only where nobody else can have had their partition."""

import asyncio
from collections.abc import Mapping
from typing import cast

import pytest
from aiokafka.structs import OffsetAndMetadata
from faust.types.tuples import TP

from streams.agents.cell import Cell, Cells

MINE: Mapping[TP, OffsetAndMetadata | None] = {TP("log", 0): None, TP("log", 1): None}


class Remembered:
    """In place of a cell, which would need a broker: only whether it is the same one matters here."""

    def __init__(self, said: list[str], name: str) -> None:
        self._said, self._name, self.next_offset = said, name, 0

    async def restore(self, _life: str) -> None:
        self._said.append(f"restore {self._name}")

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
