"""Who asks a consumer's thread while that is stopping."""

import asyncio
from contextlib import suppress
from unittest.mock import Mock

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


def test_a_group_that_moves_on_while_a_worker_stops_closes_no_connections_of_another_thread() -> None:
    """Their thread closes them, behind the word that it leaves: else who awaits an answer waits for good, and is killed."""
    consumer, thread = Mock(_closed=False), BatchThread.__new__(BatchThread)
    thread._consumer, thread.app = consumer, Mock()
    with suppress(TypeError):  # of what would run a mock on another loop
        thread.close()
    assert not consumer.mock_calls
    assert not consumer._closed
