"""Who asks a consumer's thread while that is stopping."""

import asyncio

import pytest
from aiokafka.errors import ConsumerStoppedError
from mode.threads import MethodQueue

from streams.transport import BatchThread


def _thread(queue: MethodQueue) -> BatchThread:
    """As the consumer has it, without a connection."""
    thread = BatchThread.__new__(BatchThread)
    thread.parent_loop, thread._method_queue = asyncio.get_running_loop(), queue
    return thread


def test_whoever_asks_a_thread_that_is_over_hears_that_it_has_stopped() -> None:
    """Its loop is closed: that is the end of a worker in good order, and no fault of the clock that happened to be due."""
    over = asyncio.new_event_loop()
    over.close()

    async def ask() -> None:
        with pytest.raises(ConsumerStoppedError):
            await _thread(MethodQueue(loop=over)).call_thread(asyncio.sleep, 0)

    asyncio.run(ask())
