"""Which failures mean `try again later`, and which are faults."""

import socket
from collections.abc import Callable

import pytest
from clickhouse_driver import Client, errors
from hypothesis import given
from hypothesis import strategies as st

from sinks.clickhouse.faults import BUSY_CODES, passing
from sinks.clickhouse.sink import LAST_RETRY_S, ClickHouseSink
from sinks.contract import Backpressure
from tests.sinks.databases import Connect, alters
from tests.sinks.samples import batch, journey


@pytest.mark.parametrize("code", [159, 164, 202, 241, 242, 252])
def test_a_server_that_is_overloaded_or_read_only_is_waited_for(code: int) -> None:
    assert passing(errors.ServerException("secret text", code)) == BUSY_CODES[code]


@pytest.mark.parametrize(
    "error",
    [errors.NetworkError(), errors.SocketTimeoutError(), ConnectionResetError(), EOFError(), TimeoutError(), socket.gaierror()],
    ids=lambda error: type(error).__name__,
)
def test_a_server_out_of_reach_is_waited_for(error: Exception) -> None:
    assert passing(error) == type(error).__name__


@pytest.mark.parametrize(
    ("code", "text", "name"),
    [
        (75, "Cannot write to file /x, errno: 28, strerror: No space left on device", "NOT_ENOUGH_SPACE"),
        (1001, "filesystem error: in create_directories: Read-only file system [/x]", "TABLE_IS_READ_ONLY"),
        (1001, "filesystem error: in rename: No such file or directory [/x]", None),
        (53, "Cannot convert string 'No space left on device'", None),
    ],
)
def test_a_disk_that_is_full_or_read_only_is_waited_for(code: int, text: str, name: str | None) -> None:
    assert passing(errors.ServerException(text, code)) == name


@pytest.mark.parametrize(
    ("setting", "name"), [({"max_memory_usage": 1_000}, "MEMORY_LIMIT_EXCEEDED"), ({"readonly": 1}, "READONLY")]
)
def test_a_user_without_memory_or_right_to_write_is_waited_for(
    client: Client, connected: Connect, setting: dict[str, int], name: str
) -> None:
    """By the real engine's own words; once that is over everything lands, once."""
    limited = connected()
    limited.settings.update(setting)
    sink = ClickHouseSink(lambda: limited)
    sink.add(batch("journeys", *(journey(f"o{number}") for number in range(1_000))))
    for _ in range(2):
        with pytest.raises(Backpressure, match=f"journeys at the moment: {name}$"):
            sink.flush()
    limited.settings.clear()
    sink.flush()
    assert client.execute("SELECT count(), uniqExact(instance) FROM journeys") == [(1_000, 1_000)]
    sink.close()


@pytest.mark.parametrize("code", [16, 53, 60, 62, 81, 469, 516])
def test_what_waiting_does_not_cure_is_a_fault(code: int) -> None:
    """No such column, wrong type, no such table, syntax, no such database, a constraint, a wrong password."""
    assert passing(errors.ServerException("", code)) is None


@given(st.sampled_from([ValueError, TypeError, KeyError, UnicodeEncodeError, errors.TypeMismatchError, errors.LogicalError]))
def test_a_mistake_of_ours_is_a_fault(kind: type[Exception]) -> None:
    error = UnicodeEncodeError("utf-8", "", 0, 0, "") if kind is UnicodeEncodeError else kind()
    assert passing(error) is None


class Broken:
    """A client that fails in one way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def execute(self, *_: object, **__: object) -> None:
        raise self.error

    def disconnect(self) -> None:
        pass


def broken(error: Exception) -> Callable[[], Client]:
    return lambda: Broken(error)


def test_the_wait_grows_up_to_a_bound_and_tells_nothing_of_the_data() -> None:
    sink = ClickHouseSink(broken(errors.ServerException("row of Jane Doe", 252)))
    sink.add(batch("journeys", journey()))
    waits = []
    for _ in range(8):
        with pytest.raises(
            Backpressure, match=r"^ClickHouse takes no rows for journeys at the moment: TOO_MANY_PARTS$"
        ) as pressure:
            sink.flush()
        waits.append(pressure.value.retry_after_s)
    assert waits == sorted(waits)
    assert waits[0] < 1
    assert waits[-1] == LAST_RETRY_S


def test_a_fault_is_raised_as_it_is() -> None:
    sink = ClickHouseSink(broken(errors.ServerException("", 16)))
    sink.add(batch("journeys", journey()))
    with pytest.raises(errors.ServerException):
        sink.flush()


@alters
def test_a_real_server_that_refuses_a_row_is_a_fault(client: Client, sink: ClickHouseSink) -> None:
    client.execute("ALTER TABLE journeys ADD CONSTRAINT never CHECK instance != 'o1'")
    sink.add(batch("journeys", journey()))
    with pytest.raises(errors.ServerException) as fault:
        sink.flush()
    assert fault.value.code == 469


def test_a_row_that_does_not_fit_its_column_is_a_fault_and_the_sink_goes_on(client: Client, connected: Connect) -> None:
    sink = ClickHouseSink(connected)
    sink.add(batch("journeys", journey(touchpoints=-1)))
    with pytest.raises(errors.TypeMismatchError):
        sink.flush()
    sink.close()
    sink.add(batch("journeys", journey("o2")))
    sink.flush()
    assert client.execute("SELECT instance FROM journeys") == [("o2",)]
    sink.close()
